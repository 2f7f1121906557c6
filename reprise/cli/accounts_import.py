"""`reprise accounts import`: accounts from a file, or from subscriptions at Stripe (R25)."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from reprise.cli.accounts import accounts
from reprise.cli.errors import CliError
from reprise.cli.exit_codes import ExitCode
from reprise.cli.progress import progress
from reprise.cli.remote import Answer, Remote, remote_command

if TYPE_CHECKING:
    from rich.console import RenderableType

    from reprise.settings import StripeSettings
    from reprise.transfer.checking import Checked, Opening, Restoring
    from reprise.transfer.from_stripe import Subscribed
    from reprise.transfer.importing import ImportReport
    from reprise.transfer.rows import RefusedRow

PATIENCE = 300.0
"""Seconds in which each row is tried again by itself: an import waits longer than a person does."""

MOST_SHOWN = 50
"""How many rows a table shows; `--json` has all."""


@remote_command(
    accounts,
    "reprise accounts import customers.csv --dry-run",
    "reprise accounts import customers.csv",
    "reprise accounts import backup.jsonl --skip-refused",
    "STRIPE_API_KEY=rk_live_… reprise accounts import --from-stripe --dry-run",
    "reprise accounts import --from-stripe --account-id-from shop_id --cancel-at-period-end",
    name="import",
)
def import_(
    remote: Remote,
    file: Annotated[
        Path | None, typer.Argument(help="A .csv with the fields of an opening, or a .jsonl with these or records.")
    ] = None,
    from_stripe: Annotated[
        bool, typer.Option("--from-stripe", help="Take subscriptions over from Stripe; STRIPE_API_KEY is the key.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check everything and show it; open nothing.")] = False,
    skip_refused: Annotated[
        bool, typer.Option("--skip-refused", help="Open the others when rows are refused; by itself, none is opened.")
    ] = False,
    file_format: Annotated[str | None, typer.Option("--format", help="csv or jsonl, if the name does not say.")] = None,
    concurrency: Annotated[int, typer.Option(help="How many accounts are opened at once.", min=1, max=200)] = 16,
    account_id_from: Annotated[
        str | None, typer.Option(help="With --from-stripe: which metadata of a subscription is the account's id.")
    ] = None,
    cancel_at_period_end: Annotated[
        bool,
        typer.Option("--cancel-at-period-end", help="With --from-stripe: tell Stripe to end what was taken over."),
    ] = False,
) -> Answer:
    """Open many accounts, each once, however often this is ended and run again. Nothing is charged by importing.

    Every row is checked before any is opened, and all that is wrong is told at once. A row that has been imported is
    known again; an account that exists otherwise is left alone, and told as a conflict.
    """
    from reprise.transfer.checking import check_rows

    if (file is None) == (not from_stripe):
        raise CliError("Say what to import: a file, or --from-stripe.", "nothing_to_import")
    if not from_stripe and (account_id_from or cancel_at_period_end):
        raise CliError("--account-id-from and --cancel-at-period-end go with --from-stripe.", "not_from_stripe")
    settings = _stripe_settings() if from_stripe else None
    subscribed = _subscribed(settings, account_id_from) if settings else None
    rows = subscribed.rows if subscribed else _rows(file, file_format)
    checked = check_rows(rows, datetime.now(UTC))
    if dry_run or (checked.refused and not skip_refused):
        return _checked(checked, dry_run=dry_run)
    report = _imported(remote, checked.taken, concurrency)
    for each in checked.refused:
        report.refuse(each.line, each.account_id, each.field, each.reason)
    note = None
    if settings and subscribed:
        note = _switched(remote, settings, subscribed, checked, report, end=cancel_at_period_end)
    return Answer(_document(report), _table(report), note, ExitCode.REFUSED if report.not_imported else ExitCode.OK)


# ---------------------------------------------------------------- what there is to import


def _rows(file: Path | None, file_format: str | None) -> "Iterable[Any]":
    from reprise.transfer.rows import Format, NoRows, read_rows

    assert file is not None, "without one, it is from Stripe"
    try:
        return list(read_rows(file, Format(file_format) if file_format else None))
    except NoRows as error:
        raise CliError(str(error), "not_readable") from error
    except ValueError as error:
        raise CliError("--format is csv or jsonl.", "not_readable") from error


def _stripe_settings() -> "StripeSettings":
    """Return how to reach Stripe: by the environment, or the sandbox of the `reprise dev` that runs here."""
    from pydantic import ValidationError

    from reprise.local import directory
    from reprise.local.errors import LocalError
    from reprise.logs import silence_logs
    from reprise.settings import StripeSettings

    silence_logs()
    try:
        return StripeSettings()
    except ValidationError:
        pass
    try:
        running = directory.find_running()
    except LocalError as error:
        raise CliError(str(error), "dev_not_readable", ExitCode.ERROR) from error
    if running is None or not running.has_sandbox:
        raise CliError("Stripe's key is missing: set STRIPE_API_KEY to one that may read subscriptions.", "no_key")
    return StripeSettings.model_validate({"STRIPE_API_KEY": "sk_test_reprise", "stripe_url": running.stripe})


def _subscribed(settings: "StripeSettings", id_from: str | None) -> "Subscribed":
    from reprise.transfer.from_stripe import read_subscriptions

    return _of_stripe(lambda: asyncio.run(read_subscriptions(settings, id_from)))


T = TypeVar("T")


def _of_stripe(ask: Callable[[], T]) -> T:
    from reprise.errors import RepriseError

    try:
        return ask()
    except RepriseError as error:
        raise CliError(str(error), error.code, ExitCode.UNAVAILABLE) from error


# ---------------------------------------------------------------- how they are opened


def _imported(remote: Remote, rows: "list[Opening | Restoring]", concurrency: int) -> "ImportReport":
    from reprise.transfer.importing import import_accounts

    async def run() -> "ImportReport":
        with progress("importing", len(rows), quiet=remote.as_json) as step:
            async with remote.async_client().with_options(retry_for=max(remote.retry_for, PATIENCE)) as client:
                return await import_accounts(client, rows, concurrency=concurrency, told=lambda _: step())

    return asyncio.run(run())


def _switched(
    remote: Remote,
    settings: "StripeSettings",
    subscribed: "Subscribed",
    checked: "Checked",
    report: "ImportReport",
    *,
    end: bool,
) -> str:
    """End at Stripe what accounts have taken over, if that is wanted; say what goes on there."""
    from reprise.transfer.from_stripe import end_subscriptions

    lost = {each.line for each in report.not_imported}
    over = [subscribed.taken[each.line] for each in checked.taken if each.line not in lost]
    go_on = [each for each in over if each.goes_on]
    if not go_on:
        return "Stripe charges none of them again."
    if not end:
        return (
            f"{len(go_on)} of these subscriptions go on at Stripe, and charge again at their period's end, as the"
            " accounts do: run this again with --cancel-at-period-end before the first of them ends."
        )
    with progress("ending at Stripe", len(go_on), quiet=remote.as_json) as step:
        _of_stripe(lambda: asyncio.run(end_subscriptions(settings, go_on, lambda _: step())))
    return f"{len(go_on)} subscriptions end at Stripe with their paid period; the accounts renew from then on."


# ---------------------------------------------------------------- what is said of it


def _checked(checked: "Checked", *, dry_run: bool) -> Answer:
    from rich.console import Group

    from reprise.transfer.checking import Opening

    bodies = [each.body for each in checked.taken if isinstance(each, Opening)]
    document = {
        "would_open": len(bodies),
        "would_restore": len(checked.taken) - len(bodies),
        "refused": checked.refused_rows,
        "rows": [asdict(each) for each in checked.refused],
    }
    if dry_run:
        document["accounts"] = [each.model_dump(mode="json", exclude_defaults=True) for each in bodies]
    parts = [_openings(bodies)] if dry_run and bodies else []
    parts += [_refusals(checked.refused)] if checked.refused else []
    counted = f"{len(bodies)} to open, {len(checked.taken) - len(bodies)} to restore, {checked.refused_rows} refused."
    note = f"{counted} Nothing was opened."
    if checked.refused and not dry_run:
        note += " Mend the rows, or open the others with --skip-refused."
    return Answer(document, Group(*parts), note, ExitCode.USAGE if checked.refused else ExitCode.OK)


def _openings(bodies: "list[Any]") -> "RenderableType":
    from reprise.cli.rendering import money, table, when

    rows = [
        (
            each.account_id,
            each.email,
            f"{each.carts} × {money(each.plan.unit_amount, each.plan.currency)}",
            when(each.paid_through),
            when(each.anchor),
            each.customer_id,
            "cancelled" if each.cancelled else None,
        )
        for each in bodies[:MOST_SHOWN]
    ]
    made = table(("account", "e-mail", "price", "paid through", "anchor", "customer", ""), rows)
    made.caption = f"and {len(bodies) - MOST_SHOWN} more" if len(bodies) > MOST_SHOWN else None
    return made


def _refusals(refused: "Iterable[RefusedRow]") -> "RenderableType":
    from reprise.cli.rendering import table

    given = list(refused)
    made = table(
        ("line", "account", "field", "why"),
        [(str(each.line), each.account_id, each.field, each.reason) for each in given[:MOST_SHOWN]],
    )
    made.caption = f"and {len(given) - MOST_SHOWN} more: --json has all" if len(given) > MOST_SHOWN else None
    return made


def _document(report: "ImportReport") -> dict[str, Any]:
    from reprise.transfer.importing import Result

    counted = {each.value: report.counts[each] for each in Result}
    return {**counted, "rows": [asdict(each) for each in report.not_imported]}


def _table(report: "ImportReport") -> "RenderableType":
    from rich.console import Group

    from reprise.cli.rendering import facts
    from reprise.transfer.importing import Result
    from reprise.transfer.rows import RefusedRow

    counted = facts((each.replace("_", " "), str(report.counts[each])) for each in Result if report.counts[each])
    wrong = [RefusedRow(each.line, each.account_id, each.field, each.reason or "") for each in report.not_imported]
    return Group(counted, "", _refusals(wrong)) if wrong else counted
