"""A run that leaves one worker's cache and is taken up by another fits its own history, whoever replays it."""

from collections.abc import AsyncIterator

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client
from temporalio.worker import Replayer

from reprise.statemachine.commands import SetCarts
from reprise.temporal.converter import data_converter
from reprise.temporal.runner import RESTRICTIONS, TimelyWorkflowRunner
from reprise.worker import account_worker
from reprise.workflows.account import AccountWorkflow
from reprise.workflows.messages import PaymentHint
from tests.product import Product
from tests.stripe_side import StripeSide
from tests.temporal_side import dev_server
from tests.waiting import until
from tests.worker_side import worker_settings
from tests.workflows.dev_account import DevAccount
from tests.workflows.world import utc


@pytest.fixture(scope="module")
async def server() -> AsyncIterator[Client]:
    async with dev_server() as client:
        yield client


TASK = [
    EventType.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED,
    EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED,
    EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED,
]
"""How a history ends with a task that asked Temporal for nothing."""

TOLD = [EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED, *TASK]


async def until_over(account: DevAccount, ends: list["EventType.ValueType"]) -> None:
    """Wait until the history ends with these events."""
    await until(account.histories, lambda them: [each.event_type for each in them[0].events][-len(ends) :] == ends)


@pytest.mark.parametrize("edition", [1, 2])
async def test_a_command_that_meets_a_worker_that_has_not_got_the_run_keeps_one_order(
    server: Client, stripe_side: StripeSide, product: Product, edition: int
) -> None:
    """Such an account would take no command any more (R27).

    Temporal's core (1.35) hands the command over together with what the tasks before it have taken up already, if these
    asked for nothing; when it is replayed, one after the other.
    """
    settings = worker_settings(stripe_side, announcements_url=product.url, announcements_secret=product.secret)
    account = DevAccount(server, stripe_side, announce=True)
    async with account_worker(server, settings):
        if edition == 1:
            await account.open_as_0_1_0_does(announce=True, paid_through=utc("2099-01-15T10:00").isoformat())
        else:
            await account.open(paid_through=utc("2099-01-15T10:00"))
        product.answers = [500]
        await account.do(SetCarts(carts=4))
        await account.accounts.hint(
            account.account_id, PaymentHint()
        )  # which leads to nothing: a task that asks for none
        await until_over(account, [EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED, *TASK])
        await until_over(account, TOLD)
    async with account_worker(server, settings):
        await account.do(SetCarts(carts=5))
        await until_over(account, TOLD)
    replayer = Replayer(
        workflows=[AccountWorkflow],
        data_converter=data_converter,
        workflow_runner=TimelyWorkflowRunner(RESTRICTIONS),
    )
    await replayer.replay_workflow((await account.histories())[0])
    async with account_worker(server, settings):
        assert (await account.do(SetCarts(carts=6))).carts == 6
