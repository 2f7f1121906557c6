"""R8, R27: however an activity fails, the account lives, asks no more than it must, and is right after the mend."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.testing import WorkflowEnvironment

from reprise.statemachine.commands import SetCarts
from reprise.worker import account_worker
from tests.product import Product
from tests.stripe_side import StripeSide
from tests.worker_side import worker_settings
from tests.workflows.faults import FAULTS, Fault, Faults
from tests.workflows.stories import STORIES
from tests.workflows.world import World

DAYS = 2
"""How long the fault lasts; as long again the account has after the mend."""

MOST_EVENTS_A_DAY = 500
"""What an account's history may grow by in a day of a fault (R8, E21)."""


@pytest.fixture
async def faults() -> Faults:
    return Faults()


@pytest.fixture
async def world(
    env: WorkflowEnvironment, stripe_side: StripeSide, product: Product, faults: Faults
) -> AsyncIterator[World]:
    settings = worker_settings(stripe_side, announcements_url=product.url, announcements_secret=product.secret)
    async with account_worker(faults.client(env.client), settings):
        here = World(env, stripe_side, "fails")
        await here.skip_to("2027-01-31T10:00")
        yield here


IN_MAKE_TEST = {"retryable", "unreadable-failure", "about-something-else"}


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(fault, id=name, marks=() if name in IN_MAKE_TEST else pytest.mark.long)
        for name, fault in FAULTS.items()
    ],
)
async def test_R8_R27_an_account_outlives_every_failure_of_every_activity(
    world: World, product: Product, faults: Faults, fault: Fault
) -> None:
    """Two days of it, then two days without: each account is right, and none has eaten its history."""
    stories = [
        kind(World(world.env, world.stripe, f"{kind.__name__.lower()}-{world.stripe.port}-{id(fault)}"), product)
        for kind in STORIES
    ]
    for story in stories:
        await story.begin()
    await world.env.sleep(timedelta(seconds=59))
    for story in stories:
        faults.of[story.world.account_id, story.activity] = fault
    await world.env.sleep(timedelta(seconds=1))
    for story in stories:
        await story.meet()
    for _ in range(DAYS * 4):
        await world.env.sleep(timedelta(hours=6))
    for story in stories:
        assert (story.world.account_id, story.activity) in faults.tries, story.activity
        assert len(await story.world.events()) <= DAYS * MOST_EVENTS_A_DAY + 100, story.activity
    faults.of.clear()
    for _ in range(DAYS * 4):
        await world.env.sleep(timedelta(hours=6))
    for story in stories:
        await story.mended()
        if not story.is_over:
            assert (await story.world.do(SetCarts(carts=9))).account.carts == 9
        kinds = [each.event_type for each in await story.world.events()]
        assert EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED not in kinds, story.activity
        assert EventType.EVENT_TYPE_MARKER_RECORDED not in kinds, "the second edition stands behind no patch (R28)"
