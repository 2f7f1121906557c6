"""Reads of accounts: queries to a worker, and what the server knows without one (R16, R27)."""

import asyncio
import re
from datetime import timedelta
from typing import Any, Final, TypeVar

import structlog
from temporalio.client import (
    Client,
    WorkflowExecutionDescription,
    WorkflowExecutionStatus,
    WorkflowHandle,
    WorkflowQueryFailedError,
    WorkflowQueryRejectedError,
)
from temporalio.common import QueryRejectCondition
from temporalio.service import RPCError

from reprise.accounts.description import AccountDescription, is_account
from reprise.accounts.errors import AccountNotFound, CommandRefused, RecordUnreadable
from reprise.accounts.records import AccountRecord
from reprise.accounts.restoring import account_of, input_of
from reprise.accounts.sending import PAUSE, PAUSED, called, error_of
from reprise.errors import Unavailable
from reprise.schemas.accounts import AccountView
from reprise.schemas.announcements import EndpointBacklog
from reprise.statemachine import machine
from reprise.statemachine.account import ACCOUNT_ID, AccountState
from reprise.statemachine.quotes import Quote
from reprise.statemachine.refusals import Refused
from reprise.statemachine.timeline import TimelineEntry
from reprise.temporal.answers import BEFORE_ITS_TIME, LAST_RECORD, NOT_YET
from reprise.workflows.account_views import account_view
from reprise.workflows.messages import AccountRun, AskedAt, QuoteAnswer, Refusal, workflow_id

log = structlog.get_logger()

READ_TIMEOUT: Final = timedelta(seconds=4)
"""How long a read may take before the engine counts as out of reach."""

_ASKED_AGAIN: Final = 20
"""How often a query is asked again that came at the wrong moment."""

T = TypeVar("T")


class _HasEnded(Exception):  # noqa: N818 - it has
    """The workflow that was asked has ended."""


class _Unreadable(Unavailable):
    """A worker has tried to answer a query, and could not."""


class Reads:
    """What can be asked of an account. One whose workflow has ended answers from its last record (R27)."""

    client: Client

    async def account(self, account_id: str) -> AccountView:
        """Return the account as it stands; `restorable`, where its workflow was ended from outside (R27).

        Raises:
            AccountNotFound: There is none.
            RecordUnreadable: Its workflow has ended, and its history cannot be replayed.
            Unavailable: No worker has answered in time, or Temporal is out of reach.
        """
        try:
            return await self._query(account_id, "account", AccountView)
        except _HasEnded:
            last = account_of(await self._last_record(account_id))
            return account_view(last).model_copy(update={"restorable": last.state is not AccountState.CLOSED})

    async def quote(self, account_id: str) -> Quote:
        """Return what coming back costs now, by the account's own clock (R7). Errors as of `account`, and these.

        Raises:
            CommandRefused: The account does not come back by paying.
        """
        now = (await self.describe(account_id)).now
        try:
            answer = await self._query(account_id, "quote", QuoteAnswer, AskedAt(now=now))
        except _HasEnded:
            last = account_of(await self._last_record(account_id))
            try:
                return machine.quote(last, now)
            except Refused as refused:
                raise CommandRefused(Refusal.of(refused)) from refused
        if answer.quote is None:
            assert answer.refusal is not None, "an answer without a quote says why"
            raise CommandRefused(answer.refusal)
        return answer.quote

    async def timeline(self, account_id: str) -> list[TimelineEntry]:
        """Return the timeline, oldest first (R17). Errors as of `account`."""
        try:
            return await self._query(account_id, "timeline", list[TimelineEntry])
        except _HasEnded:
            return list(account_of(await self._last_record(account_id)).timeline)

    async def undelivered(self, account_id: str) -> list[EndpointBacklog]:
        """Return what each announcement endpoint has not taken yet (R18). Errors as of `account`."""
        return await self._query(account_id, "undelivered", list[EndpointBacklog])

    async def customer_id(self, account_id: str) -> str | None:
        """Return the id of the account's customer at Stripe, None where it has none (yet). Errors as of `account`."""
        try:
            return await self._query(account_id, "customer_id", str | None)  # type: ignore[arg-type]
        except _HasEnded:
            return account_of(await self._last_record(account_id)).customer_id

    async def record(self, account_id: str, *, from_run_start: bool = False) -> AccountRecord:
        """Return all of an account; with `from_run_start`, as it stood when its last run began (R27).

        Errors as of `account`.
        """
        execution = await self._run(account_id)
        if from_run_start:
            return AccountRecord(recorded_at=execution.start_time, run=await input_of(self.client, execution))
        now = AccountDescription.of(execution).now
        try:
            return AccountRecord(recorded_at=now, run=await self._query(account_id, "record", AccountRun))
        except _HasEnded:
            ended_at = execution.close_time or now
            return AccountRecord(recorded_at=ended_at, run=await self._last_record(account_id))

    async def _last_record(self, account_id: str) -> AccountRun:
        """Return the record of an account whose workflow has ended: with all that had come to it."""
        try:
            return await self._query(account_id, LAST_RECORD, AccountRun, of_ended=True)
        except _Unreadable as error:
            raise RecordUnreadable from error

    async def describe(self, account_id: str) -> AccountDescription:
        """Return what the server knows without a worker (R16); of an account whose workflow has ended, its last (R27).

        Raises:
            AccountNotFound: There is no such account; one whose opening was refused has never been one.
        """
        return AccountDescription.of(await self._run(account_id))

    async def _run(self, account_id: str) -> WorkflowExecutionDescription:
        description = await self._described(_workflow_of(account_id))
        if not is_account(description):
            raise AccountNotFound
        return description

    async def _described(self, workflow: str) -> WorkflowExecutionDescription:
        return await called(self.client.get_workflow_handle(workflow).describe(rpc_timeout=READ_TIMEOUT))

    async def _query(
        self,
        account_id: str,
        name: str,
        answer: type[T],
        argument: AskedAt | None = None,
        *,
        of_ended: bool = False,
    ) -> T:
        arguments = [] if argument is None else [argument]
        reject = None if of_ended else QueryRejectCondition.NOT_OPEN
        for attempt in range(_ASKED_AGAIN):
            query = self._handle(account_id).query(
                name, args=arguments, result_type=answer, reject_condition=reject, rpc_timeout=READ_TIMEOUT
            )
            last = attempt == _ASKED_AGAIN - 1
            try:
                result: T = await query
                return result
            except WorkflowQueryRejectedError as error:
                if error.status is WorkflowExecutionStatus.RUNNING:  # open, and yet it is not to be asked
                    raise Unavailable(PAUSED) from error
                await self.describe(account_id)  # what never was an account is none
                raise _HasEnded from error
            except WorkflowQueryFailedError as error:
                if BEFORE_ITS_TIME not in str(error) or last:
                    log.error("a worker could not answer", query=name, why=str(error)[:500])
                    raise _Unreadable("The account's worker could not answer. Try again.") from error
                await asyncio.sleep(PAUSE)
            except RPCError as error:
                if NOT_YET not in str(error) or last:
                    raise error_of(error) from error
                await asyncio.sleep(PAUSE)
            except RuntimeError as error:
                raise error_of(error) from error
        raise AssertionError("the loop returns or raises")

    def _handle(self, account_id: str) -> WorkflowHandle[Any, Any]:
        return self.client.get_workflow_handle(_workflow_of(account_id))


def _workflow_of(account_id: str) -> str:
    if not re.fullmatch(ACCOUNT_ID, account_id):  # nothing that Temporal could be asked for
        raise AccountNotFound
    return workflow_id(account_id)
