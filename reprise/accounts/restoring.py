"""Taking accounts up again whose workflow was ended from outside: from which record, and by which run (R27)."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from temporalio.api.enums.v1 import WorkflowIdConflictPolicy, WorkflowIdReusePolicy
from temporalio.api.workflowservice.v1 import StartWorkflowExecutionRequest
from temporalio.client import Client, WorkflowExecutionDescription
from temporalio.converter import encode_search_attributes
from temporalio.service import RPCError, RPCStatusCode

from reprise.accounts.description import AccountDescription
from reprise.accounts.errors import CommandRefused, RecordOutdated, RecordUnreadable
from reprise.accounts.sending import error_of
from reprise.statemachine import editions
from reprise.statemachine.account import Account, AccountState
from reprise.statemachine.commands import RestoreAccount
from reprise.statemachine.driving import refusal
from reprise.statemachine.effects import Announce
from reprise.workflows.messages import (
    OPENED_BY,
    OPENING,
    TASK_QUEUE,
    WORKFLOW,
    AccountRun,
    PendingCommand,
    PendingEffect,
    Refusal,
    Restoration,
    workflow_id,
)
from reprise.workflows.opening import taken_up
from reprise.workflows.visibility import search_attributes

_STILL_TELLING: Final = timedelta(minutes=2)
"""For how long after its end a run may still be telling the product: two tries are never in flight at once (R18)."""


async def run_to_start(
    client: Client,
    command: RestoreAccount,
    given: AccountRun | None,
    ended: WorkflowExecutionDescription | None,
    last_record: Callable[[], Awaitable[AccountRun]],
) -> AccountRun:
    """Return the input of the run that takes an account up again, by the newest rules (R28).

    Args:
        client: A client.
        command: Who asks for it, and from what.
        given: The record that was given.
        ended: The run that has ended; None if Temporal does not have it any more, and a record was given.
        last_record: Asks that run for the account as it was left.

    Raises:
        CommandRefused: The account is closed.
        RecordOutdated: Temporal has a newer record than the one that was given.
        RecordUnreadable: The history cannot be replayed, and nothing else was asked for.
        Unavailable: No worker has answered, or Temporal is out of reach.
    """
    if ended is None:
        assert given is not None, "nothing is known of it"
        return _to_go_on_with(given, command, "from a record that was given", None)
    how = f"its workflow was ended from outside ({AccountDescription.of(ended).stopped_how})"
    if command.from_run_start:
        last, how = await input_of(client, ended), f"{how}; from when its last run began"
    else:
        try:
            last = await last_record()
        except RecordUnreadable:
            if given is None:
                raise
            last = await input_of(client, ended)
    if given is not None:
        _refuse_if_outdated(given, last)
        last, how = given, f"{how}; from a record that was given"
    return _to_go_on_with(last, command, how, ended)


def _to_go_on_with(
    run: AccountRun, command: RestoreAccount, how: str, ended: WorkflowExecutionDescription | None
) -> AccountRun:
    account = account_of(run)
    if account.state is AccountState.CLOSED:
        raise CommandRefused(Refusal.of(refusal(account)))
    told_until = run.announce_after
    if ended is not None and run.outbox:
        told_until = min(ended.close_time or datetime.now(UTC), datetime.now(UTC)) + _STILL_TELLING
    older = command.from_run_start or command.record is not None
    return run.model_copy(
        update={
            "edition": editions.NEWEST,
            "account": account.by_newest_edition(),
            "announce_after": told_until,
            "restoration": Restoration(command=command, how=how, older=older),
        }
    )


def account_of(run: AccountRun) -> Account:
    """Return the account of a record."""
    assert run.account is not None, "a record has an account"
    return run.account


def _refuse_if_outdated(given: AccountRun, last: AccountRun) -> None:
    """Refuse a record that knows less than what Temporal still has, or is of an earlier account of the same id."""
    mine, known = account_of(given), account_of(last)
    if mine.life != known.life or mine.sequence < known.sequence:
        raise RecordOutdated(mine.sequence, known.sequence)


async def input_of(client: Client, execution: WorkflowExecutionDescription) -> AccountRun:
    """Return what a run began with, as a record: the account as it stood then, or as its opening made it."""
    handle = client.get_workflow_handle(execution.id, run_id=execution.run_id)
    async for event in handle.fetch_history_events(page_size=1):
        started = event.workflow_execution_started_event_attributes
        [run] = await client.data_converter.decode(started.input.payloads, [AccountRun])
        assert isinstance(run, AccountRun), "the converter returns what it was asked for"
        if run.account is not None:
            return run.model_copy(update={"restoration": None})
        account, effects = taken_up(run, event.event_time.ToDatetime(UTC), started.first_execution_run_id)
        return _just_opened(run, account, effects)
    raise AssertionError("a run has a first event")


def _just_opened(run: AccountRun, account: Account, effects: Any) -> AccountRun:
    """Return an account as its opening left it, before anything was done at Stripe."""
    assert run.opening is not None, "a run without an account opens one"
    opening = PendingCommand(command=run.opening, command_id=run.opening.command_id, taken=True)
    told = tuple(each.entry for each in effects if isinstance(each, Announce))
    undone = [each for each in effects if not isinstance(each, Announce)]
    return run.model_copy(
        update={
            "opening": None,
            "account": account,
            "outbox": told if run.announce else (),
            "commands": (opening,),
            "effects": tuple(PendingEffect(effect=each, command_id=opening.command_id) for each in undone),
        }
    )


async def start(client: Client, run: AccountRun, ended: WorkflowExecutionDescription | None) -> None:
    """Start the run that takes an account up again, if nobody else has done so.

    However many ask at once, one run begins: the server starts none beside one that runs, none after one that has ended
    well, and none twice after the same ended run, which the request id names. The SDK (1.35) chooses that id by itself,
    so that this is the bare request.

    Raises:
        Unavailable: Temporal is out of reach.
    """
    account = account_of(run)
    assert run.restoration is not None, "this run restores an account"
    request = StartWorkflowExecutionRequest(
        namespace=client.namespace,
        workflow_id=workflow_id(account.account_id),
        identity=client.identity,
        request_id=f"restore {ended.run_id if ended else run.restoration.command.command_id}",
        workflow_id_reuse_policy=WorkflowIdReusePolicy.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY,
        workflow_id_conflict_policy=WorkflowIdConflictPolicy.WORKFLOW_ID_CONFLICT_POLICY_FAIL,
    )
    request.workflow_type.name = WORKFLOW
    request.task_queue.name = TASK_QUEUE
    encode = client.data_converter.encode
    request.input.payloads.extend(await encode([run]))
    [summary] = await encode([f"Account {account.account_id}"])
    request.user_metadata.summary.CopyFrom(summary)
    encode_search_attributes(search_attributes(account), request.search_attributes)
    memo = await ended.memo() if ended else {}
    for name in {OPENED_BY, OPENING} & memo.keys():
        [kept] = await encode([memo[name]])
        request.memo.fields[name].CopyFrom(kept)
    try:
        await client.workflow_service.start_workflow_execution(request, retry=True, timeout=timedelta(seconds=10))
    except RPCError as error:
        if error.status is not RPCStatusCode.ALREADY_EXISTS:
            raise error_of(error) from error
    except RuntimeError as error:
        raise error_of(error) from error
