"""A mail server on this machine."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

from aiosmtpd.controller import Controller

from workspace.delivery import outbox
from workspace.delivery.outbox import MailServer


@contextmanager
def mail_server(handler: object, sender: str) -> Iterator[MailServer]:
    """A server whose mail this handler takes, until the block ends; mail is sent from `sender`."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    server = outbox.mail_server(f"smtp://127.0.0.1:{port}", sender)
    assert server
    yield server
    controller.stop()
