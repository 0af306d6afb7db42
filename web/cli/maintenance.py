"""Commands for maintenance: reindex, fit, doctor and evaluate."""

from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from web.cli.options import Json, app, model_app
from web.cli.output import print_json
from web.cli.workspace import (
    load_settings,
    open_workspace,
    progress_bar,
    viewer_of_email,
)
from workspace.errors import DealkinError

if TYPE_CHECKING:
    from similarity.encoders.embeddings import Encoder
    from workspace.replica import Replica


@app.command()
def reindex(
    new_model: Annotated[
        bool,
        typer.Option(
            "--new-model",
            help="Where PostgreSQL searches, replace the rows of another model.",
        ),
    ] = False,
    remove_rows: Annotated[
        bool,
        typer.Option(
            "--remove-rows",
            help="Remove the rows that PostgreSQL has searched, when no server does so any more.",
        ),
    ] = False,
) -> None:
    """Prepare every document whose text or vector is not current, and rebuild the index.

    A record whose vectors are of an earlier default model gets those of the current one.
    """
    from similarity.index.in_database import tables
    from web.jobs import REINDEX, kinds_of
    from web.workspace import encoder_of
    from workspace.jobs.running import run_now

    settings = load_settings()
    searches = settings.search == "database"
    if remove_rows and searches:
        raise DealkinError(
            "DEALKIN_SEARCH=database is set, which searches these rows. Take the setting away from"
            " all servers and from this command first."
        )
    chosen = encoder_of(settings)
    with open_workspace(encoder=chosen) as workspace, progress_bar("documents") as show:
        with workspace.database.read() as session:
            kept = tables.kept(session)
        if kept and searches and kept.model != chosen.model_id and not new_model:
            raise DealkinError(
                f"PostgreSQL searches rows of the model {kept.model}, and the settings of this"
                f" command choose {chosen.model_id}. Nothing was changed. Set DEALKIN_MODEL as the"
                " servers have it, or add --new-model."
            )
        done = run_now(workspace.database, kinds_of(workspace), REINDEX, progress=show)
        if searches:
            workspace.catalog.prepare(may_replace=new_model)
        elif remove_rows:
            workspace.catalog.remove_rows()
    typer.echo(f"{done['documents']:,} documents were prepared; the index is rebuilt.")
    if kept and not searches and not remove_rows:
        typer.echo(
            "The rows that servers with DEALKIN_SEARCH=database search were left as they are. Set"
            " it for this command to rebuild them, too, or add --remove-rows when no server"
            " searches them any more."
        )


@model_app.command("prepare")
def prepare_model() -> None:
    """Unpack the default model into the cache of this user, once; the set-up does it."""
    from similarity.encoders import multilingual_e5

    try:
        typer.echo(f"The model is in {multilingual_e5.prepare()}.")
    except multilingual_e5.WeightsMissing as problem:
        raise DealkinError(str(problem)) from None


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
    from similarity import fitting, learned_weights
    from workspace.people.tables import Role
    from workspace.people.viewer import require_role

    with open_workspace() as workspace:
        with workspace.database.read() as session, progress_bar("deals") as show:
            viewer = viewer_of_email(session, as_)
            if as_:
                require_role(viewer, Role.ADMIN)
            lessons = [] if undo else fitting.lessons(session, workspace.catalog, show)
        with workspace.database.write() as session:
            forgotten = learned_weights.undo(session, viewer.person_id) if undo else None
            for lesson in lessons:
                if not lesson.refused:
                    learned_weights.keep(
                        session, lesson.subject, lesson.held, lesson.figures, viewer.person_id
                    )
    if as_json:
        print_json({"learned": lessons, "undone": forgotten})
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
    from sqlalchemy.exc import SQLAlchemyError

    from similarity import health
    from web.conditions import stored_conditions
    from web.workspace import encoder_of, encoder_of_record, reranker_of
    from workspace.audit_log import broken_links
    from workspace.database import Database
    from workspace.replica import Replica

    settings = load_settings()
    with closing(Database(settings.database, pooled=settings.is_pooled)) as database:
        encoder: Encoder = encoder_of(settings)
        file = Path(str(database.url.database))
        # What cannot be read is reported below; what is not there must not be made.
        with suppress(SQLAlchemyError):
            if (not database.is_sqlite or file.is_file()) and database.is_current():
                encoder = encoder_of_record(settings, database)
        report = health.check(
            database,
            encoder,
            settings.indexes,
            reranker_of(settings),
            in_database=settings.search == "database",
        )
        if encoder.model_id != encoder_of(settings).model_id:
            report["warnings"].append(
                f"The record keeps its model, {encoder.model_id.partition('@')[0]}, which reads"
                " English alone. `dealkin reindex` gives it the model of new records, which reads"
                " about a hundred languages and takes twice as long for each text."
            )
        if settings.replica_database:
            _check_replica(Replica(database, settings.replica_database), report)
        if "rows" in report:
            with database.read() as session:
                report["problems"] += broken_links(session)
                for condition in stored_conditions(session, database, settings):
                    kind = "problems" if condition.serious else "warnings"
                    report[kind].append(condition.text)
    if as_json:
        print_json(report)
    else:
        _print_health(report)
    if report["problems"]:
        raise typer.Exit(1)


