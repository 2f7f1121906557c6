"""R27: a run that somebody resets takes up again what came to it, and fits its own history whoever replays it."""

from collections.abc import AsyncIterator

import pytest
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest
from temporalio.client import Client

from reprise.statemachine.commands import Reactivate, SetCarts
from reprise.worker import account_worker
from reprise.workflows.messages import workflow_id
from tests.stripe_side import StripeSide
from tests.temporal_side import dev_server
from tests.worker_side import worker_settings
from tests.workflows.dev_account import DevAccount
from tests.workflows.world import utc


@pytest.fixture(scope="module")
async def server() -> AsyncIterator[Client]:
    async with dev_server() as client:
        yield client


async def reset_before(client: Client, account_id: str, task: int) -> None:
    """Press Reset, at the n-th of the run's workflow tasks."""
    run = (await client.get_workflow_handle(workflow_id(account_id)).describe()).run_id
    tasks = [
        event.event_id
        async for event in client.get_workflow_handle(workflow_id(account_id), run_id=run).fetch_history_events()
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED
    ]
    await client.workflow_service.reset_workflow_execution(
        ResetWorkflowExecutionRequest(
            namespace="default",
            workflow_execution=WorkflowExecution(workflow_id=workflow_id(account_id), run_id=run),
            reason="a click",
            workflow_task_finish_event_id=tasks[task],
            request_id=f"reset {account_id}",
        )
    )


@pytest.mark.parametrize("carts", [0, 5])
async def test_R27_updates_and_signals_behind_a_reset_keep_one_order(
    server: Client, stripe_side: StripeSide, carts: int
) -> None:
    """A change of carts is put into the history again; a signal follows it; then another worker replays both.

    Free or paid, one of the two orders is right, and it stays the same.
    """
    account = DevAccount(server, stripe_side)
    settings = worker_settings(stripe_side)
    async with account_worker(server, settings):
        await account.open(paid_through=utc("2026-01-15T10:00"))
        await account.do(SetCarts(carts=carts))
    await reset_before(server, account.account_id, 0)
    await account.accounts.signal(account.account_id, Reactivate(command_id="signal"))
    async with account_worker(server, settings):
        first = await account.until(lambda seen: seen.state == "reactivated" and seen.carts == carts)
    async with account_worker(server, settings):
        assert await account.see() == first
        assert (await account.do(SetCarts(carts=7))).carts == 7
    assert len(stripe_side.charged(account.account_id)) <= 1


async def test_R27_R8_a_reset_to_the_very_beginning_finds_what_was_paid(
    server: Client, stripe_side: StripeSide
) -> None:
    """It is the same life of the account: one customer, one invoice, one charge; what was bought is there again."""
    account = DevAccount(server, stripe_side)
    settings = worker_settings(stripe_side)
    async with account_worker(server, settings):
        first = await account.open()
        assert (first.state, first.payment.key) == ("active", f"{account.account_id}:1")
        await reset_before(server, account.account_id, 0)
        again = await account.until(lambda seen: seen.state == "active")
        assert again.payment == first.payment
        await account.do(SetCarts(carts=4))
    assert stripe_side.charged(account.account_id) == [7500]
    assert len(stripe_side.customers(account.account_id)) == 1
