"""Commands that serve a workspace: serve and demo."""

from typing import TYPE_CHECKING

import typer

from web.cli.options import Host, Port, app
from web.cli.workspace import open_workspace
from workspace.errors import Conflict, DealkinError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlmodel import Session

    from web.workspace import Workspace
    from workspace.people.tables import Person

# How long a stop waits for the parts of jobs that are being done; others take them over later.
JOB_SECONDS = 1.0


@app.command()
def serve(host: Host = "127.0.0.1", port: Port = 8000) -> None:
    """Serve the workspace to browsers."""
    with open_workspace(_address(host, port)) as workspace:
        _serve(workspace, host, port)


@app.command()
def demo(host: Host = "127.0.0.1", port: Port = 8000) -> None:
    """Serve the demo workspace; into an empty database it is put first."""
    from references.imports import DEMO, EXTENSION
    from workspace import demo as content

    with open_workspace(_address(host, port)) as workspace:
        with workspace.database.read() as session:
            is_loaded = content.is_demo(session)
        if is_loaded:
            typer.echo("The demo workspace is there already. Its passwords were printed when it")
            typer.echo("was made; `dealkin members password EMAIL` gives a member a new one.")
        else:
            typer.echo("Making the demo workspace; this takes about a minute …")
            with workspace.database.write() as session:
                try:
                    made = content.load(session, (content.FOLDER, DEMO), EXTENSION)
                except Conflict as error:
                    raise DealkinError(f"{error} DEALKIN_HOME names another's folder.") from None
                roles = _roles(session, [person for person, _ in made])
            print_passwords(made, roles)
        _serve(workspace, host, port)


def _serve(workspace: "Workspace", host: str, port: int) -> None:
    import socket
    import threading
    import time

    from web.app import create_app
    from web.jobs import kinds_of
    from web.server import Server, settle
    from workspace.collaboration import digests
    from workspace.delivery import outbox
    from workspace.jobs.running import Runner

    settings = workspace.settings
    mail_server = outbox.mail_server(settings.smtp_url, settings.mail_from)
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise DealkinError(
            f"{host}:{port} cannot be listened on ({error.strerror}): --port takes another port."
        ) from None

    server = Server(
        create_app(workspace),
        # Forwarding headers are trusted only if the settings tell of a proxy.
        proxy_headers=settings.origin is not None,
    )

    def get_ready() -> None:
        # The model loads in the background: neither the start nor the first page waits for it.
        while not server.started:
            time.sleep(0.1)
        # Answers need the caches and the model first; to look through a large record takes longer.
        workspace.catalog.warm()
        settle()
        workspace.catalog.catch_up()

    threading.Thread(target=get_ready, name="warm-up", daemon=True).start()
    stops = []
    if mail_server:
        stops.append(outbox.start_sending(workspace.database, mail_server))
        stops.append(digests.start_digests(workspace.database, workspace.origin))
    runner = Runner(workspace.database, kinds_of(workspace))
    runner.start()
    typer.echo(f"Dealkin is at {workspace.origin} (Ctrl+C stops it)")
    if warning := network_warning(host, workspace):
        typer.echo(warning, err=True)
    server.run(sockets=[listener])
    for stop in stops:
        stop.set()
    runner.stop(JOB_SECONDS)


def _address(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def network_warning(host: str, workspace: "Workspace") -> str:
    """What follows from an address that other machines reach, where the settings name no origin."""
    if workspace.settings.origin or is_local(host):
        return ""
    return (
        "Other machines can connect, but DEALKIN_ORIGIN is not set. So passwords and pages travel"
        f" unencrypted, and links in mails begin with {workspace.address}. Put a proxy with TLS in"
        " front, and set DEALKIN_ORIGIN to the address that people use, such as"
        " https://deals.example.com."
    )


def is_local(host: str) -> bool:
    """Whether only this machine can connect to an address that is listened on."""
    import ipaddress

    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _roles(session: "Session", people: "Sequence[Person]") -> dict[int, str]:
    from workspace.people import members

    return {
        person.id: ", ".join(sorted(members.viewer(session, person.id, person.name).roles))
        for person in people
    }


def print_passwords(made: "Sequence[tuple[Person, str]]", roles: dict[int, str]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table("Name", "E-mail", "Password", "Roles", box=box.SIMPLE_HEAD)
    for person, password in made:
        table.add_row(person.name, person.email, password, roles[person.id])
    typer.echo("Sign in as any of these members. Their passwords are shown this once:")
    # In a narrow terminal a password would be cut.
    Console(width=120).print(table)
