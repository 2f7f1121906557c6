"""`reprise portal-link`: sign in to Profile & Billing in the embedded default."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer


def portal_link(
    account: Annotated[str, typer.Argument(help="The account.")],
    user: Annotated[str, typer.Option(help="The product's id of the user.")] = "cli",
    name: Annotated[str | None, typer.Option(help="What the pages call the user.")] = None,
    no_billing_access: Annotated[
        bool, typer.Option("--no-billing-access", help="The user belongs to the account, without Billing Access.")
    ] = False,
    data: Annotated[Path, typer.Option(help="Data directory of `reprise dev`.")] = Path(".reprise"),
) -> None:
    """Print a link that signs a browser in to an account's Profile & Billing: once, within five minutes."""
    from reprise.local.errors import LocalError
    from reprise.local.portal_link import asked_for
    from reprise.local.terminal import printable

    vouched = {"id": user, "name": name, "billing_access": not no_billing_access}
    try:
        typer.echo(printable(asyncio.run(asked_for(account, vouched, data))))
    except LocalError as error:
        typer.echo(printable(str(error)), err=True)
        raise typer.Exit(1) from error
