"""`reprise fast-forward`: one account's clock, on the dev server."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

TERM_END = "term-end"


def fast_forward(
    account: Annotated[str, typer.Argument(help="The account whose clock is moved.")],
    to: Annotated[str, typer.Option(help="`term-end`, or an instant with its zone: 2027-04-15T12:00Z.")] = TERM_END,
    temporal: Annotated[
        str | None, typer.Option(help="Address of the dev server; by default that of the running `reprise dev`.")
    ] = None,
    data: Annotated[Path, typer.Option(help="Data directory of the running `reprise dev`.")] = Path(".reprise"),
) -> None:
    """Move one account's clock forward on a running `reprise dev`, and show what happens on the way.

    Without `reprise dev`, TEMPORAL_ADDRESS says where the dev server is.
    """
    target = None if to == TERM_END else _instant(to)

    from reprise.local.fast_forward import run
    from reprise.local.signals import run_and_leave

    run_and_leave(run(account, target, temporal, data))


def _instant(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        message = f"{text!r} is neither {TERM_END} nor an instant such as 2027-04-15T12:00Z."
        raise typer.BadParameter(message, param_hint="--to") from error
    if moment.tzinfo is None:
        message = f"{text!r} does not say its time zone: write {moment.isoformat()}Z for UTC, or an offset."
        raise typer.BadParameter(message, param_hint="--to")
    return moment
