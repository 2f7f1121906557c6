"""`reprise announcements`: what the product is told, over the API (R18)."""

from typing import TYPE_CHECKING, Annotated

import typer

from reprise.cli.account import Cursor, Limit
from reprise.cli.commands import group
from reprise.cli.exit_codes import ExitCode
from reprise.cli.remote import Answer, Remote, Yes, remote_command

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from reprise.client import AccountBacklog, EndpointTests

announcements = group("announcements", "What the product is told: what waits, sent again, tests, on and off.")

_Endpoint = Annotated[str | None, typer.Option(help="One endpoint, by its name in the workers' settings.")]
_From = Annotated[int | None, typer.Option(help="Everything again from this entry of the timeline on.", min=1)]
_Account = Annotated[str | None, typer.Option("--account", help="One account, instead of all of them.")]


@remote_command(
    announcements, "reprise announcements pending", "reprise announcements pending --endpoint crm --limit 50"
)
def pending(remote: Remote, endpoint: _Endpoint = None, limit: Limit = 20, cursor: Cursor = None) -> Answer:
    """List the accounts whose announcements an endpoint does not take: how many wait, since when, and why."""
    page = remote.client.list_pending_announcements(endpoint=endpoint, limit=limit, cursor=cursor)
    note = f"There are more: --cursor {page.next_cursor}" if page.next_cursor else None
    return Answer(page, None if remote.as_json else _table(page.accounts) or "Nothing waits.", note)


@remote_command(
    announcements,
    "reprise announcements resend shop-42",
    "reprise announcements resend shop-42 --from-sequence 12 --endpoint crm",
)
def resend(
    remote: Remote,
    account_id: Annotated[str, typer.Argument(help="The account.")],
    from_sequence: _From = None,
    endpoint: _Endpoint = None,
) -> Answer:
    """Send what waits of an account at once, or everything again from an entry on."""
    backlog = remote.client.resend_announcements(account_id, from_sequence=from_sequence, endpoint=endpoint)
    return Answer(backlog, None if remote.as_json else _table([backlog]) or "Nothing waits.")


@remote_command(announcements, "reprise announcements test", "reprise announcements test --endpoint crm", name="test")
def check(remote: Remote, endpoint: _Endpoint = None) -> Answer:
    """Send a signed test message to each endpoint, and show what it answered."""
    tests = remote.client.test_announcements(endpoint=endpoint)
    failed = any(not each.delivered for each in tests.endpoints)
    shown = None if remote.as_json else _answers(tests) or "The workers have no endpoint in their settings."
    return Answer(tests, shown, exit_code=ExitCode.ERROR if failed else ExitCode.OK)


@remote_command(announcements, "reprise announcements on", "reprise announcements on --account shop-42")
def on(remote: Remote, account: _Account = None, yes: Yes = False) -> Answer:
    """Turn announcements on, from now on, for accounts that were opened before there was an endpoint."""
    return _switched(remote, account, enabled=True, yes=yes)


@remote_command(announcements, "reprise announcements off", "reprise announcements off --account shop-42")
def off(remote: Remote, account: _Account = None, yes: Yes = False) -> Answer:
    """Turn announcements off, from now on; what waits is sent all the same."""
    return _switched(remote, account, enabled=False, yes=yes)


def _switched(remote: Remote, account: str | None, *, enabled: bool, yes: bool) -> Answer:
    what = "on" if enabled else "off"
    if account is not None:
        backlog = remote.client.set_announcements(account, enabled=enabled)
        return Answer(backlog, None if remote.as_json else f"Announcements of {account} are {what}.")
    remote.confirm(f"This turns the announcements of every account {what}.", yes=yes)
    change = remote.client.set_announcements_of_all(enabled=enabled)
    said = f"Announcements of {change.accounts} accounts are being turned {what} (Temporal's batch job {change.job})."
    return Answer(change, None if remote.as_json else said)


def _table(accounts: "Sequence[AccountBacklog]") -> "RenderableType | None":
    from reprise.cli.rendering import NOTHING, table, when

    rows = [
        (
            account.account_id,
            each.endpoint,
            str(each.pending),
            str(each.next_sequence),
            when(each.failing_since or each.unknown_since),
            each.last_error or ("not in the workers' settings" if each.unknown_since else NOTHING),
        )
        for account in accounts
        for each in account.endpoints
        if each.pending
    ]
    return table(("account", "endpoint", "waiting", "next entry", "since", "why"), rows) if rows else None


def _answers(tests: "EndpointTests") -> "RenderableType | None":
    from reprise.cli.rendering import NOTHING, table

    rows = [
        (
            each.endpoint,
            each.url,
            "delivered" if each.delivered else "not delivered",
            str(each.status or NOTHING),
            f"{each.milliseconds} ms",
            each.error or NOTHING,
        )
        for each in tests.endpoints
    ]
    return table(("endpoint", "address", "outcome", "status", "took", "why"), rows) if rows else None
