"""Instants on the command line: with their time zone, or not at all."""

from datetime import datetime

import typer


def instant(text: str) -> datetime:
    """Return an instant that was typed.

    Raises:
        typer.BadParameter: It is none, or does not say its time zone.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is not an instant such as 2027-04-15T12:00Z.") from error
    if moment.tzinfo is None:
        message = f"{text!r} does not say its time zone: write {moment.isoformat()}Z for UTC, or an offset."
        raise typer.BadParameter(message)
    return moment
