"""`reprise accounts`: many accounts, over the API."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from reprise.cli.account import Cursor, Limit
from reprise.cli.commands import group
from reprise.cli.instants import instant
from reprise.cli.remote import Answer, Remote, remote_command

if TYPE_CHECKING:
    from rich.console import RenderableType

    from reprise.client import AccountList

accounts = group("accounts", "Many accounts: which there are, how many, and why they stand as they do.")

STATES = ("active", "cancelled", "past_due", "disabled", "reactivated", "closed")
REASONS = ("cancelled", "payment_failed", "first_payment_failed", "operator")
STATUSES = ("none", "collecting", "processing", "requires_action", "declined", "paid")

State = Annotated[
    str | None, typer.Option(help=f"In this state: {', '.join(STATES)}.", autocompletion=lambda: list(STATES))
]
Reason = Annotated[
    str | None,
    typer.Option(help=f"Disabled for this reason: {', '.join(REASONS)}.", autocompletion=lambda: list(REASONS)),
]
Status = Annotated[
    str | None,
    typer.Option(help=f"Whose latest payment stands so: {', '.join(STATUSES)}.", autocompletion=lambda: list(STATUSES)),
]
DeclineCode = Annotated[str | None, typer.Option(help="Whose latest payment was declined so: insufficient_funds.")]
Before = Annotated[
    datetime | None, typer.Option(parser=instant, metavar="INSTANT", help="Whose term ends before this instant.")
]
After = Annotated[
    datetime | None, typer.Option(parser=instant, metavar="INSTANT", help="Whose term ends after this instant.")
]

PastDue = Annotated[
    datetime | None,
    typer.Option(parser=instant, metavar="INSTANT", help="Past due, its renewal failing since before this instant."),
]


@remote_command(
    accounts,
    "reprise accounts list --state past_due",
    "reprise accounts list --state cancelled --term-end-before 2027-03-01T00:00Z --limit 100",
    "reprise accounts list --state disabled --disabled-reason payment_failed --json | jq -r .accounts[].account_id",
    name="list",
)
def list_(
    remote: Remote,
    state: State = None,
    disabled_reason: Reason = None,
    payment_status: Status = None,
    decline_code: DeclineCode = None,
    term_end_before: Before = None,
    term_end_after: After = None,
    past_due_since_before: PastDue = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Answer:
    """List accounts, newest first: their state, why, since when, what is next; of past-due ones the sum.

    The list is a moment late. With --json it is the API's own, without sums.
    """
    page = remote.client.list_accounts(
        state=state,
        disabled_reason=disabled_reason,
        payment_status=payment_status,
        decline_code=decline_code,
        term_end_before=term_end_before,
        term_end_after=term_end_after,
        past_due_since_before=past_due_since_before,
        limit=limit,
        cursor=cursor,
    )
    note = f"There are more: --cursor {page.next_cursor}" if page.next_cursor else None
    if remote.as_json:
        return Answer(page, note=note)
    if not page.accounts:
        return Answer(page, "No accounts.", note)
    return Answer(page, _table(page, _sums(remote, page)), note)


@remote_command(accounts, "reprise accounts count", "reprise accounts count --disabled-reason payment_failed")
def count(
    remote: Remote,
    state: State = None,
    disabled_reason: Reason = None,
    payment_status: Status = None,
    decline_code: DeclineCode = None,
    term_end_before: Before = None,
    term_end_after: After = None,
    past_due_since_before: PastDue = None,
) -> Answer:
    """Count accounts, by state."""
    counted = remote.client.count_accounts(
        state=state,
        disabled_reason=disabled_reason,
        payment_status=payment_status,
        decline_code=decline_code,
        term_end_before=term_end_before,
        term_end_after=term_end_after,
        past_due_since_before=past_due_since_before,
    )
    return Answer(counted)


_AT_ONCE = 8
"""How many accounts are asked for at the same time."""


def _sums(remote: Remote, page: "AccountList") -> dict[str, str]:
    """Return what the past-due accounts of a page owe: the list does not have sums, the accounts do."""
    import asyncio

    from reprise.cli.rendering import money
    from reprise.client import AccountState, ClientError

    wanted = [each.account_id for each in page.accounts if each.state is AccountState.PAST_DUE and not each.stopped]

    async def found() -> dict[str, str]:
        async with remote.async_client() as client:
            turn = asyncio.Semaphore(_AT_ONCE)

            async def one(account_id: str) -> str | None:
                async with turn:
                    try:
                        payment = (await client.get_account(account_id)).payment
                    except ClientError:
                        return None  # what the list knows is shown
                return money(payment.amount, payment.currency)

            sums = await asyncio.gather(*(one(each) for each in wanted))
        return {account_id: owed for account_id, owed in zip(wanted, sums, strict=True) if owed}

    return asyncio.run(found()) if wanted else {}


_OF_PAST_DUE = ("account", "state", "why", "since", "next try", "sum")
_OF_ANY = ("account", "state", "why", "since", "next", "next try", "sum", "carts", "term ends")


def _table(page: "AccountList", sums: dict[str, str]) -> "RenderableType":
    """Return the accounts of a page, without the columns in which none of them has anything."""
    from reprise.cli.rendering import state, table, when
    from reprise.client import AccountState

    rows = [
        {
            "account": each.account_id,
            "state": state(f"{each.state}, stopped" if each.stopped else each.state),
            "why": ", ".join(filter(None, (each.disabled_reason, each.decline_code))) or None,
            "since": when(each.since) if each.since else None,
            "next": each.next_action,
            "next try": when(each.next_attempt_at) if each.next_attempt_at else None,
            "sum": sums.get(each.account_id),
            "carts": None if each.carts is None else str(each.carts),
            "term ends": when(each.term_ends_at) if each.term_ends_at else None,
        }
        for each in page.accounts
    ]
    columns = _OF_PAST_DUE if all(each.state is AccountState.PAST_DUE for each in page.accounts) else _OF_ANY
    told = [name for name in columns if any(row[name] is not None for row in rows)]
    return table(told, [[row[name] for name in told] for row in rows])
