"""Talking with the accounts' workflows: commands as updates, reads as queries, all within a time-out."""

import asyncio
import re
from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import structlog
from temporalio.client import (
    Client,
    WithStartWorkflowOperation,
    WorkflowExecution,
    WorkflowExecutionDescription,
    WorkflowExecutionStatus,
    WorkflowHandle,
    WorkflowQueryFailedError,
    WorkflowQueryRejectedError,
    WorkflowUpdateFailedError,
    WorkflowUpdateHandle,
    WorkflowUpdateRPCTimeoutOrCancelledError,
    WorkflowUpdateStage,
)
from temporalio.common import QueryRejectCondition, WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from reprise.api.problems import Problem, not_found, refused, unavailable
from reprise.connection import IS_PAUSED
from reprise.statemachine import editions
from reprise.statemachine.machine import AccountMachine
from reprise.statemachine.refusals import Refused
from reprise.workflows.messages import (
    ACCOUNT_ID,
    ACCOUNT_STATE,
    BEFORE_ITS_TIME,
    OPENED_BY,
    TASK_QUEUE,
    WORKFLOW,
    AccountRun,
    AccountView,
    Answer,
    AnyCommand,
    AskedAt,
    Command,
    OpenAccount,
    PaymentHint,
    QuoteAnswer,
    Refusal,
    RefusalCode,
    TimelineEntry,
    same_command,
    workflow_id,
)

log = structlog.get_logger()

READ_TIMEOUT = timedelta(seconds=4)
"""How long a read may take before the engine counts as out of reach."""

NOT_YET = "not scheduled yet"
"""What a query is told right after the dev server skipped time; it is asked again."""

NO_WORKER = (
    "No worker took this within the time allowed. Nothing is known to be recorded: send it again with the same"
    " Idempotency-Key."
)

STOPPED = (
    "This account's workflow was ended from outside ({how}). Nothing was changed. The account can be read, and nothing"
    " is charged, until an operator takes it up again from its last record (restore)."
)

PAUSED = (
    "This account's workflow is paused in Temporal. Nothing is lost. Send it again, with the same Idempotency-Key, once"
    " an operator has pressed Unpause there."
)

T = TypeVar("T")


@dataclass(frozen=True)
class Outcome:
    """What a command came to: the account, and whether it is finished."""

    account: AccountView
    finished: bool


