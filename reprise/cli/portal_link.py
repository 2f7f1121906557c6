"""`reprise portal-link`: sign in to Profile & Billing, as the product's backend would have it."""

from typing import Annotated

import typer

from reprise.cli.remote import Answer, Remote

AccountId = Annotated[str, typer.Argument(metavar="ACCOUNT", help="The account.", show_default=False)]


def portal_link(
    remote: Remote,
    account: AccountId,
    user: Annotated[str, typer.Option(help="The product's id of the user.")] = "cli",
    name: Annotated[str | None, typer.Option(help="What the pages call the user.")] = None,
    no_billing_access: Annotated[
        bool, typer.Option("--no-billing-access", help="The user belongs to the account, without Billing Access.")
    ] = False,
) -> Answer:
    """Print a link that signs a browser in to an account's Profile & Billing: once, within five minutes."""
    vouched = {"id": user, "name": name, "billing_access": not no_billing_access}
    return Answer(remote.client.create_portal_session(account, vouched))
