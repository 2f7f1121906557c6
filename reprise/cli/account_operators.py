"""`reprise account`: what operators alone do with one account (R13, R27)."""

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from reprise.cli.account import AccountId, IdempotencyKey, account, answered
from reprise.cli.errors import CliError
from reprise.cli.instants import instant
from reprise.cli.remote import Answer, Remote, Yes, remote_command

FromRunStart = Annotated[
    bool,
    typer.Option("--from-run-start", help="As it stood when its last run began, if its history cannot be read."),
]


@remote_command(account, 'reprise account disable shop-42 --reason "chargeback, ticket 4711"')
def disable(
    remote: Remote,
    account: AccountId,
    reason: Annotated[str | None, typer.Option(help="Why; operators read it in the timeline.")] = None,
    idempotency_key: IdempotencyKey = None,
) -> Answer:
    """Take an account out of service at once; the term stays the account's, and `enable` brings it back."""
    return answered(remote.client.disable(account, reason=reason, idempotency_key=idempotency_key), "Disabled.")


@remote_command(account, "reprise account enable shop-42")
def enable(remote: Remote, account: AccountId, idempotency_key: IdempotencyKey = None) -> Answer:
    """Undo `disable`, or bring an account back within its term. It never charges."""
    return answered(remote.client.enable(account, idempotency_key=idempotency_key), "Enabled.")


@remote_command(
    account, "reprise account extend shop-42 --days 7", "reprise account extend shop-42 --until 2027-04-01T00:00Z"
)
def extend(
    remote: Remote,
    account: AccountId,
    until: Annotated[
        datetime | None, typer.Option(parser=instant, metavar="INSTANT", help="When the term is to end.")
    ] = None,
    days: Annotated[int | None, typer.Option(help="By how many days it is to end later.")] = None,
    idempotency_key: IdempotencyKey = None,
) -> Answer:
    """Let the term end later, as goodwill: --until an instant, or by --days. The day of renewal moves with it."""
    result = remote.client.extend_term(account, until=until, days=days, idempotency_key=idempotency_key)
    return answered(result, "Extended.")


@remote_command(account, "reprise account plan shop-42 --unit-amount 3000 --currency usd")
def plan(
    remote: Remote,
    account: AccountId,
    unit_amount: Annotated[int, typer.Option(help="Price of a cart and month, in minor units: 3000 is 30.00 USD.")],
    currency: Annotated[str, typer.Option(help="A three-letter currency.")],
    idempotency_key: IdempotencyKey = None,
) -> Answer:
    """Change price and currency, from the next quote on."""
    plan = {"currency": currency, "unit_amount": unit_amount}
    result = remote.client.change_plan(account, plan, idempotency_key=idempotency_key)
    return answered(result, "Changed, from the next quote on.")


@remote_command(account, "reprise account close shop-42", "reprise account close shop-42 --yes")
def close(remote: Remote, account: AccountId, yes: Yes = False, idempotency_key: IdempotencyKey = None) -> Answer:
    """Close an account for good: what is open is voided, and its personal data is erased, here and at Stripe."""
    remote.confirm(f"{account} is closed for good, and its personal data is erased.", yes=yes)
    return answered(remote.client.close_account(account, idempotency_key=idempotency_key), "Closed.")


@remote_command(account, "reprise account restore shop-42", "reprise account restore shop-42 --record shop-42.json")
def restore(
    remote: Remote,
    account: AccountId,
    record: Annotated[
        Path | None, typer.Option(help="An exported record, of an account whose workflow was deleted; `-`: stdin.")
    ] = None,
    from_run_start: FromRunStart = False,
    idempotency_key: IdempotencyKey = None,
) -> Answer:
    """Take up an account whose workflow was ended from outside, from its last record: nothing is charged twice."""
    result = remote.client.restore(
        account,
        record=None if record is None else _record(record),
        from_run_start=from_run_start or None,
        idempotency_key=idempotency_key,
    )
    return answered(result, "Restored.")


@remote_command(account, "reprise account record shop-42 --json > shop-42.json")
def record(remote: Remote, account: AccountId, from_run_start: FromRunStart = False) -> Answer:
    """Print an account's whole record, in the form that `restore --record` takes."""
    return Answer(remote.client.get_record(account, from_run_start=from_run_start or None))


def _record(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(sys.stdin.read() if str(file) == "-" else file.read_text())
    except (OSError, ValueError) as error:
        raise CliError(f"{file} cannot be read as a record: {error}.", "record_not_readable") from error
    if not isinstance(found, dict):
        raise CliError(f"{file} is not a record: it holds no JSON object.", "record_not_readable")
    return found
