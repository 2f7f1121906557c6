"""`reprise demo`: the whole story, on real parts."""

import asyncio
from typing import Annotated

import typer


def demo(
    keep: Annotated[bool, typer.Option("--keep", help="Leave everything running at the end, until Ctrl-C.")] = False,
) -> None:
    """Open, cancel, disable at the term's end, come back months later with the upfront payment, renew."""
    from reprise.local.demo import tell

    raise typer.Exit(asyncio.run(tell(keep=keep)))
