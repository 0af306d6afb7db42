"""The command line. Whatever is slow to import is imported by the commands that need it."""

import itertools
import json
import sys
from contextlib import closing, contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

import typer

from workspace.errors import Conflict, DealkinError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import date

    from sqlmodel import Session

    from references.advocates import Activity
    from references.network import KnownPath, Network, Reach
    from references.offers import Offers
    from similarity.catalog import Catalog
    from similarity.embeddings import Reranker
    from similarity.experts import Expert
    from similarity.kin import Kin
    from similarity.outlook import Outlook, Typical
    from similarity.playbook import Play, Playbook
    from similarity.ranking import Term
    from workspace.access import Viewer
    from workspace.database import Database
    from workspace.imports import Report
    from workspace.people import Person
    from workspace.pipeline import DealFilter
    from workspace.settings import Settings

app = typer.Typer(
    help="Log a deal and see what the company already knows that can win it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
member_app = typer.Typer(help="Members: who may sign in.", no_args_is_help=True)
app.add_typer(member_app, name="member")

Host = Annotated[str, typer.Option(help="The address to listen on.")]
Port = Annotated[int, typer.Option(help="The port to listen on.", min=1, max=65535)]
DealKey = Annotated[str | None, typer.Option("--deal", help="The key of a deal.", metavar="KEY")]
Words = Annotated[str | None, typer.Argument(help="Or what you look for, in your own words.")]
Limit = Annotated[int, typer.Option(help="At most so many results.", min=1, max=1000)]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
As = Annotated[
    str | None,
    typer.Option(
        "--as", metavar="EMAIL", help="See what this member sees; else what every member sees."
    ),
]


def main() -> None:
    """The console script: what the caller can mend is one line on stderr, and exit code 1."""
    try:
        app()
    except DealkinError as error:
        fields = getattr(error, "fields", {})
        print(f"dealkin: {error}", file=sys.stderr)  # noqa: T201
        for name, problem in fields.items():
            print(f"  {name}: {problem}", file=sys.stderr)  # noqa: T201
        sys.exit(1)


@app.callback(invoke_without_command=True)
def _options(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        from importlib.metadata import version as version_of

        typer.echo(f"dealkin {version_of('dealkin')}")
        raise typer.Exit


# Serving


@app.command()
def serve(host: Host = "127.0.0.1", port: Port = 8000) -> None:
    """Serve the workspace to browsers."""
    with _workspace() as (settings, database, catalog, network):
        _serve(settings, database, catalog, network, host, port)


@app.command()
def demo(host: Host = "127.0.0.1", port: Port = 8000) -> None:
    """Serve the demo workspace; into an empty database it is put first."""
    from references.imports import DEMO, MORE
    from workspace import demo as content

    with _workspace() as (settings, database, catalog, network):
        with database.read() as session:
            is_there = content.is_demo(session)
        if is_there:
            typer.echo("The demo workspace is there already. Its passwords were printed when it")
            typer.echo("was made; `dealkin member password EMAIL` gives a member a new one.")
        else:
            typer.echo("Making the demo workspace; this takes about a minute …")
            with database.write() as session:
                try:
                    made = content.load(session, (content.FOLDER, DEMO), MORE)
                except Conflict as error:
                    raise DealkinError(f"{error} DEALKIN_HOME names another's folder.") from None
                roles = _roles(session, [person for person, _ in made])
            _print_passwords(made, roles)
        _serve(settings, database, catalog, network, host, port)


def _serve(
    settings: "Settings",
    database: "Database",
    catalog: "Catalog",
    network: "Network",
    host: str,
    port: int,
) -> None:
    import socket
    import threading
    import time

    from web.app import create_app
    from web.server import Server, settle
    from workspace import digests, outbox

    mail_server = outbox.mail_server(settings.smtp_url, settings.mail_from)
    address = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
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
        create_app(settings, database, catalog, network, address),
        # What a proxy says of its clients is believed only where there is a proxy.
        proxy_headers=settings.origin is not None,
    )

    def get_ready() -> None:
        # The first page does not wait for the model, nor does loading it slow the start down.
        while not server.started:
            time.sleep(0.1)
        # First what answers wait for: looking through a large record takes longer.
        catalog.warm()
        settle()
        catalog.catch_up()

    threading.Thread(target=get_ready, name="warm-up", daemon=True).start()
    workers = []
    if mail_server:
        workers.append(outbox.start_worker(database, mail_server))
        workers.append(digests.start_digests(database, settings.origin or address))
    typer.echo(f"Dealkin is at {settings.origin or address} (Ctrl+C stops it)")
    server.run(sockets=[listener])
    for stopped in workers:
        stopped.set()


# The record


@app.command("import")
def import_(
    files: Annotated[list[Path], typer.Argument(help="CSV files and vCards.", metavar="FILE…")],
    as_: Annotated[
        str | None,
        typer.Option("--as", metavar="EMAIL", help="The member in whose name they are imported."),
    ] = None,
) -> None:
    """Import files; the same file twice changes nothing."""
    from references.imports import MORE
    from workspace import imports

    with _workspace() as (settings, database, catalog, _network):
        with database.write() as session:
            catalog.postpone(session)
            by = _viewer(session, as_).person_id
            reports = imports.run(session, files, by, settings.home / "import-errors", MORE)
        for report in reports:
            _print_report(report)
        with _progress("documents") as show:
            catalog.catch_up(show)
    if any(report.refused for report in reports):
        raise typer.Exit(1)


@member_app.command("add")
def add_member(
    name: Annotated[str, typer.Argument(help="The full name.")],
    email: Annotated[str, typer.Argument(help="The e-mail address to sign in with.")],
    role: Annotated[
        list[str] | None,
        typer.Option(
            help="rep, manager, expert, marketer or admin; may be given several times."
            " Without a role a member may only read.",
        ),
    ] = None,
    password_prompt: Annotated[
        bool, typer.Option("--password-prompt", help="Ask for the password; else a random one.")
    ] = False,
) -> None:
    """Add a member, the first administrator too, and print the password once."""
    from workspace import members
    from workspace.people import Role

    try:
        roles = [Role(each) for each in role or ()]
    except ValueError as error:
        raise typer.BadParameter(f"{error}.") from None
    with _workspace() as (_, database, _catalog, _network):
        password = _new_password(password_prompt)
        with database.write() as session:
            person = members.add_member(session, name, email, roles)
            members.set_password(session, person.id, password)
        typer.echo(f"{person.name} can sign in with {person.email}.")
        if not password_prompt:
            typer.echo(f"Password, shown this once: {password}")


@member_app.command("password")
def set_password(
    email: Annotated[str, typer.Argument(help="The e-mail address of a member.")],
    password_prompt: Annotated[
        bool, typer.Option("--password-prompt", help="Ask for the password; else a random one.")
    ] = False,
) -> None:
    """Give a member a new password and sign them out everywhere."""
    from workspace import members

    with _workspace() as (_, database, _catalog, _network):
        password = _new_password(password_prompt)
        with database.write() as session:
            person_id = members.viewer_by_email(session, email).person_id
            members.set_password(session, cast("int", person_id), password)
        if not password_prompt:
            typer.echo(f"Password, shown this once: {password}")


# Looking things up


@app.command()
def similar(
    words: Words = None,
    deal: DealKey = None,
    limit: Limit = 10,
    outcome: Annotated[
        Literal["open", "won", "lost"] | None, typer.Option(help="How the deals stand.")
    ] = None,
    industry: Annotated[
        str | None, typer.Option(help="A section or division: its name or ISIC code.")
    ] = None,
    size: Annotated[str | None, typer.Option(help="A band of headcounts: '201–1,000'.")] = None,
    product: Annotated[str | None, typer.Option(help="A product's name or key.")] = None,
    competitor: Annotated[str | None, typer.Option(help="A competitor's name or key.")] = None,
    region: Annotated[str | None, typer.Option(help="A sales region.")] = None,
    since: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"])] = None,
    until: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"])] = None,
    owner: Annotated[str | None, typer.Option(help="The owner's name or key.")] = None,
    as_: As = None,
    as_json: Json = False,
) -> None:
    """Show the past deals most like a deal, or like a sentence, and why."""
    from similarity import kin

    query = _query(words, deal)
    with _looking(as_) as (session, viewer, catalog, _):
        chosen = _filter(
            session,
            viewer,
            outcome=outcome,
            industry=industry,
            size=size,
            product=product,
            competitor=competitor,
            region=region,
            owner=owner,
            since=since.date() if since else None,
            until=until.date() if until else None,
        )
        if deal:
            row = _deal(session, viewer, deal)
            found = kin.kin_of_deal(session, viewer, catalog, row, filter=chosen, limit=limit)
        else:
            found = kin.kin_of_text(session, viewer, catalog, query, filter=chosen, limit=limit)
    if as_json:
        _print_json({"query": query, "results": [_kin_json(each) for each in found]})
    else:
        _print_kin(found)


@app.command()
def experts(
    words: Words = None,
    deal: DealKey = None,
    limit: Limit = 10,
    as_: As = None,
    as_json: Json = False,
) -> None:
    """Show the colleagues to bring in on a deal or a topic, by evidence."""
    from similarity import experts as ranking

    query = _query(words, deal)
    with _looking(as_) as (session, viewer, catalog, _):
        if deal:
            row = _deal(session, viewer, deal)
            found = ranking.experts_of_deal(session, viewer, catalog, row, limit=limit)
        else:
            found = ranking.experts_of_text(session, viewer, catalog, query, limit=limit)
    if as_json:
        _print_json({"query": query, "results": [_expert_json(each) for each in found]})
    else:
        _print_experts(found)


@app.command()
def playbook(
    words: Words = None,
    deal: DealKey = None,
    limit: Limit = 10,
    as_: As = None,
    as_json: Json = False,
) -> None:
    """Show the demos and collateral that won the deals most like this one."""
    from similarity import playbook as ranking

    query = _query(words, deal)
    with _looking(as_) as (session, viewer, catalog, _):
        if deal:
            row = _deal(session, viewer, deal)
            found = ranking.playbook_of_deal(session, viewer, catalog, row, limit=limit)
        else:
            found = ranking.playbook_of_text(session, viewer, catalog, query, limit=limit)
    if as_json:
        _print_json({"query": query, **_playbook_json(found)})
    else:
        _print_playbook(found)


@app.command()
def outlook(
    deal: Annotated[str, typer.Option("--deal", help="The key of a deal.", metavar="KEY")],
    as_: As = None,
    as_json: Json = False,
) -> None:
    """Show how a deal's kin went: how many were won, how long they took, for how much."""
    from similarity import outlook as ranking

    with _looking(as_) as (session, viewer, catalog, _):
        found = ranking.outlook_of_deal(session, viewer, catalog, _deal(session, viewer, deal))
    if as_json:
        _print_json({"deal": deal, "outlook": _outlook_json(found) if found else None})
    else:
        _print_outlook(found, ranking.MINIMUM)


@app.command()
def paths(
    to: Annotated[
        str | None,
        typer.Option(
            metavar="WHO", help="A person or an account: its name, e-mail address or key."
        ),
    ] = None,
    deal: DealKey = None,
    limit: Limit = 5,
    as_: As = None,
    as_json: Json = False,
) -> None:
    """Show who of us, and of our customers' people, knows somebody, and over whom."""
    if bool(to and to.strip()) == bool(deal):
        raise typer.BadParameter("Give either --to WHO or --deal KEY.")
    with _looking(as_) as (session, viewer, _, network):
        people = _people_meant(session, viewer, (to or "").strip(), deal)
        found = network.reach(session, viewer, people, limit=limit)
    if as_json:
        _print_json(
            {
                "to": deal or to,
                "from_us": [_path_json(each) for each in found.from_us],
                "from_customers": [_path_json(each) for each in found.from_customers],
                "may_be_asked": found.may_be_asked,
            }
        )
    else:
        _print_reach(found)


@app.command()
def references(
    deal: Annotated[str, typer.Option("--deal", help="The key of a deal.", metavar="KEY")],
    activity: Annotated[
        str, typer.Option(help="What they are asked for: call, visit, case study, quote, …")
    ] = "call",
    limit: Limit = 10,
    as_: As = None,
    as_json: Json = False,
) -> None:
    """Show the advocates to ask on a deal and why, and who cannot be asked now."""
    from references import offers as ranking

    with _looking(as_) as (session, viewer, catalog, network):
        row = _deal(session, viewer, deal)
        wanted = _activity(activity)
        found = ranking.offers(session, viewer, catalog, network, row, wanted, limit=limit)
    if as_json:
        _print_json({"deal": deal, "activity": wanted, **_offers_json(found)})
    else:
        _print_offers(found)


# Looking after the installation


@app.command()
def reindex() -> None:
    """Prepare every document whose text or vector is not current, and make the index anew."""
    with _workspace() as (_, _database, catalog, _network):
        catalog.reset()
        with _progress("documents") as show:
            done = catalog.catch_up(show, thorough=True)
        catalog.warm()
        typer.echo(f"{done:,} documents were prepared; the index is made anew.")


@app.command()
def fit(
    undo: Annotated[
        bool, typer.Option("--undo", help="Forget what was learned last; what held before holds.")
    ] = False,
    as_: Annotated[
        str | None,
        typer.Option("--as", metavar="EMAIL", help="The administrator in whose name it is done."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Learn from what readers said of kin, and from how deals went, where that is surely better."""
    from similarity import fitting, learned
    from workspace.access import require_role
    from workspace.people import Role

    with _workspace() as (_, database, catalog, _network):
        with database.read() as session, _progress("deals") as show:
            viewer = _viewer(session, as_)
            if as_:
                require_role(viewer, Role.ADMIN)
            lessons = [] if undo else fitting.lessons(session, catalog, show)
        with database.write() as session:
            forgotten = learned.undo(session, viewer.person_id) if undo else None
            for lesson in lessons:
                if not lesson.refused:
                    learned.keep(
                        session, lesson.subject, lesson.held, lesson.figures, viewer.person_id
                    )
    if as_json:
        _print_json({"learned": [asdict(each) for each in lessons], "undone": forgotten})
    elif undo:
        typer.echo(f"Undone: the {forgotten}." if forgotten else "Nothing that was learned holds.")
    for lesson in () if as_json else lessons:
        holds = ", ".join(f"{name} {_held(value)}" for name, value in lesson.held.items())
        typer.echo(f"{lesson.subject}: {lesson.refused or 'from now on ' + holds}")
        for name, value in lesson.figures.items():
            typer.echo(f"  {name.replace('_', ' ')}: {_figure(value)}")


@app.command()
def doctor(as_json: Json = False) -> None:
    """Check the installation; exit code 1 where something is wrong."""
    from similarity import health
    from similarity.embeddings import Embedder
    from workspace.database import Database

    settings = _settings()
    with closing(Database(settings.database)) as database:
        found = health.check(
            database,
            Embedder(settings.model, settings.model_languages),
            settings.indexes,
            _reranker(settings),
        )
    if as_json:
        _print_json(found)
    else:
        _print_health(found)
    if found["problems"]:
        raise typer.Exit(1)


@app.command()
def evaluate(
    folder: Annotated[
        Path,
        typer.Argument(
            help="corpus.jsonl, queries.jsonl and qrels/test.tsv; or as an option says.",
            exists=True,
            file_okay=False,
        ),
    ],
    experts: Annotated[
        bool,
        typer.Option(
            "--experts",
            help="The folder has documents.jsonl, doc_author.tsv, candidate_pool.tsv and"
            " expert_judgements.tsv.",
        ),
    ] = False,
    outlook: Annotated[
        bool,
        typer.Option("--outlook", help="The folder has files of deals that closed, to import."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Measure retrieval on a collection with judgements, or the outlook on closed deals."""
    from similarity import evaluation
    from similarity.embeddings import Embedder, ModelUnavailable

    if experts and outlook:
        raise typer.BadParameter("Give either --experts or --outlook.")
    settings = _settings()
    encoder = Embedder(settings.model, settings.model_languages)
    try:
        if outlook:
            with _progress("deals") as show:
                found = evaluation.evaluate_outlook(folder, encoder, show)
        elif experts:
            found = evaluation.evaluate_experts(folder, encoder)
        else:
            found = evaluation.evaluate(folder, encoder, _reranker(settings))
    except ModelUnavailable as problem:
        raise DealkinError(str(problem)) from None
    if as_json:
        _print_json(found)
    else:
        _print_figures(found)


# What the commands share


def _settings() -> "Settings":
    from pydantic import ValidationError

    from workspace.settings import Settings

    try:
        return Settings()
    except ValidationError as error:
        raise DealkinError(f"A setting in the environment cannot be used: {error}") from None


@contextmanager
def _workspace() -> "Iterator[tuple[Settings, Database, Catalog, Network]]":
    """The workspace's database, upgraded, and its catalog and network, which listen to what is
    written."""
    from sqlalchemy.exc import OperationalError

    from references.network import Network
    from similarity.catalog import Catalog
    from similarity.embeddings import Embedder
    from workspace.database import open_database

    settings = _settings()
    try:
        database = open_database(settings)
    except (OperationalError, OSError) as error:
        reason = str(getattr(error, "orig", error)).partition("\n")[0]
        raise DealkinError(f"The database cannot be opened: {reason}") from None
    with closing(database):
        catalog = Catalog(
            database,
            Embedder(settings.model, settings.model_languages),
            settings.indexes,
            _reranker(settings),
        )
        catalog.attach()
        network = Network(database)
        network.attach()
        network.catch_up()
        yield settings, database, catalog, network


def _reranker(settings: "Settings") -> "Reranker | None":
    from similarity.embeddings import Reranker

    return Reranker(settings.reranker) if settings.reranker else None


@contextmanager
def _looking(email: str | None) -> "Iterator[tuple[Session, Viewer, Catalog, Network]]":
    """A reading session, in the view of one member or in everybody's."""
    with _workspace() as (_, database, catalog, network), database.read() as session:
        yield session, _viewer(session, email), catalog, network


def _viewer(session: "Session", email: str | None) -> "Viewer":
    from workspace import members
    from workspace.access import PLAIN_VIEW

    return members.viewer_by_email(session, email) if email else PLAIN_VIEW


def _deal(session: "Session", viewer: "Viewer", key: str) -> Any:
    from workspace.access import readable_deal

    return readable_deal(session, viewer, key)


def _people_meant(
    session: "Session", viewer: "Viewer", to: str, deal: str | None
) -> "Sequence[int]":
    """The people to whom paths are asked for: a deal's, an account's, or one person."""
    from sqlmodel import col, select

    from references.offers import aims
    from workspace import contacts
    from workspace.accounts import Account, find_account
    from workspace.people import Person

    if deal:
        return aims(session, _deal(session, viewer, deal))[0]
    account = session.exec(select(Account).where(Account.key == to)).first()
    account = account or find_account(session, to)
    if account:
        there = select(Person.id).where(Person.account_id == account.id)
        return session.exec(there.order_by(col(Person.id))).all()
    return [contacts.find_person(session, to).id]


def _activity(written: str) -> "Activity":
    from references.advocates import Activity

    found = [each for each in Activity if written.casefold() in (each, *each.split())]
    if len(found) != 1:
        raise typer.BadParameter(f"{written!r} is none of: {', '.join(Activity)}.")
    return found[0]


def _query(words: str | None, deal: str | None) -> str:
    if bool(words and words.strip()) == bool(deal):
        raise typer.BadParameter("Give either --deal KEY or what you look for in words.")
    return deal or words or ""


def _filter(session: "Session", viewer: "Viewer", **given: Any) -> "DealFilter":
    """The filter that was meant: things may be named as people name them, or by key."""
    from workspace import pipeline
    from workspace.accounts import REGIONS, SIZE_BAND_NAMES
    from workspace.industries import find_industry

    if given["industry"]:
        given["industry"] = find_industry(written := given["industry"])
        if not given["industry"]:
            raise DealkinError(f"No industry is called '{written}'.")
    bands = [(band, band.replace(",", "")) for band in SIZE_BAND_NAMES]
    given["size"] = _meant("size band", given["size"], bands)
    choices = pipeline.choices(session, viewer)
    regions = [(region, region) for region in dict.fromkeys([*choices.regions, *REGIONS])]
    given["region"] = _meant("region", given["region"], regions)
    given["product"] = _meant("product", given["product"], choices.products)
    given["competitor"] = _meant("competitor", given["competitor"], choices.competitors)
    given["owner"] = _meant("owner", given["owner"], choices.owners)
    return pipeline.DealFilter(**given)


def _meant(what: str, written: str | None, known: "Sequence[tuple[str, str]]") -> str | None:
    """The value among `known`, (value, name) each, that somebody wrote down."""
    from workspace.keys import joined

    if not written:
        return None
    for value, name in known:
        if written == value or joined(written) in (joined(value), joined(name)):
            return value
    names = ", ".join(name for _, name in known[:20]) or "none"
    raise DealkinError(f"No {what} is called '{written}'. There are: {names}.")


def _new_password(prompt: bool) -> str:
    from workspace.members import random_password

    if not prompt:
        return random_password()
    return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))


def _roles(session: "Session", people: "Sequence[Person]") -> dict[int, str]:
    from workspace import members

    return {
        person.id: ", ".join(sorted(members.viewer(session, person.id, person.name).roles))
        for person in people
    }


@contextmanager
def _progress(what: str) -> "Iterator[Callable[[int, int], None] | None]":
    """A bar on a terminal that tells how far a long piece of work has come; else nothing."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    columns = (what.capitalize(), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    bar = Progress(*columns, console=Console(stderr=True))
    task = bar.add_task(what)

    def show(done: int, of: int) -> None:
        # Where there is nothing to do there is no bar.
        bar.start()
        bar.update(task, completed=done, total=of)

    try:
        yield show
    finally:
        bar.stop()


# JSON


def _print_json(value: object) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def _terms_json(terms: "Sequence[Term]") -> list[dict[str, object]]:
    return [
        {
            "name": term.name,
            "value": term.value,
            "weight": term.weight,
            "contribution": term.contribution,
            "because": term.because,
        }
        for term in terms
    ]


def _kin_json(one: "Kin") -> dict[str, object]:
    return {
        "key": one.key,
        "name": one.name,
        "score": one.score,
        "band": one.band,
        "terms": _terms_json(one.terms),
        "snippet": "".join(piece.text for piece in one.snippet),
        "difference": one.difference,
    }


def _expert_json(one: "Expert") -> dict[str, object]:
    return {
        "key": one.key,
        "name": one.name,
        "title": one.title,
        "score": one.score,
        "band": one.band,
        "terms": _terms_json(one.terms),
        "evidence": [
            {
                "text": each.text,
                "when": each.when,
                "deal": each.deal_key,
                "asset": each.asset_key,
            }
            for each in one.evidence
        ],
        "load": one.load,
        "on_team": one.on_team,
    }


def _playbook_json(found: "Playbook") -> dict[str, object]:
    return {
        "won": found.won,
        "closed": found.closed,
        "results": [
            {
                "key": play.key,
                "name": play.name,
                "kind": play.kind,
                "score": play.score,
                "band": play.band,
                "terms": _terms_json(play.terms),
                "won_with": play.won_with,
                "closed_with": play.closed_with,
                "won_without": play.won_without,
                "closed_without": play.closed_without,
                "lift": play.lift,
                "lift_low": play.lift_low,
                "lift_high": play.lift_high,
                "evidence": [
                    {
                        "deal": each.deal_key,
                        "name": each.deal_name,
                        "outcome": each.outcome,
                        "helped": each.helped,
                        "comment": each.comment,
                    }
                    for each in play.evidence
                ],
            }
            for play in found.plays
        ],
        "contrasts": [
            {
                "competitor": each.competitor,
                "key": each.asset_key,
                "name": each.asset_name,
                "kind": each.kind,
                "won_with": each.won_with,
                "won": each.won,
                "lost_with": each.lost_with,
                "lost": each.lost,
            }
            for each in found.contrasts
        ],
    }


def _outlook_json(found: "Outlook") -> dict[str, object]:
    return {
        "won": found.won,
        "closed": found.closed,
        "chance": found.chance.value,
        "chance_low": found.chance.low,
        "chance_high": found.chance.high,
        "usual": found.usual.rate,
        "usual_closed": found.usual.closed,
        "days": asdict(found.days) if found.days else None,
        "amount": asdict(found.amount) if found.amount else None,
        "currency": found.currency or None,
    }


# For people


def _print_results(results: "Sequence[tuple[str, Sequence[str]]]") -> None:
    """Each result as a heading and indented lines, as wide as the terminal."""
    from rich.console import Console
    from rich.padding import Padding
    from rich.text import Text

    console = Console(highlight=False)
    for number, (heading, lines) in enumerate(results, start=1):
        # As text, what people wrote can neither colour nor command the terminal.
        console.print(Text(_printable(f"{number}. {heading}"), style="bold"))
        for line in filter(None, lines):
            console.print(Padding(Text(_printable(line)), (0, 0, 0, 3)))
        console.print()


def _printable(text: str) -> str:
    return "".join(each if each.isprintable() else " " for each in text)


def _heading(one: "Kin | Expert | Play") -> str:
    return f"{one.name} [{one.key}]  {one.score:.2f} {one.band}"


def _why(terms: "Sequence[Term]") -> list[str]:
    return [f"{term.contribution:+.3f} {term.because}" for term in terms if term.contribution]


def _path_json(path: "KnownPath") -> dict[str, object]:
    return {
        "people": [
            {"key": each.key, "name": each.name, "account": each.account, "ours": each.member}
            for each in path.people
        ],
        "ties": [
            [
                {
                    "kind": tie.kind,
                    "evidence": tie.evidence,
                    "source": tie.source,
                    "strength": tie.strength,
                    "inferred": tie.inferred,
                    "seen_by": tie.shared_with,
                }
                for tie in ties
            ]
            for ties in path.evidence
        ],
        "strength": path.strength,
        "band": path.band,
    }


def _offers_json(found: "Offers") -> dict[str, object]:
    return {
        "results": [
            {
                "key": each.person.key,
                "name": each.person.name,
                "account": each.person.account,
                "score": each.match.score,
                "band": each.match.band,
                "terms": _terms_json(each.match.terms),
                "path": _path_json(each.path) if each.path else None,
                "prospect": each.prospect.key if each.prospect else None,
                "deal": each.deal_key,
            }
            for each in found.offered
        ],
        "left_out": [
            {
                "key": each.person.key,
                "name": each.person.name,
                "reason": each.reason,
                "next_on": each.next_on,
            }
            for each in found.left_out
        ],
    }


def _print_reach(found: "Reach") -> None:
    for title, several in (
        ("From us", found.from_us),
        ("From our customers' people", found.from_customers),
    ):
        typer.echo(f"{title}:" if several else f"{title}: nobody is known to.")
        _print_results(
            [
                (
                    f"{each.band.capitalize()}  {' → '.join(step.name for step in each.people)}",
                    [
                        f"{step.name}, {after.name}: {tie.kind}, {tie.evidence or tie.source}"
                        for (step, after), ties in zip(
                            itertools.pairwise(each.people), each.evidence, strict=True
                        )
                        for tie in ties[:2]
                    ],
                )
                for each in several
            ]
        )
    if found.may_be_asked:
        typer.echo("A colleague who keeps their ties to themselves may know someone there.")


def _print_offers(found: "Offers") -> None:
    if not found.offered:
        typer.echo("Nobody can be asked for this now.")
    _print_results(
        [
            (
                f"{each.match.band.capitalize()}  {each.person.name}, {each.person.account}",
                [
                    *_why(each.match.terms),
                    " → ".join(step.name for step in each.path.people) if each.path else "",
                ],
            )
            for each in found.offered
        ]
    )
    if found.left_out:
        typer.echo(f"{len(found.left_out)} cannot be asked now:")
    for each in found.left_out:
        when = f", from {each.next_on} on" if each.next_on else ""
        typer.echo(f"  {each.person.name}, {each.person.account}: {each.reason}{when}")


def _print_kin(found: "Sequence[Kin]") -> None:
    if not found:
        typer.echo("No deal is like this.")
    _print_results(
        [
            (
                _heading(one),
                [
                    ", ".join(filter(None, [one.account, one.outcome, _month(one.closed)])),
                    *_why(one.terms),
                    "".join(piece.text for piece in one.snippet),
                    f"But {one.difference}" if one.difference else "",
                ],
            )
            for one in found
        ]
    )


def _print_experts(found: "Sequence[Expert]") -> None:
    if not found:
        typer.echo("Nothing on record speaks for anybody here.")
    _print_results(
        [
            (
                _heading(one),
                [
                    one.title + (", on the team" if one.on_team else ""),
                    *_why(one.terms),
                    *(f"{_month(each.when)} {each.text}".strip() for each in one.evidence[:5]),
                ],
            )
            for one in found
        ]
    )


def _print_playbook(found: "Playbook") -> None:
    if not found.plays:
        typer.echo("No asset was used on the deals that are like this.")
    _print_results(
        [
            (
                _heading(play),
                [
                    f"{play.kind}: {play.won_with} of {play.closed_with} deals were won with it,"
                    f" {play.won_without} of {play.closed_without} without",
                    *_why(play.terms),
                ],
            )
            for play in found.plays
        ]
    )
    for each in found.contrasts:
        typer.echo(
            _printable(
                f"Against {each.competitor}: {each.asset_name} was used on {each.won_with} of"
                f" {each.won} deals won and on {each.lost_with} of {each.lost} lost."
            )
        )


def _print_outlook(found: "Outlook | None", minimum: int) -> None:
    if not found:
        typer.echo(f"Fewer than {minimum} deals that closed are like this one: too few to say.")
        return
    typer.echo(f"{found.won} of the {found.closed} most alike deals that closed were won.")
    typer.echo(
        f"Chance of winning: {found.chance.value:.0%} ({found.chance.low:.0%} to"
        f" {found.chance.high:.0%}); usually {found.usual.rate:.0%}."
    )
    if found.days:
        typer.echo(f"Days until won: {_typical(found.days)}.")
    if found.amount:
        typer.echo(f"Amount in {found.currency}: {_typical(found.amount)}.")


def _typical(found: "Typical") -> str:
    return f"{found.median:,.0f}, half of {found.cases} from {found.low:,.0f} to {found.high:,.0f}"


def _month(day: "date | None") -> str:
    return f"{day:%b %Y}" if day else ""


def _print_report(report: "Report") -> None:
    if report.refused:
        typer.echo(_printable(f"{report.file_name}: {report.refused}"), err=True)
        return
    typer.echo(
        _printable(
            f"{report.file_name} ({report.kind}): {report.created:,} new, {report.updated:,}"
            f" changed, {report.unchanged:,} as they were, {report.failed:,} refused"
        )
    )
    for warning in report.warnings:
        typer.echo(_printable(f"  {warning}"))
    if report.error_file:
        typer.echo(f"  The rows that were refused, and why: {report.error_file}")


def _print_passwords(made: "Sequence[tuple[Person, str]]", roles: dict[int, str]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table("Name", "E-mail", "Password", "Roles", box=box.SIMPLE_HEAD)
    for person, password in made:
        table.add_row(person.name, person.email, password, roles[person.id])
    typer.echo("Sign in as any of these members. Their passwords are shown this once:")
    # However narrow the terminal is, a password stays whole.
    Console(width=120).print(table)


def _print_health(found: dict[str, Any]) -> None:
    for section, facts in found.items():
        if not isinstance(facts, dict):
            continue
        typer.echo(section.capitalize())
        for name, value in facts.items():
            typer.echo(f"  {name}: {value}")
    for warning in found["warnings"]:
        typer.echo(f"Warning: {warning}")
    for problem in found["problems"]:
        typer.echo(f"Problem: {problem}")
    if not found["problems"]:
        typer.echo("Everything is in order.")


def _held(value: float | None) -> str:
    return "infinite" if value is None else f"{value:g}"


def _print_figures(found: dict[str, Any]) -> None:
    for name, value in found.items():
        if isinstance(value, dict):
            figures = "  ".join(f"{measure} {_figure(one)}" for measure, one in value.items())
            typer.echo(f"{name:12} {figures}")
        elif isinstance(value, list):
            typer.echo(name)
            for row in value:
                typer.echo("  ".join(f"  {key} {_figure(one)}" for key, one in row.items()))
        else:
            typer.echo(f"{name:12} {_figure(value)}")


def _figure(value: object) -> str:
    return f"{value:.4f}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    main()
