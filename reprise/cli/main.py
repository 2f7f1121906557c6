"""The command `reprise`. Each command imports what it needs when it runs, so that the others are quick."""

from importlib.metadata import version as installed
from typing import Annotated

import typer

import reprise.cli.account_operators  # adds its commands to `account`
import reprise.cli.accounts_export
import reprise.cli.accounts_import
import reprise.cli.accounts_reconcile  # noqa: F401 - these to `accounts`
from reprise.cli.account import account
from reprise.cli.accounts import accounts
from reprise.cli.announcements import announcements
from reprise.cli.api import api
from reprise.cli.commands import command
from reprise.cli.demo import demo
from reprise.cli.dev import dev
from reprise.cli.fast_forward import fast_forward
from reprise.cli.portal_link import portal_link
from reprise.cli.profile import profile
from reprise.cli.remote import remote_command
from reprise.cli.secrets import secrets
from reprise.cli.setup_namespace import setup_namespace
from reprise.cli.stripe_sandbox import stripe_sandbox
from reprise.cli.token import token
from reprise.cli.worker import worker

app = typer.Typer(
    help="Runs the life of subscription accounts: durable timers, upfront payments, no charge twice.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
command(app, "reprise dev", "reprise dev --data /tmp/reprise --api-port 0 --json")(dev)
command(app, "reprise demo", "reprise demo --keep")(demo)
command(app, "reprise fast-forward shop-42", "reprise fast-forward shop-42 --to 2027-04-15T12:00Z")(fast_forward)
command(app, "reprise token --operator --ttl 8h", "reprise token --account shop-42 --sub user-7")(token)
remote_command(app, "reprise portal-link shop-42 --name Ada")(portal_link)
command(app, "reprise setup-namespace", "reprise setup-namespace --namespace billing.a1b2c")(setup_namespace)
command(app, "reprise api --host 0.0.0.0 --port 8000")(api)
command(app, "reprise worker")(worker)
command(app, "reprise stripe-sandbox --port 0 --db stripe.db")(stripe_sandbox)
for each in (account, accounts, announcements, profile, secrets):
    app.add_typer(each)


def _say_version(wanted: bool) -> None:
    if wanted:
        print(f"reprise {installed('reprise')}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Say which release this is.")
    ] = False,
) -> None:
    """Take the options that stand before any command."""


def main() -> None:
    """Run the command line."""
    app()
