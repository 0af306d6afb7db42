"""Commands that serve a workspace: serve and demo."""

import logging
import os
import socket
import sys
import tempfile
from collections.abc import Callable
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Annotated

import typer

from web.cli.options import Host, Port, app
from web.cli.workspace import load_settings, open_workspace
from workspace.errors import Conflict, DealkinError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlmodel import Session

    from web.workspace import Workspace
    from workspace.database import Database
    from workspace.leading import Leader
    from workspace.people.tables import Person

logger = logging.getLogger("dealkin.serve")

# How often the leader looks for documents that no write has prepared.
CATCH_UP_SECONDS = 300.0
STATISTICS_SECONDS = 3600.0
# How long a stop waits for the parts of jobs that are being done; others take them over later.
JOB_SECONDS = 0.5


Workers = Annotated[
    int,
    typer.Option("--workers", min=1, max=64, help="Server processes; above 1 needs PostgreSQL."),
]


Logs = Annotated[
    str, typer.Option("--log-format", metavar="FORMAT", help="Lines for people, console, or json.")
]


@app.command()
def serve(
    host: Host = "127.0.0.1", port: Port = 8000, workers: Workers = 1, log_format: Logs = "console"
) -> None:
    """Serve the workspace to browsers."""
    if workers > 1:
        # Read when the metrics are imported, so that all processes count together.
        os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", tempfile.mkdtemp(prefix="dealkin-"))
    from web.processes import run_processes
    from workspace.database import Database
    from workspace.locks import serving

    _configure_logs(log_format)
    settings, address = load_settings(), _address(host, port)
    with closing(Database(settings.database, pooled=settings.is_pooled)) as database:
        if workers > 1 and database.is_sqlite:
            raise DealkinError(
                "Several processes need PostgreSQL: set DATABASE_URL, or leave out --workers."
            )
        with serving(database), closing(_listen(host, port)) as listener:
            if workers == 1:
                with open_workspace(address, serves=True) as workspace:
                    _greet(workspace, host)
                    _serve(workspace, listener)
                _end()
                return
            with open_workspace(address, serves=True) as workspace:
                _greet(workspace, host)
                encoder = workspace.catalog.encoder
            encoder.load()

            def serve_here() -> None:
                with open_workspace(address, encoder, serves=True) as workspace:
                    _serve(workspace, listener)

            run_processes(workers, serve_here)


@app.command()
def demo(host: Host = "127.0.0.1", port: Port = 8000, log_format: Logs = "console") -> None:
    """Serve the demo workspace; into an empty database it is put first."""
    from references.demo_connections import add_connections, add_searches
    from references.demo_counts import add_demo_counts
    from references.demo_reminders import add_company_news, add_reminders
    from references.demo_requests import add_requests
    from references.imports import DEMO, EXTENSION
    from workspace import demo as content
    from workspace.database import Database
    from workspace.locks import serving

    with (
        closing(Database(load_settings().database)) as database,
        serving(database),
        open_workspace(_address(host, port), serves=True) as workspace,
    ):
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
                add_requests(session, workspace.origin)
                add_connections(session)
                add_demo_counts(session)
                add_reminders(session)
                roles = _roles(session, [person for person, _ in made])
            with workspace.database.write() as session:
                add_company_news(session)
            workspace.titles.prepare()
            with workspace.database.write() as session:
                add_searches(session, workspace.titles)
            print_passwords(made, roles)
        # Not before: each member that is loaded is an event of security.
        _configure_logs(log_format)
        with closing(_listen(host, port)) as listener:
            _greet(workspace, host)
            _serve(workspace, listener)
    _end()


def _configure_logs(log_format: str) -> None:
    from web.logs import LogFormat, configure_logs

    if log_format not in tuple(LogFormat):
        raise typer.BadParameter("console or json.", param_hint="--log-format")
    configure_logs(LogFormat(log_format))