class Engine:
    """The accounts' workflows, for one API process."""

    def __init__(self, client: Client, *, command_wait: float, announce: bool) -> None:
        """Take a client, which may still be unconnected, and how long a command is waited for, in seconds."""
        self.client = client
        self._wait = command_wait
        self._announce = announce

    # ------------------------------------------------------------------ commands

    async def open(self, command: OpenAccount) -> Outcome:
        """Open an account (R1).

        Raises:
            Problem: The core refuses it, an account of this id exists, or the engine is out of reach.
        """
        _bind(command.account_id, command)
        try:
            provisional, _ = AccountMachine.opening(command, datetime.now(UTC))
        except Refused as error:
            raise refused(Refusal.of(error)) from error
        start = WithStartWorkflowOperation[Any, Any](
            WORKFLOW,
            AccountRun(opening=command, edition=editions.NEWEST, announce=self._announce),
            id=workflow_id(command.account_id),
            task_queue=TASK_QUEUE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            static_summary=f"Account {command.account_id}",
            memo={OPENED_BY: command.command_id},
        )
        # Nobody asks for the handle: what the SDK (1.35) puts there on an error would be logged as never retrieved.
        start._workflow_handle.add_done_callback(lambda handle: handle.cancelled() or handle.exception())  # noqa: SLF001
        update: WorkflowUpdateHandle[Answer] | None = None
        try:
            async with asyncio.timeout(self._wait):
                update = await self.client.start_update_with_start_workflow(
                    "open",
                    command,
                    start_workflow_operation=start,
                    wait_for_stage=WorkflowUpdateStage.ACCEPTED,
                    id=command.command_id,
                    result_type=Answer,
                )
                return self._outcome(await update.result(), command)
        except (TimeoutError, WorkflowUpdateRPCTimeoutOrCancelledError):
            if update is not None:
                return Outcome(await self.account(command.account_id), finished=False)
            return await self._started_without_a_worker(command, AccountView.of(provisional))
        except WorkflowAlreadyStartedError as error:  # it has ended, however it did: the id is taken all the same (R1)
            raise _exists() from error
        except WorkflowUpdateFailedError as error:
            raise _refusal_of(error) from error
        except (RPCError, RuntimeError) as error:
            raise _problem_of(error) from error

    async def _started_without_a_worker(self, command: OpenAccount, provisional: AccountView) -> Outcome:
        """Answer for a workflow that was started, and opens the account as soon as a worker is there."""
        try:
            description = await self.describe(command.account_id)
        except Problem as problem:  # Temporal came back too late to have taken it: it is not there, and may be opened
            raise unavailable(NO_WORKER) if problem.status == 404 else problem from None
        if await description.memo_value(OPENED_BY, default=None) != command.command_id:
            raise _exists()
        return Outcome(provisional, finished=False)

    async def command(self, account_id: str, command: AnyCommand) -> Outcome:
        """Send a command and wait for its answer; past the wait it goes on by itself.

        Raises:
            Problem: The account refuses it, or the engine is out of reach.
        """
        handle = self._handle(account_id)
        _bind(account_id, command)
        update: WorkflowUpdateHandle[Answer] | None = None
        try:
            async with asyncio.timeout(self._wait):
                update = await self._accepted(handle, command)
                return self._outcome(await update.result(), command)
        except (TimeoutError, WorkflowUpdateRPCTimeoutOrCancelledError):
            if update is None:
                raise unavailable(NO_WORKER) from None
            return Outcome(await self.account(account_id), finished=False)
        except WorkflowUpdateFailedError as error:
            raise _refusal_of(error) from error
        except (RPCError, RuntimeError) as error:
            raise await self._not_taken(account_id, error) from error

    async def _accepted(self, handle: WorkflowHandle[Any, Any], command: AnyCommand) -> WorkflowUpdateHandle[Answer]:
        """Send an update until a run takes it: one that meets a run which continues as new is turned away."""
        while True:
            try:
                update: WorkflowUpdateHandle[Answer] = await handle.start_update(
                    command.name,
                    command,
                    id=command.command_id,
                    wait_for_stage=WorkflowUpdateStage.ACCEPTED,
                    result_type=Answer,
                )
                return update
            except RPCError as error:
                if error.status is not RPCStatusCode.FAILED_PRECONDITION or IS_PAUSED in str(error):
                    raise
                await asyncio.sleep(0.05)

    async def send(self, account_id: str, command: AnyCommand) -> None:
        """Send a command as a signal: it is taken, or refused, without an answer."""
        _bind(account_id, command)
        await self._signal(account_id, command.name, command)

    async def hint(self, account_id: str, hint: PaymentHint) -> None:
        """Make the account look at Stripe (R15)."""
        await self._signal(account_id, "payment_hint", hint)

    async def _signal(self, account_id: str, name: str, message: Command | PaymentHint) -> None:
        try:
            await self._handle(account_id).signal(name, message, rpc_timeout=READ_TIMEOUT)
        except (RPCError, RuntimeError) as error:
            raise await self._not_taken(account_id, error) from error

    async def _not_taken(self, account_id: str, error: RPCError | RuntimeError) -> Problem:
        """Say why Temporal has not taken a message: there is no such account, or its workflow has ended (R27)."""
        if not (isinstance(error, RPCError) and error.status is RPCStatusCode.NOT_FOUND):
            return _problem_of(error)
        status = (await self.describe(account_id)).status
        if status is WorkflowExecutionStatus.RUNNING:  # taken up again meanwhile
            return unavailable("The account was just being taken up again. Send it again.")
        how = status.name.lower().replace("_", " ") if status else "gone"
        return Problem(409, "account_stopped", STOPPED.format(how=how))

    def _outcome(self, answer: Answer, command: Command) -> Outcome:
        # Temporal answers a repeated update id from its record, without looking at what was sent (R14).
        if not same_command(answer.fingerprint, command):
            message = "This idempotency key was used for another request. Use a new key for each."
            raise refused(Refusal(code=RefusalCode.IDEMPOTENCY_KEY_REUSED, message=message))
        if answer.refusal is not None:
            raise refused(answer.refusal, answer.account)
        return Outcome(answer.account, finished=True)

    # ------------------------------------------------------------------ reads

    async def account(self, account_id: str) -> AccountView:
        """Return the account as it stands."""
        return await self._query(account_id, "account", AccountView)

    async def quote(self, account_id: str) -> QuoteAnswer:
        """Return what coming back costs now, by the account's own clock (R7)."""
        asked = AskedAt(now=clock_of(await self.describe(account_id)))
        return await self._query(account_id, "quote", QuoteAnswer, asked)

    async def timeline(self, account_id: str) -> list[TimelineEntry]:
        """Return the timeline, oldest first (R17)."""
        return await self._query(account_id, "timeline", list[TimelineEntry])

    async def customer_id(self, account_id: str) -> str | None:
        """Return the account's customer at Stripe."""
        return await self._query(account_id, "customer_id", str | None)  # type: ignore[arg-type]

    async def describe(self, account_id: str) -> WorkflowExecutionDescription:
        """Return what the server knows without a worker (R16); of an account whose workflow has ended, its last (R27).

        Raises:
            Problem: 404: there is no such account; one whose opening was refused has never been one.
        """
        description = await self._asked(self._handle(account_id).describe(rpc_timeout=READ_TIMEOUT))
        if not is_account(description):
            raise not_found()
        return description

    async def is_newest(self, execution: WorkflowExecution) -> bool:
        """Say whether a run from the list is its account's newest: one that was taken up again has older ones."""
        newest = await self._asked(self.client.get_workflow_handle(execution.id).describe(rpc_timeout=READ_TIMEOUT))
        return newest.run_id == execution.run_id

    async def _query(self, account_id: str, name: str, answer: type[T], argument: AskedAt | None = None) -> T:
        arguments = [] if argument is None else [argument]
        reject: QueryRejectCondition | None = QueryRejectCondition.NOT_OPEN
        for attempt in range(20):
            query = self._handle(account_id).query(
                name, args=arguments, result_type=answer, reject_condition=reject, rpc_timeout=READ_TIMEOUT
            )
            try:
                result: T = await query
                return result
            except WorkflowQueryRejectedError as error:
                if error.status is WorkflowExecutionStatus.RUNNING:  # open, and yet it is not to be asked
                    raise unavailable(PAUSED) from error
                await self.describe(account_id)  # it has ended: what was an account answers all the same (R27)
                reject = None
            except WorkflowQueryFailedError as error:
                if BEFORE_ITS_TIME not in str(error) or attempt == 19:
                    log.error("a worker could not answer", query=name, why=str(error)[:500])
                    raise unavailable("The account's worker could not answer. Try again.") from error
                await asyncio.sleep(0.05)
            except RPCError as error:
                if NOT_YET not in str(error) or attempt == 19:
                    raise _problem_of(error) from error
                await asyncio.sleep(0.05)
            except RuntimeError as error:
                raise _problem_of(error) from error
        raise AssertionError("the loop returns or raises")

    async def _asked(self, request: Awaitable[T]) -> T:
        try:
            return await request
        except (RPCError, RuntimeError) as error:
            raise _problem_of(error) from error

    def _handle(self, account_id: str) -> WorkflowHandle[Any, Any]:
        if not re.fullmatch(ACCOUNT_ID, account_id):  # nothing that Temporal could be asked for
            raise not_found()
        return self.client.get_workflow_handle(workflow_id(account_id))


