"""`reprise secrets`: the secrets of the embedded default."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from reprise.cli.commands import command, group

secrets = group("secrets", "The secrets of `reprise dev`.")


@secrets.callback()
def _group() -> None:
    """Keep the group a group, with one command in it."""


@command(secrets, "reprise secrets rotate")
def rotate(
    data: Annotated[Path, typer.Option(help="Data directory of `reprise dev`.")] = Path(".reprise"),
) -> None:
    """Exchange all secrets without a stop: what was signed with the old ones is believed until the next exchange."""
    from reprise.local.errors import LocalError
    from reprise.local.rotation import rotated

    try:
        typer.echo(asyncio.run(rotated(data)))
    except LocalError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