def _end() -> None:
    """End the process at once: threads that still wait for a lock have promised nothing."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _listen(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise DealkinError(
            f"{host}:{port} cannot be listened on ({error.strerror}): --port takes another port."
        ) from None
    return listener


def _greet(workspace: "Workspace", host: str) -> None:
    from workspace.delivery.egress import internal_networks
    from workspace.delivery.mailbox import mailbox_of
    from workspace.delivery.outbox import mail_server

    # Settings that cannot be used are refused before anything is served.
    mail_server(workspace.settings.smtp_url, workspace.settings.mail_from)
    mailbox_of(workspace.settings.mailbox_url, internal_networks(workspace.settings))
    typer.echo(f"Dealkin is at {workspace.origin} (Ctrl+C stops it)")
    if warning := network_warning(host, workspace):
        typer.echo(warning, err=True)


def _serve(workspace: "Workspace", listener: socket.socket) -> None:
    import threading
    import time

    from sqlalchemy.exc import SQLAlchemyError

    from web.app import create_app
    from web.jobs import kinds_of
    from web.server import Server, settle
    from web.suggestion_tally import STORE_SECONDS
    from workspace.commits import listen
    from workspace.database import writing_until
    from workspace.jobs.running import Runner
    from workspace.leading import Leader
    from workspace.workers import start_worker

    settings, database = workspace.settings, workspace.database
    app = create_app(workspace)
    server = Server(app, proxies=settings.trusted_proxies)
    leader = Leader(database)

    def get_ready() -> None:
        # The model loads in the background: neither the start nor the first page waits for it.
        while not server.started:
            time.sleep(0.1)
        # Answers need the caches and the model first; to look through a large record takes longer.
        workspace.warm()
        settle()
        leader.start_worker("catch-up", _or_later(lambda: _catch_up(workspace)))
        workspace.weigh()
        settle()

    def store_counts() -> float:
        app.state.tally.store(database)
        return STORE_SECONDS

    _start_leading(leader, workspace)
    # Each process has counts of its own.
    stops = [start_worker("counts", store_counts)]
    if not database.is_sqlite:
        stops.append(listen(settings.direct_database, app.state.pulse.wake))
    if workspace.replica:
        stops.append(start_worker("replica", workspace.replica.check))
    threading.Thread(target=get_ready, name="warm-up", daemon=True).start()
    runner = Runner(database, kinds_of(workspace))
    runner.start()
    workspace.catalog.encoder.load_in_background()
    server.run(sockets=[listener])
    for stop in stops:
        stop.set()
    app.state.tally.store(database)
    with suppress(DealkinError, SQLAlchemyError), writing_until(time.monotonic() + JOB_SECONDS):
        leader.stop()
    runner.stop(JOB_SECONDS)


def _start_leading(leader: "Leader", workspace: "Workspace") -> None:
    """Start what one process does for all of them."""
    from references.desk.returned import take_returned
    from references.prospecting import blind
    from web.backups import apply_retention_when_due, back_up_when_due
    from workspace.assets import files
    from workspace.collaboration import digests, drafts
    from workspace.deals import parking
    from workspace.delivery import mailbox, outbox
    from workspace.delivery.egress import internal_networks
    from workspace.revisions import history
    from workspace.webhooks import sending

    settings, database = workspace.settings, workspace.database
    leader.start()
    leader.start_worker("statistics", _or_later(lambda: _gather_statistics(database)))
    leader.start_worker("backups", _or_later(lambda: back_up_when_due(workspace)))
    leader.start_worker("files", _or_later(lambda: files.sweep_when_due(database, settings.files)))
    leader.start_worker("retention", lambda: apply_retention_when_due(workspace))
    leader.start_worker("revisions", lambda: history.forget_when_due(database))
    leader.start_worker("drafts", lambda: drafts.forget_old(database))
    leader.start_worker("parked deals", lambda: parking.wake_now(database))
    leader.start_worker("webhooks", lambda: sending.send_due(database, settings))
    leader.start_worker("webhook messages", lambda: sending.forget_when_due(database))
    if server := outbox.mail_server(settings.smtp_url, settings.mail_from):
        leader.start_worker("outbox", lambda: outbox.send_due(database, server))
        leader.start_worker(
            "digests",
            lambda: digests.queue_now(database, workspace.origin, [blind.digest_lines]),
        )
    if returned_to := mailbox.mailbox_of(settings.mailbox_url, internal_networks(settings)):
        leader.start_worker(
            "mailbox", lambda: mailbox.read_due(database, returned_to, take_returned)
        )


def _gather_statistics(database: "Database") -> float:
    database.gather_statistics()
    return STATISTICS_SECONDS


def _catch_up(workspace: "Workspace") -> float:
    workspace.catalog.catch_up()
    workspace.titles.prepare()
    return CATCH_UP_SECONDS


def _or_later(work: Callable[[], float]) -> Callable[[], float]:
    """The work, tried again later where it fails; a worker lets no exception out."""

    def tried() -> float:
        try:
            return work()
        except Exception:
            logger.exception("Background work failed and is tried again")
            return CATCH_UP_SECONDS

    return tried


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
