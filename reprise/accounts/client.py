"""The accounts: commands as updates or signals, reads as queries, all within a time-out.

The only way to a running account: the API, the pages and the commands go through here.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

import structlog
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import (
    Client,
    WithStartWorkflowOperation,
    WorkflowExecutionDescription,
    WorkflowExecutionStatus,
    WorkflowHandle,
    WorkflowQueryFailedError,
    WorkflowQueryRejectedError,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
    WorkflowUpdateStage,
)
from temporalio.common import QueryRejectCondition, WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from reprise.accounts.description import AccountDescription, is_account
from reprise.accounts.errors import AccountNotFound, AccountStopped, CommandRefused
from reprise.errors import Unavailable
from reprise.statemachine import editions, machine
from reprise.statemachine.refusals import Refused
from reprise.temporal.answers import BEFORE_ITS_TIME, IS_PAUSED, NOT_YET
from reprise.workflows.account_views import account_view
from reprise.workflows.messages import (
    ACCOUNT_ID,
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
    Quote,
    QuoteAnswer,
    Refusal,
    RefusalCode,
    TimelineEntry,
    same_command,
    workflow_id,
)

log = structlog.get_logger()

READ_TIMEOUT: Final = timedelta(seconds=4)
"""How long a read may take before the engine counts as out of reach."""

_ASKED_AGAIN: Final = 20
"""How often a query is asked again that came at the wrong moment."""

_PAUSE: Final = 0.05
"""Seconds between two tries of what came at the wrong moment."""

_ACCEPTED_WITHIN: Final = 1.0
"""Seconds within which the server says that a run has accepted an update."""

_NO_WORKER: Final = (
    "No worker took this within the time allowed. Nothing is known to be recorded: send it again with the same"
    " Idempotency-Key."
)

_PAUSED: Final = (
    "This account's workflow is paused in Temporal. Nothing is lost. Send it again, with the same Idempotency-Key, once"
    " an operator has pressed Unpause there."
)

T = TypeVar("T")


@dataclass(frozen=True)
class CommandResult:
    """The account as it stands after a command, and whether that is finished: if not, it goes on by itself."""

    account: AccountView
    finished: bool


class Accounts:
    """Every account, by way of its workflow. Errors are `RepriseError`s: `Unavailable` may come from any call."""

    def __init__(self, client: Client, *, command_wait: float = 10, announce: bool = False) -> None:
        """Take the way to Temporal.

        Args:
            client: A client, which may still be unconnected.
            command_wait: How long a command is waited for, in seconds.
            announce: Whether accounts that open announce their changes to the product (R18).
        """
        self.client = client
        self._wait = command_wait
        self._announce = announce

    # ------------------------------------------------------------------ commands

    async def open(self, command: OpenAccount) -> CommandResult:
        """Open an account (R1).

        Raises:
            CommandRefused: By the core, or because an account of this id exists, or has existed.
            Unavailable: No worker has taken it within the wait, or Temporal is out of reach.
        """
        _bind(command.account_id, command)
        try:
            provisional, _ = machine.open_account(command, datetime.now(UTC))
        except Refused as error:
            raise CommandRefused(Refusal.of(error)) from error
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
        try:
            async with asyncio.timeout(self._wait):
                answer = await self.client.execute_update_with_start_workflow(
                    "open", command, start_workflow_operation=start, id=command.command_id, result_type=Answer
                )
                return _result(answer, command)
        except (TimeoutError, WorkflowUpdateRPCTimeoutOrCancelledError):
            return await self._started(command, account_view(provisional))
        except WorkflowAlreadyStartedError as error:  # it has ended, however it did: the id is taken all the same (R1)
            raise _exists() from error
        except WorkflowUpdateFailedError as error:
            raise _refusal_of(error) from error
        except (RPCError, RuntimeError) as error:
            raise error_of(error) from error

    async def _started(self, command: OpenAccount, provisional: AccountView) -> CommandResult:
        """Answer for a workflow that was started: it opens the account, now or as soon as a worker is there."""
        try:
            run = await self._run(command.account_id)
        except AccountNotFound:  # Temporal came back too late to have taken it: it is not there, and may be opened
            raise Unavailable(_NO_WORKER) from None
        if await run.memo_value(OPENED_BY, default=None) != command.command_id:
            raise _exists()
        try:
            return CommandResult(await self.account(command.account_id), finished=False)
        except Unavailable:
            return CommandResult(provisional, finished=False)

    async def command(self, account_id: str, command: AnyCommand) -> CommandResult:
        """Send a command and wait for its answer; past the wait it goes on by itself.

        Raises:
            CommandRefused: By the account, which has changed nothing.
            AccountNotFound: There is none.
            AccountStopped: Its workflow was ended from outside.
            Unavailable: No worker has taken it within the wait, or Temporal is out of reach.
        """
        handle = self._handle(account_id)
        _bind(account_id, command)
        try:
            try:
                async with asyncio.timeout(self._wait):
                    return _result(await _answer(handle, command), command)
            except (TimeoutError, WorkflowUpdateRPCTimeoutOrCancelledError):
                if not await _was_accepted(handle, command):
                    raise Unavailable(_NO_WORKER) from None
                return CommandResult(await self.account(account_id), finished=False)
        except WorkflowUpdateFailedError as error:
            raise _refusal_of(error) from error
        except (RPCError, RuntimeError) as error:
            raise await self._not_taken(account_id, error) from error

    async def signal(self, account_id: str, command: AnyCommand) -> None:
        """Send a command that nobody waits for: it is taken or refused without an answer. Errors as of `command`."""
        _bind(account_id, command)
        await self._signal(account_id, command.name, command)

    async def hint(self, account_id: str, hint: PaymentHint) -> None:
        """Make the account look at Stripe (R15). Errors as of `command`."""
        await self._signal(account_id, "payment_hint", hint)

    async def _signal(self, account_id: str, name: str, message: Command | PaymentHint) -> None:
        try:
            await self._handle(account_id).signal(name, message, rpc_timeout=READ_TIMEOUT)
        except (RPCError, RuntimeError) as error:
            raise await self._not_taken(account_id, error) from error

    async def _not_taken(self, account_id: str, error: RPCError | RuntimeError) -> Exception:
        """Say why Temporal has not taken a message: there is no such account, or its workflow has ended (R27)."""
        if not (isinstance(error, RPCError) and error.status is RPCStatusCode.NOT_FOUND):
            return error_of(error)
        found = await self.describe(account_id)
        if found.is_running:  # taken up again meanwhile
            return Unavailable("The account was just being taken up again. Send it again.")
        return AccountStopped(found.stopped_how)

    # ------------------------------------------------------------------ reads

    async def account(self, account_id: str) -> AccountView:
        """Return the account as it stands.

        Raises:
            AccountNotFound: There is none.
            Unavailable: No worker has answered in time, or Temporal is out of reach.
        """
        return await self._query(account_id, "account", AccountView)

    async def quote(self, account_id: str) -> Quote:
        """Return what coming back costs now, by the account's own clock (R7).

        Raises:
            CommandRefused: The account does not come back by paying.
            AccountNotFound: There is none.
        """
        asked = AskedAt(now=(await self.describe(account_id)).now)
        answer = await self._query(account_id, "quote", QuoteAnswer, asked)
        if answer.quote is None:
            assert answer.refusal is not None, "an answer without a quote says why"
            raise CommandRefused(answer.refusal)
        return answer.quote

    async def timeline(self, account_id: str) -> list[TimelineEntry]:
        """Return the timeline, oldest first (R17). Errors as of `account`."""
        return await self._query(account_id, "timeline", list[TimelineEntry])

    async def customer_id(self, account_id: str) -> str | None:
        """Return the id of the account's customer at Stripe, None where it has none (yet). Errors as of `account`."""
        return await self._query(account_id, "customer_id", str | None)  # type: ignore[arg-type]

    async def describe(self, account_id: str) -> AccountDescription:
        """Return what the server knows without a worker (R16); of an account whose workflow has ended, its last (R27).

        Raises:
            AccountNotFound: There is no such account; one whose opening was refused has never been one.
        """
        return AccountDescription.of(await self._run(account_id))

    async def workers(self) -> int:
        """Return how many workers poll for accounts."""
        asked = DescribeTaskQueueRequest(
            namespace=self.client.namespace,
            task_queue=TaskQueue(name=TASK_QUEUE),
            task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
        )
        try:
            queue = await self.client.workflow_service.describe_task_queue(asked, timeout=timedelta(seconds=1))
        except (RPCError, RuntimeError) as error:
            raise Unavailable("Temporal cannot be reached.") from error
        return len(queue.pollers)

    async def _run(self, account_id: str) -> WorkflowExecutionDescription:
        description = await self._described(_workflow_of(account_id))
        if not is_account(description):
            raise AccountNotFound
        return description

    async def _described(self, workflow: str) -> WorkflowExecutionDescription:
        return await _asked(self.client.get_workflow_handle(workflow).describe(rpc_timeout=READ_TIMEOUT))

    async def _query(self, account_id: str, name: str, answer: type[T], argument: AskedAt | None = None) -> T:
        arguments = [] if argument is None else [argument]
        reject: QueryRejectCondition | None = QueryRejectCondition.NOT_OPEN
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
                    raise Unavailable(_PAUSED) from error
                await self.describe(account_id)  # it has ended: what was an account answers all the same (R27)
                reject = None
            except WorkflowQueryFailedError as error:
                if BEFORE_ITS_TIME not in str(error) or last:
                    log.error("a worker could not answer", query=name, why=str(error)[:500])
                    raise Unavailable("The account's worker could not answer. Try again.") from error
                await asyncio.sleep(_PAUSE)
            except RPCError as error:
                if NOT_YET not in str(error) or last:
                    raise error_of(error) from error
                await asyncio.sleep(_PAUSE)
            except RuntimeError as error:
                raise error_of(error) from error
        raise AssertionError("the loop returns or raises")

    def _handle(self, account_id: str) -> WorkflowHandle[Any, Any]:
        return self.client.get_workflow_handle(_workflow_of(account_id))


