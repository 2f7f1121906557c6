"""Writes every account into a file that importing reads: whole records, or the fields of an opening (R25, R27)."""

import asyncio
import csv
import io
import json
import os
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from reprise.client import AsyncClient
from reprise.statemachine.account import Account, AccountState
from reprise.transfer.checking import RECORD
from reprise.transfer.rows import COLUMNS, Format, NoRows, Row, csv_line, read_rows

AT_ONCE = 16
"""How many records are asked for at the same time."""


@dataclass
class ExportReport:
    """How many accounts were written, and which were not: a closed account has no opening to write."""

    written: int = 0
    kept: int = 0
    """Of those, how many an earlier export had written that was gone on with."""
    left_out: int = 0


def part_of(target: Path) -> Path:
    """Return where an export stands while it is under way; its target is there only once it is whole."""
    return target.with_name(f".{target.name}.part")


async def export_accounts(
    client: AsyncClient,
    target: Path,
    form: Format,
    *,
    resume: bool = False,
    told: Callable[[ExportReport], None] | None = None,
) -> ExportReport:
    """Write every account, also those that are closed or whose workflow was ended; the file appears when it is whole.

    Nobody but its owner can read it: it says who the customers are. `resume` goes on where an export of the same
    target has stopped; what that has written stays as it was then.

    Raises:
        ClientError: The API is out of reach, or does not let the caller. What was written so far stays beside the
            target, for `resume`.
        NoRows: What stands there is not the beginning of such an export.
        OSError: The file cannot be written.
    """
    part, report = part_of(target), ExportReport()
    there = _whole_lines(part, form) if resume and part.exists() else set[str]()
    report.written = report.kept = len(there)
    flags = os.O_WRONLY | os.O_CREAT | (os.O_APPEND if there else os.O_TRUNC)
    with os.fdopen(os.open(part, flags, 0o600), "w", encoding="utf-8", newline="") as file:
        await export_to(client, file, form, report=report, but=there, told=told)
        file.flush()
        os.fsync(file.fileno())
    part.replace(target)
    return report


async def export_to(
    client: AsyncClient,
    file: IO[str],
    form: Format,
    *,
    report: ExportReport,
    but: set[str] | None = None,
    told: Callable[[ExportReport], None] | None = None,
) -> None:
    """Write every account to a stream, as it is read, but those of some ids. Errors as of `export_accounts`."""
    if form is Format.CSV and not but:
        file.write(_csv([*COLUMNS]))
    async for account_id, record in _records(client, but or set()):
        line = json.dumps({"account_id": account_id, RECORD: record}, ensure_ascii=False) + "\n"
        if form is Format.CSV:
            opening = opening_of(record)
            line = "" if opening is None else _csv(csv_line(opening))
        file.write(line)
        report.written += bool(line)
        report.left_out += not line
        if told:
            told(report)


async def _records(client: AsyncClient, but: set[str]) -> AsyncIterator[tuple[str, dict[str, Any]]]:
    """Return each account's whole record, in the list's order; several are asked for at once."""
    seen, waiting = set(but), list[tuple[str, asyncio.Task[dict[str, Any]]]]()
    try:
        async for each in client.iter_accounts(limit=100):
            if each.account_id in seen:
                continue
            seen.add(each.account_id)
            waiting.append((each.account_id, asyncio.ensure_future(client.get_record(each.account_id))))
            if len(waiting) == AT_ONCE:
                account_id, record = waiting.pop(0)
                yield account_id, await record
        while waiting:
            account_id, record = waiting.pop(0)
            yield account_id, await record
    finally:
        for _, record in waiting:
            record.cancel()
        await asyncio.gather(*(record for _, record in waiting), return_exceptions=True)


def opening_of(record: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return how an account would be opened that stands as a record says; None for one that is closed (R13).

    Less than the record: state, timeline and counters of payments stay behind. One that is out of service opens out of
    service, as paid until its term's end.
    """
    account = Account.model_validate(record["run"]["account"])
    if account.state is AccountState.CLOSED or account.email is None:
        return None
    paid_through = account.term.end if account.term else account.opened_at
    policy = account.policy.model_dump(mode="json", exclude_defaults=True)
    return {
        "account_id": account.account_id,
        "email": account.email,
        "carts": account.carts,
        "plan": account.plan.model_dump(mode="json"),
        "timezone": account.timezone,
        "paid_through": _written(paid_through),
        "anchor": _written(account.anchor) if account.anchor and account.term else None,
        "customer_id": account.customer_id,
        "opened_at": _written(account.opened_at),
        "cancelled": account.state is AccountState.CANCELLED,
        "policy": policy,
    }


def _written(moment: Any) -> str:
    return str(moment.isoformat().replace("+00:00", "Z"))


def _csv(cells: list[str]) -> str:
    made = io.StringIO()
    csv.writer(made, lineterminator="\n").writerow(cells)
    return made.getvalue()


def _whole_lines(part: Path, form: Format) -> set[str]:
    """Cut a line off that was not written to its end, and return the accounts that stand in the others.

    Raises:
        NoRows: It is no such file.
    """
    with part.open("rb+") as file:
        content = file.read()
        file.truncate(content.rfind(b"\n") + 1)
    found = set()
    for row in read_rows(part, form) if content else ():
        account_id = row.values.get("account_id") if isinstance(row, Row) else None
        if not isinstance(account_id, str):
            raise NoRows(f"{part} is not the beginning of an export: begin anew, without --resume.")
        found.add(account_id)
    return found
