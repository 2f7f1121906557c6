"""`reprise fast-forward`: one account's clock, on the dev server."""

import asyncio
import json
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer


def fast_forward(
    account: Annotated[str, typer.Argument(help="The account whose clock is moved.")],
    to: Annotated[str, typer.Option(help="`term-end`, or an instant with its zone: 2027-04-15T12:00Z.")] = "term-end",
    data: Annotated[Path, typer.Option(help="Data directory of the running `reprise dev`.")] = Path(".reprise"),
) -> None:
    """Move one account's clock forward on a running `reprise dev`, from deadline to deadline."""
    from temporalio.client import Client
    from temporalio.contrib.pydantic import pydantic_data_converter

    from reprise.local.clock import AccountClock, CannotMove

    target = None if to == "term-end" else _instant(to)
    addresses = data / "addresses.json"
    if not addresses.exists():
        typer.echo(f"No `reprise dev` runs with its data in {data}. Start it, or give its --data.", err=True)
        raise typer.Exit(1)
    where = json.loads(addresses.read_text())

    async def run() -> None:
        client = await Client.connect(where["temporal"], data_converter=pydantic_data_converter)
        sandbox = where["stripe"] if where["stripe"].startswith("http://") else None
        clock = AccountClock(client, account, sandbox)
        async for stop in clock.move(target):
            reason = f" ({stop.account.disabled_reason})" if stop.account.disabled_reason else ""
            typer.echo(f"{stop.now:%Y-%m-%d %H:%M:%SZ}  {stop.account.state}{reason}")

    try:
        asyncio.run(run())
    except (CannotMove, RuntimeError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error


def _instant(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is neither term-end nor an instant such as 2027-04-15T12:00Z.") from error
    if moment.tzinfo is None:
        raise typer.BadParameter(f"{text!r} has no time zone: write {text}Z for UTC.")
    return moment