def _workflow_of(account_id: str) -> str:
    if not re.fullmatch(ACCOUNT_ID, account_id):  # nothing that Temporal could be asked for
        raise AccountNotFound
    return workflow_id(account_id)


async def _answer(handle: WorkflowHandle[Any, Any], command: AnyCommand) -> Answer:
    """Send a command, and return its answer: accepted and answered within one workflow task, it is one request."""
    return await _once_a_run_takes_it(
        lambda: handle.execute_update(command.name, command, id=command.command_id, result_type=Answer)
    )


async def _was_accepted(handle: WorkflowHandle[Any, Any], command: AnyCommand) -> bool:
    """Say whether a run has accepted a command that was waited for in vain: its id finds it, and begins no other."""
    stage = WorkflowUpdateStage.ACCEPTED
    try:
        async with asyncio.timeout(_ACCEPTED_WITHIN):
            await _once_a_run_takes_it(
                lambda: handle.start_update(command.name, command, id=command.command_id, wait_for_stage=stage)
            )
    except (TimeoutError, WorkflowUpdateRPCTimeoutOrCancelledError):
        return False
    return True


async def _once_a_run_takes_it(send: Callable[[], Awaitable[T]]) -> T:
    """Send an update until a run takes it: one that meets a run which continues as new is turned away."""
    while True:
        try:
            return await send()
        except RPCError as error:
            if error.status is not RPCStatusCode.FAILED_PRECONDITION or IS_PAUSED in str(error):
                raise
            await asyncio.sleep(_PAUSE)