def _check_replica(replica: "Replica", report: dict[str, Any]) -> None:
    """Add how the replica is to a report."""
    with closing(replica):
        replica.check()
        if replica.bytes_behind is not None:
            report["database"]["replica"] = f"{replica.bytes_behind:,} bytes behind"
        if replica.problem:
            report["database"]["replica"] = "cannot be read"
            report["warnings"].append(f"{replica.problem} The database answers all pages.")


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
    duplicates: Annotated[
        bool, typer.Option("--duplicates", help="The folder has records.csv and pairs.csv.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Measure retrieval, experts, the outlook or likely duplicates on a folder with the truth."""
    from similarity import evaluation
    from similarity.encoders.embeddings import ModelUnavailable
    from web.workspace import encoder_of, reranker_of
    from workspace.duplicates.evaluation import evaluate_duplicates

    if experts + outlook + duplicates > 1:
        raise typer.BadParameter("Give one of --experts, --outlook and --duplicates.")
    if duplicates:
        # Needs no model.
        _print_report(evaluate_duplicates(folder), as_json)
        return
    settings = load_settings()
    encoder = encoder_of(settings)
    try:
        if outlook:
            with progress_bar("deals") as show:
                report = evaluation.evaluate_outlook(folder, encoder, show)
        elif experts:
            report = evaluation.evaluate_experts(folder, encoder)
        else:
            report = evaluation.evaluate(folder, encoder, reranker_of(settings))
    except ModelUnavailable as problem:
        raise DealkinError(str(problem)) from None
    _print_report(report, as_json)


def _print_report(report: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(report)
    else:
        _print_figures(report)


def _print_health(report: dict[str, Any]) -> None:
    for section, facts in report.items():
        if not isinstance(facts, dict):
            continue
        typer.echo(section.capitalize())
        for name, value in facts.items():
            typer.echo(f"  {name}: {value}")
    for warning in report["warnings"]:
        typer.echo(f"Warning: {warning}")
    for problem in report["problems"]:
        typer.echo(f"Problem: {problem}")
    if not report["problems"]:
        typer.echo("Everything is in order.")


def _held(value: float | None) -> str:
    return "infinite" if value is None else f"{value:g}"


def _print_figures(report: dict[str, Any]) -> None:
    for name, value in report.items():
        if isinstance(value, dict):
            figures = "  ".join(f"{measure} {_figure(figure)}" for measure, figure in value.items())
            typer.echo(f"{name:12} {figures}")
        elif isinstance(value, list):
            typer.echo(name)
            for row in value:
                typer.echo("  ".join(f"  {key} {_figure(figure)}" for key, figure in row.items()))
        else:
            typer.echo(f"{name:12} {_figure(value)}")


def _figure(value: object) -> str:
    return f"{value:.4f}" if isinstance(value, float) else str(value)