def is_account(execution: WorkflowExecution) -> bool:
    """Say whether a run is that of an account: it lives, or has lived. One that failed before it was one, is none."""
    lives = execution.status is WorkflowExecutionStatus.RUNNING
    return lives or execution.typed_search_attributes.get(ACCOUNT_STATE) is not None


def clock_of(description: WorkflowExecutionDescription) -> datetime:
    """Return the account's own time: the dev server can skip time for one account; elsewhere it is the wall clock."""
    extended = description.raw_description.workflow_extended_info
    if extended.HasField("time_skipping_info"):
        return extended.time_skipping_info.current_time.ToDatetime(UTC)
    return datetime.now(UTC)


def _bind(account_id: str, command: Command) -> None:
    """Let all lines from here on say which command they are about: the worker's say it too."""
    structlog.contextvars.bind_contextvars(account=account_id, command_id=command.command_id)


def _exists() -> Problem:
    message = "An account with this id exists, or has existed. Choose another id."
    return refused(Refusal(code=RefusalCode.ACCOUNT_EXISTS, message=message))


def _refusal_of(error: WorkflowUpdateFailedError) -> Problem:
    cause = error.cause
    if isinstance(cause, ApplicationError) and cause.details:
        return refused(Refusal.model_validate(cause.details[0]))
    return unavailable("The account's worker stopped while it took this. Send it again with the same Idempotency-Key.")


def _problem_of(error: RPCError | RuntimeError) -> Problem:
    if isinstance(error, RPCError) and error.status is RPCStatusCode.NOT_FOUND:
        return not_found()
    if IS_PAUSED in str(error):
        return unavailable(PAUSED)
    if isinstance(error, RPCError) and error.status in {RPCStatusCode.DEADLINE_EXCEEDED, RPCStatusCode.CANCELLED}:
        return unavailable("No worker answered in time. Try again.")
    return unavailable("Temporal cannot be reached. Send it again with the same Idempotency-Key: it is taken once.")
