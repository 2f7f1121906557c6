"""`reprise accounts reconcile`: every account held against Stripe (R22)."""

import time
from typing import TYPE_CHECKING, Annotated

import typer

from reprise.cli.accounts import accounts
from reprise.cli.exit_codes import ExitCode
from reprise.cli.progress import progress
from reprise.cli.remote import Answer, Remote, remote_command

if TYPE_CHECKING:
    from rich.console import RenderableType

    from reprise.client import ReconciliationView

PAUSE = 1.0
"""Seconds between two looks at one that runs."""

MAX_ROWS = 100
"""How many differences the table shows; `--json` has all that the report has."""


@remote_command(
    accounts,
    "reprise accounts reconcile",
    "reprise accounts reconcile --repair",
    "reprise accounts reconcile --days 400 --no-wait",
    "reprise accounts reconcile --id nightly-2027-01-31T03:00:00Z --json | jq .report.counts",
)
def reconcile(
    remote: Remote,
    repair: Annotated[
        bool, typer.Option("--repair", help="Make accounts look at Stripe where that can settle a difference.")
    ] = False,
    days: Annotated[int, typer.Option(help="How far back objects at Stripe are looked at.", min=1, max=3660)] = 45,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait for its end, or print its id and go.")] = True,
    reconciliation_id: Annotated[
        str | None, typer.Option("--id", help="Show this one, which was begun before; begin none.")
    ] = None,
) -> Answer:
    """Hold every account against Stripe, and say what differs: money, invoices, customers, subscriptions, refunds.

    Nothing is changed on either side. With --repair, accounts that can settle a difference by looking at Stripe are
    made to look; what they do is by the rules, and in their timelines. It goes on in the background if this is ended.
    Exits with 1 where anything differs.
    """
    begun = reconciliation_id or remote.client.begin_reconciliation(repair=repair, days=days).id
    if not wait:
        return _answer(remote.client.get_reconciliation(begun))
    done = 0
    with progress("accounts", None, quiet=remote.as_json) as step:
        while (found := remote.client.get_reconciliation(begun)).status == "running":
            seen = found.report.accounts if found.report else done
            for _ in range(seen - done):
                step()
            done = seen
            time.sleep(PAUSE)
    return _answer(found)


def _answer(found: "ReconciliationView") -> Answer:
    report = found.report
    if found.status == "running":
        note = f"It goes on in the background: reprise accounts reconcile --id {found.id}"
        return Answer(found, _table(found), note, ExitCode.ACCEPTED)
    if found.status != "completed" or report is None:
        note = "Its workflow was ended from outside: this is how far it came. Begin another."
        return Answer(found, _table(found), note, ExitCode.ERROR)
    note = f"{report.accounts} accounts and {report.objects} objects at Stripe were looked at."
    if not report.differences:
        return Answer(found, "Nothing differs.", note)
    hinted = f" {report.hinted} accounts were made to look." if report.hinted else ""
    return Answer(found, _table(found), f"{note} {report.differences} differences.{hinted}", ExitCode.ERROR)


def _table(found: "ReconciliationView") -> "RenderableType":
    from reprise.cli.rendering import money, table

    findings = found.report.findings if found.report else ()
    rows = [
        (
            each.account_id,
            each.kind,
            each.subject,
            money(each.amount, each.currency),
            each.detail,
            "looks" if each.hinted else None,
        )
        for each in findings[:MAX_ROWS]
    ]
    made = table(("account", "what", "which", "amount", "why", ""), rows)
    made.caption = f"and {len(findings) - MAX_ROWS} more: --json has them" if len(findings) > MAX_ROWS else None
    return made
