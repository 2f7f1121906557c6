"""Opens the accounts of a file over the HTTP API: each once, however often the import is ended and begun again."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from reprise.client import (
    Access,
    AccountExists,
    AccountNotFound,
    AsyncClient,
    ClientError,
    Conflict,
    Forbidden,
    IdempotencyKeyReused,
    InvalidRequest,
    Problem,
    TooManyRequests,
    Unauthorized,
    Unavailable,
)
from reprise.transfer.checking import Opening, Restoring

CONCURRENCY = 16
"""How many accounts are opened at the same time, by itself: enough to keep a worker and an API process busy."""

_NOT_OF_A_ROW = (Unauthorized, Forbidden, Unavailable, TooManyRequests)
"""Errors that are no row's fault, over all tries of the client: every other row would meet them too."""


class Result(StrEnum):
    """What has become of a row."""

    OPENED = "opened"
    RESTORED = "restored"
    ALREADY_THERE = "already_there"
    CONFLICT = "conflict"
    REFUSED = "refused"


@dataclass(frozen=True)
class Imported:
    """A row, and what has become of it; `field` and `reason` say why it was refused, or conflicts."""

    line: int
    account_id: str | None
    result: Result
    field: str | None = None
    reason: str | None = None


@dataclass
class ImportReport:
    """What an import came to: how many rows of each result, and those that did not come in."""

    counts: Counter[Result] = field(default_factory=Counter)
    not_imported: list[Imported] = field(default_factory=list)

    def refuse(self, line: int, account_id: str | None, field: str | None, reason: str) -> None:
        """Count a row that was refused before it was sent; a row may be refused for several reasons."""
        if not any(each.line == line for each in self.not_imported):
            self.counts[Result.REFUSED] += 1
        self.not_imported.append(Imported(line, account_id, Result.REFUSED, field, reason))

    def add(self, imported: Imported) -> None:
        """Count a row."""
        self.counts[imported.result] += 1
        if imported.result in {Result.CONFLICT, Result.REFUSED}:
            self.not_imported.append(imported)


async def import_accounts(
    client: AsyncClient,
    rows: Iterable[Opening | Restoring],
    *,
    concurrency: int = CONCURRENCY,
    told: Callable[[Imported], None] | None = None,
) -> ImportReport:
    """Open or restore accounts, several at a time. The client waits where the API says so (429, 503).

    A row is sent under an idempotency key that is made from it alone: an account that this very row has opened is
    already there, one that exists otherwise is a conflict, and neither is changed.

    Args:
        client: The API.
        rows: What to open, checked.
        concurrency: How many at the same time.
        told: Is told of each row as it is done.

    Raises:
        ClientError: The API is out of reach, or does not let the caller. What was opened by then stays so; the same
            import again goes on.
    """
    report, left = ImportReport(), iter(rows)

    async def work() -> None:
        for row in _shared(left):
            imported = await _import(client, row)
            report.add(imported)
            if told:
                told(imported)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(concurrency):
                group.create_task(work())
    except* ClientError as several:
        raise _first(several) from None
    return report


def _shared(left: Iterator[Opening | Restoring]) -> Iterator[Opening | Restoring]:
    """Go through what is left, beside others who do: each row is one's alone, since no step between two awaits is."""
    while (row := next(left, None)) is not None:
        yield row


def _first(several: BaseExceptionGroup[ClientError]) -> ClientError:
    first = several.exceptions[0]
    assert isinstance(first, ClientError), "tasks raise it without a group"
    return first


async def _import(client: AsyncClient, row: Opening | Restoring) -> Imported:
    try:
        result = await (_open(client, row) if isinstance(row, Opening) else _restore(client, row))
    except _NOT_OF_A_ROW:
        raise
    except (AccountExists, IdempotencyKeyReused) as error:
        return Imported(row.line, row.account_id, Result.CONFLICT, "account_id", _exists(error))
    except Conflict as error:
        return Imported(row.line, row.account_id, Result.CONFLICT, None, str(error))
    except InvalidRequest as error:
        field = error.errors[0].field if error.errors else None
        said = "; ".join(each.message for each in error.errors) or str(error)
        return Imported(row.line, row.account_id, Result.REFUSED, field, said)
    except Problem as error:
        return Imported(row.line, row.account_id, Result.REFUSED, None, str(error))
    return Imported(row.line, row.account_id, result)


def _exists(error: Problem) -> str:
    if isinstance(error, IdempotencyKeyReused):
        return str(error)
    return "an account of this id exists that this row has not opened, or it was closed since; it was not changed"


async def _open(client: AsyncClient, row: Opening) -> Result:
    """Open an account; one that is there is sent the same request again, by which the API says whose it is (R14)."""
    access = await _access(client, row.account_id)
    body = row.body
    given = {name: getattr(body, name) for name in body.model_fields_set - {"account_id"}}
    await client.open_account(body.account_id, **given, idempotency_key=row.key)
    return Result.OPENED if access is None else Result.ALREADY_THERE


async def _access(client: AsyncClient, account_id: str) -> Access | None:
    try:
        return await client.get_access(account_id)
    except AccountNotFound:
        return None


async def _restore(client: AsyncClient, row: Restoring) -> Result:
    """Restore an account; one that runs, or is closed, is left as it is.

    Where its workflow was ended from outside, Temporal has its last record, which is newer than that of any file.
    """
    access = await _access(client, row.account_id)
    if access is not None and not access.restorable:
        return Result.ALREADY_THERE
    if access is None:
        await client.restore(row.account_id, record=row.record, idempotency_key=row.key)
    else:
        await client.restore(row.account_id)
    return Result.RESTORED