def _result(answer: Answer, command: Command) -> CommandResult:
    # Temporal answers a repeated update id from its record, without looking at what was sent (R14).
    if not same_command(answer.fingerprint, command):
        message = "This idempotency key was used for another request. Use a new key for each."
        raise CommandRefused(Refusal(code=RefusalCode.IDEMPOTENCY_KEY_REUSED, message=message))
    if answer.refusal is not None:
        raise CommandRefused(answer.refusal, answer.account)
    return CommandResult(answer.account, finished=True)


async def _asked(request: Awaitable[T]) -> T:
    try:
        return await request
    except (RPCError, RuntimeError) as error:
        raise error_of(error) from error


def _bind(account_id: str, command: Command) -> None:
    """Let all lines from here on say which command they are about: the worker's say it too."""
    structlog.contextvars.bind_contextvars(account=account_id, command_id=command.command_id)


def _exists() -> CommandRefused:
    message = "An account with this id exists, or has existed. Choose another id."
    return CommandRefused(Refusal(code=RefusalCode.ACCOUNT_EXISTS, message=message))


def _refusal_of(error: WorkflowUpdateFailedError) -> Exception:
    cause = error.cause
    if isinstance(cause, ApplicationError) and cause.details:
        return CommandRefused(Refusal.model_validate(cause.details[0]))
    return Unavailable("The account's worker stopped while it took this. Send it again with the same Idempotency-Key.")


def error_of(error: RPCError | RuntimeError) -> Exception:
    """Return what a failed request to Temporal means to callers."""
    if isinstance(error, RPCError) and error.status is RPCStatusCode.NOT_FOUND:
        return AccountNotFound()
    if IS_PAUSED in str(error):
        return Unavailable(_PAUSED)
    if isinstance(error, RPCError) and error.status in {RPCStatusCode.DEADLINE_EXCEEDED, RPCStatusCode.CANCELLED}:
        return Unavailable("No worker answered in time. Try again.")
    return Unavailable("Temporal cannot be reached. Send it again with the same Idempotency-Key: it is taken once.")
