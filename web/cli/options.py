"""The command line's application, and the options that several commands share."""

from typing import Annotated

import typer

app = typer.Typer(
    help="Log a deal and see what the company already knows that can win it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
members_app = typer.Typer(help="Members: access, roles, and handing over.", no_args_is_help=True)
model_app = typer.Typer(help="The model that finds what is near by meaning.", no_args_is_help=True)
keys_app = typer.Typer(help="The keys by which stored secrets are encrypted.", no_args_is_help=True)
tokens_app = typer.Typer(help="API tokens of members and service accounts.", no_args_is_help=True)

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
