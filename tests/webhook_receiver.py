"""A receiver of webhooks on this machine, which accepts, refuses, or behaves badly."""

import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Receiver:
    """What came, and how the next message is answered."""

    def __init__(self) -> None:
        self.port = 0
        # The headers, in small letters, and the body of each message that was accepted.
        self.accepted: list[tuple[dict[str, str], bytes]] = []
        self.attempts: list[str] = []
        # A status, or "reset", "slow" or "drip".
        self.answer: int | str = 204

    @property
    def url(self) -> str:
        """The address of the receiver."""
        return f"http://127.0.0.1:{self.port}/events"

    @property
    def ids(self) -> list[str]:
        """The ids of the accepted messages."""
        return [headers["webhook-id"] for headers, _ in self.accepted]


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver that listens."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            receiver.attempts.append(headers["webhook-id"])
            match receiver.answer:
                case "reset":
                    linger = struct.pack("ii", 1, 0)
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                    self.connection.close()
                case "slow":
                    time.sleep(0.2)
                case "drip":
                    with suppress(OSError):
                        for letter in b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 60:
                            self.connection.sendall(bytes([letter]))
                            time.sleep(0.02)
                case int(status):
                    if status < 300:
                        receiver.accepted.append((headers, body))
                    self.send_response(status)
                    if 300 <= status < 400:
                        self.send_header("Location", "http://192.0.2.1/")
                    self.send_header("Content-Length", "0")
                    self.end_headers()

        def finish(self) -> None:
            with suppress(OSError):
                super().finish()

        def log_message(self, *_: Any) -> None:
            """Nothing is printed."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            """A sender that hung up is no error."""

    with Server(("127.0.0.1", 0), Handler) as server:
        receiver.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield receiver
        finally:
            server.shutdown()
            thread.join()
