"""Whether rows may be opened: by the model of the HTTP body and by the core, before anything is sent (R20, R25)."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from pydantic import ValidationError

from reprise.schemas.api import OpenAccountBody
from reprise.statemachine import machine
from reprise.statemachine.account import Account
from reprise.statemachine.commands import OpenAccount
from reprise.statemachine.refusals import Refused
from reprise.transfer.rows import RefusedRow, Row

RECORD: Final = "record"
"""The field of a row that holds a whole record, as `accounts export` writes it."""


@dataclass(frozen=True)
class Opening:
    """A row that opens an account."""

    line: int
    body: OpenAccountBody

    @property
    def account_id(self) -> str:
        """The account's id."""
        return self.body.account_id

    @property
    def key(self) -> str:
        """The idempotency key: made from the row alone, so that the same row is the same request, whenever it comes.

        What has its default does not count: a field that a later release adds changes no key.
        """
        return _key_of(self.body.model_dump(mode="json", exclude_defaults=True))


@dataclass(frozen=True)
class Restoring:
    """A row that restores an account from its whole record (R27)."""

    line: int
    account_id: str
    record: Mapping[str, Any]

    @property
    def key(self) -> str:
        """The idempotency key, made from the record."""
        return _key_of({"account_id": self.account_id, RECORD: self.record})


@dataclass
class Checked:
    """What a file comes to: what may be opened or restored, in its order, and what may not, with every reason."""

    taken: list[Opening | Restoring] = field(default_factory=list)
    refused: list[RefusedRow] = field(default_factory=list)

    @property
    def refused_rows(self) -> int:
        """How many rows are refused; each may be refused for several reasons."""
        return len({each.line for each in self.refused})


def check_rows(rows: Iterable[Row | RefusedRow], now: datetime) -> Checked:
    """Check every row, whatever is wrong with others.

    Args:
        rows: The rows of a file.
        now: The time, in UTC, by which the core decides what may be opened.
    """
    checked, seen = Checked(), dict[str, int]()
    for row in rows:
        if isinstance(row, RefusedRow):
            checked.refused.append(row)
            continue
        found = _restoring(row) if RECORD in row.values else _opening(row, now)
        if isinstance(found, list):
            checked.refused.extend(found)
        elif found.account_id in seen:
            reason = f"the account stands in line {seen[found.account_id]} already"
            checked.refused.append(RefusedRow(row.line, found.account_id, "account_id", reason))
        else:
            seen[found.account_id] = row.line
            checked.taken.append(found)
    return checked


def _restoring(row: Row) -> Restoring | list[RefusedRow]:
    account_id, record = row.values.get("account_id"), row.values[RECORD]
    if not isinstance(account_id, str) or not isinstance(record, dict):
        return [RefusedRow(row.line, None, RECORD, "must be a whole record, as `accounts export` has written it")]
    try:
        of = Account.model_validate(record["run"]["account"]).account_id
    except (KeyError, TypeError):
        return [RefusedRow(row.line, account_id, f"{RECORD}.run.account", "is missing")]
    except ValidationError as error:
        where = f"{RECORD}.run.account"
        return [
            RefusedRow(row.line, account_id, _field((where, *e["loc"])), _sentence(e["msg"])) for e in error.errors()
        ]
    if of != account_id:
        return [RefusedRow(row.line, account_id, "account_id", f"is not the record's own, {of}")]
    unknown = row.values.keys() - {"account_id", RECORD}
    if unknown:
        reason = "cannot stand beside a whole record, which says all of it"
        return [RefusedRow(row.line, account_id, sorted(unknown)[0], reason)]
    return Restoring(row.line, account_id, record)


def _opening(row: Row, now: datetime) -> Opening | list[RefusedRow]:
    account_id = row.values.get("account_id")
    named = account_id if isinstance(account_id, str) else None

    def refused(where: str | None, why: str) -> RefusedRow:
        return RefusedRow(row.line, named, where, why)

    wrong = []
    if row.values.get("paid_through") is None:
        wrong.append(
            refused(
                "paid_through",
                "is missing: importing charges nothing (R25), so say until when the account is paid, or was",
            )
        )
    try:
        body = OpenAccountBody.model_validate_json(json.dumps(row.values))
    except ValidationError as error:
        return wrong + [refused(_field(each["loc"]), _sentence(each["msg"])) for each in error.errors()]
    if wrong:
        return wrong
    try:
        machine.open_account(OpenAccount(**dict(body)), now)
    except Refused as error:
        return [refused(error.field, error.message)]
    return Opening(row.line, body)


def _field(location: tuple[int | str, ...]) -> str | None:
    return ".".join(map(str, location)) or None


def _sentence(message: str) -> str:
    return message.removeprefix("Value error, ")


def _key_of(content: Mapping[str, Any]) -> str:
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return f"import-{hashlib.sha256(canonical.encode()).hexdigest()[:40]}"
