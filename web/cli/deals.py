"""Commands for the state of a deal: park and wake."""

from datetime import datetime
from typing import Annotated

import typer

from web.cli.options import app
from web.cli.output import printable
from web.cli.workspace import open_workspace

Key = Annotated[str, typer.Argument(help="The key of a deal.", metavar="KEY")]
Member = Annotated[
    str, typer.Option("--as", metavar="EMAIL", help="The member in whose name it is done.")
]


@app.command()
def park(
    key: Key,
    as_: Member,
    reason: Annotated[str, typer.Option(help="Why it is parked.")],
    until: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], metavar="DAY", help="The day on which it wakes."),
    ] = None,
    event: Annotated[
        str | None, typer.Option(metavar="TEXT", help="What is waited for: 'their budget round'.")
    ] = None,
) -> None:
    """Park an open deal until a day or an event: in no forecast, total or workload meanwhile."""
    from workspace.deals import parking
    from workspace.people import members

    with open_workspace() as workspace, workspace.database.write() as session:
        viewer = members.viewer_by_email(session, as_)
        day = until.date() if until else None
        deal = parking.park(session, viewer, key, parking.Parking(reason, day, event or ""))
        typer.echo(printable(f"{deal.key} {deal.name} is parked."))


@app.command()
def wake(key: Key, as_: Member) -> None:
    """Wake a parked deal: it is open again, at the stage that it had."""
    from workspace.deals import parking
    from workspace.people import members

    with open_workspace() as workspace, workspace.database.write() as session:
        viewer = members.viewer_by_email(session, as_)
        deal = parking.wake(session, viewer, key)
        typer.echo(printable(f"{deal.key} {deal.name} is open again."))
