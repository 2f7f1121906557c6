"""Sending: how a command reaches the run that takes it, and what Temporal's answers and errors mean."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from temporalio.client import (
    WorkflowHandle,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
    WorkflowUpdateStage,
)
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from reprise.accounts.errors import AccountNotFound, CommandRefused
from reprise.errors import Unavailable
from reprise.schemas.accounts import AccountView
from reprise.statemachine.commands import AnyCommand, Command, RestoreAccount
from reprise.statemachine.refusals import IDEMPOTENCY_KEY_REUSED, RefusalCode
from reprise.temporal.answers import IS_PAUSED, NOT_TAKEN
from reprise.workflows.fingerprints import same_command
from reprise.workflows.messages import Answer, Refusal

PAUSE: Final = 0.05
"""Seconds between two tries of what came at the wrong moment."""

_ACCEPTED_WITHIN: Final = 1.0
"""Seconds within which the server says that a run has accepted an update."""

PAUSED: Final = (
    "This account's workflow is paused in Temporal. Nothing is lost. Send it again, with the same Idempotency-Key, once"
    " an operator has pressed Unpause there."
)

T = TypeVar("T")


@dataclass(frozen=True)
class CommandResult:
    """The account as it stands after a command, and whether that is finished: if not, it goes on by itself."""

    account: AccountView
    finished: bool


async def answer_to(handle: WorkflowHandle[Any, Any], command: AnyCommand | RestoreAccount) -> Answer:
    """Send a command, and return its answer: accepted and answered within one workflow task, it is one request."""
    return await _once_a_run_takes_it(
        lambda: handle.execute_update(command.name, command, id=command.command_id, result_type=Answer)
    )


async def was_accepted(handle: WorkflowHandle[Any, Any], command: AnyCommand | RestoreAccount) -> bool:
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
    """Send an update until a run takes it: one that meets a run which continues as new is turned away.

    Sent again under its id, it is taken once all the same (R14).
    """
    while True:
        try:
            return await send()
        except WorkflowUpdateFailedError as error:
            if not (isinstance(error.cause, ApplicationError) and error.cause.type == NOT_TAKEN):
                raise
        except RPCError as error:
            if error.status is not RPCStatusCode.FAILED_PRECONDITION or IS_PAUSED in str(error):
                raise
        await asyncio.sleep(PAUSE)


def result_of(answer: Answer, command: Command) -> CommandResult:
    """Return what a command came to.

    Raises:
        CommandRefused: By the account; or its id was given to another command before (R14).
    """
    # Temporal answers a repeated update id from its record, without looking at what was sent (R14).
    if not same_command(answer.fingerprint, command):
        raise CommandRefused(Refusal(code=RefusalCode.IDEMPOTENCY_KEY_REUSED, message=IDEMPOTENCY_KEY_REUSED))
    if answer.refusal is not None:
        raise CommandRefused(answer.refusal, answer.account)
    return CommandResult(answer.account, finished=True)


async def called(request: Awaitable[T]) -> T:
    """Return what Temporal answers to a call.

    Raises:
        AccountNotFound: There is no such workflow.
        Unavailable: Temporal is out of reach.
    """
    try:
        return await request
    except (RPCError, RuntimeError) as error:
        raise error_of(error) from error


def refusal_of(error: WorkflowUpdateFailedError) -> Exception:
    """Return what an update that failed means: a refusal, with its code."""
    cause = error.cause
    if isinstance(cause, ApplicationError) and cause.details:
        return CommandRefused(Refusal.model_validate(cause.details[0]))
    return Unavailable("The account's worker stopped while it took this. Send it again with the same Idempotency-Key.")


def error_of(error: RPCError | RuntimeError) -> Exception:
    """Return what an error of Temporal's means: nothing is there, or it is out of reach."""
    if isinstance(error, RPCError) and error.status is RPCStatusCode.NOT_FOUND:
        return AccountNotFound()
    if IS_PAUSED in str(error):
        return Unavailable(PAUSED)
    if isinstance(error, RPCError) and error.status in {RPCStatusCode.DEADLINE_EXCEEDED, RPCStatusCode.CANCELLED}:
        return Unavailable("No worker answered in time. Try again.")
    return Unavailable("Temporal cannot be reached. Send it again with the same Idempotency-Key: it is taken once.")
