"""Revoked tokens: by their id (`jti`), or all that were issued to a subject before an instant.

Each revocation is a workflow that runs for as long as it holds, as a portal's session is: every API process knows it,
no worker has to be up, and no database of ours is needed. What the server says is believed for a few seconds, so that a
request costs no more than it did; a revocation holds everywhere within that time.
"""

import asyncio
import time
from collections import OrderedDict
from datetime import UTC, datetime
from typing import Final

from temporalio.client import Client, WorkflowExecutionDescription, WorkflowExecutionStatus
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.service import RPCError, RPCStatusCode

from reprise.accounts.reading import READ_TIMEOUT
from reprise.errors import Unavailable
from reprise.workflows.messages import REVOCATION, TASK_QUEUE, RevocationRun, revocation_id

BELIEVED_FOR: Final = 5.0
"""Seconds that an answer of the server's is believed: so long may a revoked token still be taken elsewhere."""

REMEMBERED: Final = 10_000
"""How many answers are remembered."""


class RevocationRecords:
    """The revocations as Temporal keeps them: one workflow each, found by its id."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def running(self, record: str) -> WorkflowExecutionDescription | None:
        """Return what is known of a revocation; None when there is none, or it is over.

        Raises:
            Unavailable: Temporal is out of reach.
        """
        try:
            described = await self._client.get_workflow_handle(record).describe(rpc_timeout=READ_TIMEOUT)
        except (RPCError, RuntimeError) as error:
            if isinstance(error, RPCError) and error.status is RPCStatusCode.NOT_FOUND:
                return None
            raise Unavailable("Temporal cannot be reached. Try again.") from error
        return described if described.status is WorkflowExecutionStatus.RUNNING else None

    async def begin(self, record: str, summary: str, seconds: float | None, **memo: float) -> None:
        """Let a revocation run, in place of one of the same id.

        Raises:
            Unavailable: Temporal is out of reach.
        """
        try:
            await self._client.start_workflow(
                REVOCATION,
                RevocationRun(seconds=seconds),
                id=record,
                task_queue=TASK_QUEUE,
                id_conflict_policy=WorkflowIDConflictPolicy.TERMINATE_EXISTING,
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
                memo=memo or None,
                static_summary=summary,
                rpc_timeout=READ_TIMEOUT,
            )
        except (RPCError, RuntimeError) as error:
            raise Unavailable("Temporal cannot be reached. Nothing is known to be revoked: send it again.") from error


class Revocations:
    """Which tokens are revoked, for one API process."""

    def __init__(self, client: Client) -> None:
        self._records = RevocationRecords(client)
        self._known: OrderedDict[str, tuple[float, float | None]] = OrderedDict()

    async def holds(self, subject: str, token_id: str | None, issued_at: int | None) -> bool:
        """Say whether a token is revoked: by its id, or with all of its subject that are as old.

        A token that does not say when it was issued is older than any revocation of its subject.

        Raises:
            Unavailable: It cannot be known.
        """
        asked = [self._revoked_until(_of_subject(subject))]
        if token_id is not None:
            asked.append(self._revoked_until(_of_token(token_id)))
        before, *by_id = await asyncio.gather(*asked)
        return any(by_id) or (before is not None and (issued_at is None or issued_at < before))

    async def _revoked_until(self, record: str) -> float | None:
        """Return before which instant a token must have been issued to be revoked by a record; None if by none."""
        known = self._known.get(record)
        if known is not None and time.monotonic() - known[0] < BELIEVED_FOR:
            return known[1]
        described = await self._records.running(record)
        before = None
        if described is not None:
            before = float(await described.memo_value("not_before", default=float("inf")))
        self._known[record] = (time.monotonic(), before)
        self._known.move_to_end(record)
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return before

    async def revoke_token(self, token_id: str, expires_at: datetime | None) -> None:
        """Revoke one token; until it expires by itself, or for good.

        Raises:
            Unavailable: Temporal is out of reach.
        """
        seconds = None
        if expires_at is not None:  # with some time more: clocks differ, and tokens have a leeway
            seconds = max(0.0, (expires_at - datetime.now(UTC)).total_seconds()) + 3600
        await self._records.begin(_of_token(token_id), "A token is revoked", seconds)
        self._known.pop(_of_token(token_id), None)

    async def revoke_subject(self, subject: str, not_before: datetime | None) -> None:
        """Revoke all tokens of a subject that were issued before an instant, by default until now.

        Raises:
            Unavailable: Temporal is out of reach.
        """
        record = _of_subject(subject)
        # Tokens say whole seconds: one of this second is as old as what is revoked now.
        before = float(int(time.time()) + 1) if not_before is None else not_before.timestamp()
        if earlier := await self._records.running(record):
            before = max(before, float(await earlier.memo_value("not_before", default=0.0)))
        await self._records.begin(record, "A subject's earlier tokens are revoked", None, not_before=before)
        self._known.pop(record, None)


def _of_token(token_id: str) -> str:
    return revocation_id("token", token_id)


def _of_subject(subject: str) -> str:
    return revocation_id("subject", subject)
