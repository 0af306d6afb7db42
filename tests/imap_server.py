"""A mailbox on this machine, for what is read over IMAP with TLS."""

import datetime
import re
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


class FakeMailbox:
    """Mails by their ids, which a server gives out to who knows the password."""

    def __init__(self) -> None:
        self.validity = 7
        self.mails: dict[int, bytes] = {}
        self.commands: list[str] = []

    def add(self, raw: bytes) -> None:
        """Have a mail come in."""
        self.mails[max(self.mails, default=0) + 1] = raw

    def serve(self, connection: socket.socket) -> None:
        """Answer the commands of one client."""
        lines = connection.makefile("rb")

        def say(text: str | bytes) -> None:
            connection.sendall((text.encode() if isinstance(text, str) else text) + b"\r\n")

        say("* OK IMAP4rev1 ready")
        while line := lines.readline():
            tag, _, command = line.decode().strip().partition(" ")
            self.commands.append(re.sub(r"^(LOGIN \S+).*", r"\1", command))
            name = command.split()[0].upper()
            if name == "CAPABILITY":
                say("* CAPABILITY IMAP4rev1")
            elif name == "LOGIN" and "secret" not in command:
                say(f"{tag} NO wrong password")
                continue
            elif name == "EXAMINE" and "INBOX" not in command:
                say(f"{tag} NO there is no such folder")
                continue
            elif name == "EXAMINE":
                say(f"* OK [UIDVALIDITY {self.validity}] valid")
                say(f"* {len(self.mails)} EXISTS")
            elif command.upper().startswith("UID SEARCH"):
                first = int(re.findall(r"UID (\d+):", command)[0])
                last = max(self.mails, default=0)
                found = [uid for uid in self.mails if uid >= first or uid == last]
                say(f"* SEARCH {' '.join(map(str, found))}".strip())
            elif command.upper().startswith("UID FETCH"):
                uid = int(command.split()[2])
                raw = self.mails[uid]
                say(f"* {uid} FETCH (UID {uid} BODY[]<0> {{{len(raw)}}}".encode())
                connection.sendall(raw)
                say(")")
            elif name == "LOGOUT":
                say("* BYE")
                say(f"{tag} OK done")
                return
            say(f"{tag} OK done")


@contextmanager
def imap_server(mailbox: FakeMailbox, folder: Path) -> Iterator[tuple[int, ssl.SSLContext]]:
    """A server of this mailbox: its port, and a context that trusts its certificate."""
    certificate, key = _certificate(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    listener = socket.create_server(("127.0.0.1", 0))

    def answer() -> None:
        while True:
            try:
                raw, _ = listener.accept()
            except OSError:
                return
            with suppress(OSError), context.wrap_socket(raw, server_side=True) as connection:
                mailbox.serve(connection)

    threading.Thread(target=answer, daemon=True).start()
    yield listener.getsockname()[1], ssl.create_default_context(cafile=str(certificate))
    listener.close()


def _certificate(folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    day = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(day - datetime.timedelta(days=1))
        .not_valid_after(day + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    certificate, secret = folder / "certificate.pem", folder / "key.pem"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return certificate, secret
