"""The accounts: commands as updates or signals, reads as queries, all within a time-out.

The only way to a running account: the API, the pages and the commands go through here.
"""

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final, TypeVar

import structlog
from pydantic import BaseModel
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import (
    Client,
    WithStartWorkflowOperation,
    WorkflowExecutionDescription,
    WorkflowExecutionStatus,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from reprise.accounts.errors import AccountNotFound, AccountStopped, CommandRefused
from reprise.accounts.reading import READ_TIMEOUT, Reads
from reprise.accounts.records import AccountRecord, check_record
from reprise.accounts.restoring import run_to_start, start
from reprise.accounts.sending import CommandResult, answer_to, error_of, refusal_of, result_of, was_accepted
from reprise.errors import Unavailable
from reprise.schemas.accounts import AccountView
from reprise.statemachine import editions, machine
from reprise.statemachine.commands import AnyCommand, Command, OpenAccount, RestoreAccount
from reprise.statemachine.refusals import RefusalCode, Refused
from reprise.workflows.account_views import account_view
from reprise.workflows.fingerprints import fingerprint
from reprise.workflows.messages import (
    OPENED_BY,
    OPENING,
    TASK_QUEUE,
    WORKFLOW,
    AccountRun,
    Announcements,
    Answer,
    PaymentHint,
    Refusal,
    ResendAnnouncements,
    workflow_id,
)

log = structlog.get_logger()

_NO_WORKER: Final = (
    "No worker took this within the time allowed. Nothing is known to be recorded: send it again with the same"
    " Idempotency-Key."
)

T = TypeVar("T")


class Accounts(Reads):
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
        to_start = WithStartWorkflowOperation[Any, Any](
            WORKFLOW,
            AccountRun(opening=command, edition=editions.NEWEST, announce=self._announce),
            id=workflow_id(command.account_id),
            task_queue=TASK_QUEUE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            static_summary=f"Account {command.account_id}",
            memo={OPENED_BY: command.command_id, OPENING: fingerprint(command)},
        )
        # Nobody asks for the handle: what the SDK (1.35) puts there on an error would be logged as never retrieved.
        to_start._workflow_handle.add_done_callback(lambda handle: handle.cancelled() or handle.exception())  # noqa: SLF001
        try:
            async with asyncio.timeout(self._wait):
                answer = await self.client.execute_update_with_start_workflow(
                    "open", command, start_workflow_operation=to_start, id=command.command_id, result_type=Answer
                )
                return result_of(answer, command)
        except (TimeoutError, WorkflowUpdateRPCTimeoutOrCancelledError):
            return await self._started(command, account_view(provisional))
        except WorkflowAlreadyStartedError as error:  # it has ended, however it did: the id is taken all the same (R1)
            raise _exists() from error
        except WorkflowUpdateFailedError as error:
            refused = refusal_of(error)
            if not (isinstance(refused, CommandRefused) and refused.code is RefusalCode.ACCOUNT_EXISTS):
                raise refused from error
            if await self._was_opened_by(command):
                return CommandResult(await self.account(command.account_id), finished=True)
            raise refused from error
        except (RPCError, RuntimeError) as error:
            raise error_of(error) from error

    async def _was_opened_by(self, command: OpenAccount) -> bool:
        """Say whether an account has been opened by this very request, whose answer it does not remember any more.

        Many commands later, a repeat of the opening is still that opening (R14), and no conflict.
        """
        memo = await (await self._run(command.account_id)).memo()
        return (memo.get(OPENED_BY), memo.get(OPENING)) == (command.command_id, fingerprint(command))

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

    async def command(self, account_id: str, command: AnyCommand | RestoreAccount) -> CommandResult:
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
                    return result_of(await answer_to(handle, command), command)
            except (TimeoutError, WorkflowUpdateRPCTimeoutOrCancelledError):
                if not await was_accepted(handle, command):
                    raise Unavailable(_NO_WORKER) from None
                return CommandResult(await self.account(account_id), finished=False)
        except WorkflowUpdateFailedError as error:
            raise await self._not_done(account_id, refusal_of(error)) from error
        except (RPCError, RuntimeError) as error:
            raise await self._not_taken(account_id, error) from error

    async def restore(
        self, account_id: str, command: RestoreAccount, record: AccountRecord | None = None
    ) -> CommandResult:
        """Take an account up again whose workflow was ended from outside (R27). Errors as of `command`, and these.

        Args:
            account_id: The account.
            command: Who asks, and whether from what its last run began with instead of its last record.
            record: For an account that Temporal does not have any more, or cannot read: one from an export.

        Raises:
            CommandRefused: `account_running`: its workflow runs; `account_closed`.
            AccountNotFound: There is none, and no record was given.
            InvalidInput: The record cannot be this account's.
            RecordOutdated: Temporal has a newer one.
            RecordUnreadable: Its last record is not to be had, and none was given.
        """
        _bind(account_id, command)
        given = None if record is None else check_record(account_id, record)
        try:
            ended: WorkflowExecutionDescription | None = await self._run(account_id)
        except AccountNotFound:
            if given is None:
                raise
            ended = None
        if ended is None or ended.status is not WorkflowExecutionStatus.RUNNING:
            run = await run_to_start(self.client, command, given, ended, partial(self._last_record, account_id))
            await start(self.client, run, ended)
        return await self.command(account_id, command)

    async def signal(self, account_id: str, command: AnyCommand) -> None:
        """Send a command that nobody waits for: it is taken or refused without an answer. Errors as of `command`."""
        _bind(account_id, command)
        await self._signal(account_id, command.name, command)

    async def hint(self, account_id: str, hint: PaymentHint) -> None:
        """Make the account look at Stripe (R15). Errors as of `command`."""
        await self._signal(account_id, "payment_hint", hint)

    async def announce(self, account_id: str, asked: Announcements) -> None:
        """Turn an account's announcements on or off, from now on (R18). Errors as of `command`."""
        await self._signal(account_id, "announcements", asked)

    async def resend(self, account_id: str, asked: ResendAnnouncements) -> None:
        """Tell the product again (R18). Errors as of `command`."""
        await self._signal(account_id, "resend_announcements", asked)

    async def _signal(self, account_id: str, name: str, message: BaseModel) -> None:
        try:
            await self._handle(account_id).signal(name, message, rpc_timeout=READ_TIMEOUT)
        except (RPCError, RuntimeError) as error:
            raise await self._not_taken(account_id, error) from error

    async def _not_done(self, account_id: str, why: Exception) -> Exception:
        """Say why a command has come to nothing: it was refused; or the workflow that had taken it has ended (R27)."""
        if isinstance(why, CommandRefused):
            return why
        found = await self.describe(account_id)
        return why if found.is_running else AccountStopped(found.stopped_how)

    async def _not_taken(self, account_id: str, error: RPCError | RuntimeError) -> Exception:
        """Say why Temporal has not taken a message: there is no such account, or its workflow has ended (R27)."""
        if not (isinstance(error, RPCError) and error.status is RPCStatusCode.NOT_FOUND):
            return error_of(error)
        found = await self.describe(account_id)
        if found.is_running:  # taken up again meanwhile
            return Unavailable("The account was just being taken up again. Send it again.")
        return AccountStopped(found.stopped_how)

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


def _bind(account_id: str, command: Command) -> None:
    """Let all lines from here on say which command they are about: the worker's say it too."""
    structlog.contextvars.bind_contextvars(account=account_id, command_id=command.command_id)


def _exists() -> CommandRefused:
    message = "An account with this id exists, or has existed. Choose another id."
    return CommandRefused(Refusal(code=RefusalCode.ACCOUNT_EXISTS, message=message))
