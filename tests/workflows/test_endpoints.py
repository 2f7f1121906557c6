"""R18: several endpoints, each told of every change in order, whatever becomes of the others, workers and runs."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from datetime import timedelta

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.common import RetryPolicy
from temporalio.testing import WorkflowEnvironment

from reprise.schemas.announcements import EndpointBacklog
from reprise.settings import AnnouncementEndpoint
from reprise.statemachine.commands import SetCarts
from reprise.worker import account_worker
from reprise.workflows import delivery
from reprise.workflows.messages import ResendAnnouncements
from tests.product import Product
from tests.stripe_side import StripeSide
from tests.temporal_side import time_skipping_server
from tests.waiting import until
from tests.worker_side import worker_settings
from tests.workflows.world import World


@pytest.fixture(scope="module")
async def server() -> AsyncIterator[WorkflowEnvironment]:
    """One time-skipping server for these tests, which run one after another; its clock only goes on."""
    async with time_skipping_server() as here:
        yield here


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first tries at an endpoint come at once: no time is skipped while they are waited for."""
    at_once = RetryPolicy(initial_interval=timedelta(milliseconds=20), maximum_attempts=3)
    monkeypatch.setattr(delivery, "QUICK_RETRY_POLICY", at_once)


@pytest.fixture
def crm() -> Iterator[Product]:
    """A second endpoint, beside `product`."""
    with closing(Product()) as endpoint:
        yield endpoint


class Told(World):
    """An account whose product has endpoints, and workers that come and go."""

    def __init__(self, env: WorkflowEnvironment, stripe: StripeSide, name: str) -> None:
        super().__init__(env, stripe, f"{name}-{stripe.port}")
        self.announce = True

    @asynccontextmanager
    async def worker(self, *endpoints: AnnouncementEndpoint) -> AsyncIterator[None]:
        # Without a cache: this server waits for the last worker's, which is gone, instead of asking another.
        settings = worker_settings(self.stripe, announcements=endpoints, max_cached_workflows=0)
        async with account_worker(self.client, settings):
            yield

    async def change(self, carts: int) -> int:
        """Change the account once more; return the entry's sequence number."""
        return (await self.do(SetCarts(carts=carts))).account.sequence

    async def heard(self, product: Product, sequence: int) -> None:
        """Wait until an endpoint has heard of an entry, without any time passing in the account's world."""
        await product.hears(self.account_id, sequence, seconds=30)

    async def backlog(self) -> dict[str, EndpointBacklog]:
        found: list[EndpointBacklog] = await self.handle.query("undelivered", result_type=list[EndpointBacklog])
        return {each.endpoint: each for each in found}

    async def settled(self, *endpoints: str) -> None:
        """Wait until all is told, or all to some endpoints, and the account knows it.

        This server loses a workflow task that asks to cancel an activity which has just ended (1.35), and waits ten
        seconds for one that a worker has taken along.
        """
        await until(
            self.backlog,
            lambda it: not any(each.pending for name, each in it.items() if name in (endpoints or {name})),
            seconds=30,
        )

    async def waits_for(self, endpoint: str) -> None:
        """Wait until the account has noticed that an endpoint takes nothing."""
        await until(self.backlog, lambda it: it[endpoint].failing_since, seconds=30)


async def test_R18_one_endpoint_down_for_a_day_loses_nothing_and_delays_nobody(
    server: WorkflowEnvironment, stripe_side: StripeSide, product: Product, crm: Product
) -> None:
    """Across restarts of the worker, a renewal and other new runs: each hears everything, in order; the other at once.

    What is repeated is repeated under the same `webhook-id`.
    """
    told = Told(server, stripe_side, "day")
    endpoints = (product.endpoint("shop"), crm.endpoint("crm"))
    await told.skip_to("2027-01-31T10:00")
    async with told.worker(*endpoints):
        await told.open()
        await told.heard(crm, 2)
        await told.skip_to("2027-02-28T00:00")
        crm.answers = [500] * 10_000
        await told.heard(product, await told.change(4))
        await told.waits_for("crm")
        await told.heard(product, await told.change(5))
        await told.settled("shop")
    async with told.worker(*endpoints):  # a day in which three workers come and go
        await told.at("2027-02-28T10:00:01")  # renewed, in a new run
        await told.heard(product, 5)
        await told.heard(product, await told.change(6))
        await told.settled("shop")
    async with told.worker(*endpoints):
        await told.handle.signal("start_new_run")
        await told.skip_to("2027-02-28T20:00")
        await told.heard(product, await told.change(7))
        await told.skip_to("2027-03-01T00:00")
        assert crm.sequences(told.account_id) == [1, 2]
        waiting = (await told.backlog())["crm"]
        assert (waiting.pending, waiting.next_sequence) == (5, 3)
        assert "HTTP 500" in (waiting.last_error or "")
        crm.answers.clear()
        await told.skip_to("2027-03-01T02:00")
        await told.heard(crm, 7)
        assert await told.backlog() == {
            name: EndpointBacklog(endpoint=name, pending=0, next_sequence=8) for name in ("shop", "crm")
        }
    for each in (product, crm):
        assert list(dict.fromkeys(each.sequences(told.account_id))) == list(range(1, 8))
        assert {one["id"] for one in each.heard} == {f"{told.account_id}:{n}" for n in range(1, 8)}
        assert each.most_at_once[told.account_id] == 1, "two tries of one account and endpoint are never in flight"
    shown = [event.event_type for event in await told.events()]
    assert shown.count(EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES) == 1, "that crm is well again"


async def test_R18_the_list_of_endpoints_may_change_under_a_running_account(
    server: WorkflowEnvironment, stripe_side: StripeSide, product: Product, crm: Product
) -> None:
    """A new one is told from now on; one that is gone is given up after an hour, with what waited for it."""
    told = Told(server, stripe_side, "list")
    async with told.worker(product.endpoint("shop")):
        await told.open()
        await told.heard(product, 2)
        await told.settled()
    async with told.worker(product.endpoint("shop"), crm.endpoint("crm")):
        await told.heard(product, await told.change(4))
        await told.settled()
        await told.heard(crm, await told.change(5))
        await told.settled()
    assert crm.sequences(told.account_id) == [4]
    async with told.worker(crm.endpoint("crm")):
        await told.heard(crm, await told.change(6))
        await until(told.backlog, lambda it: it["shop"].unknown_since, seconds=30)
    async with told.worker(product.endpoint("shop"), crm.endpoint("crm")):  # as while workers are exchanged
        await told.env.sleep(1300)
        await told.heard(product, 5)
        await told.settled()
        assert (await told.backlog())["shop"].unknown_since is None
    async with told.worker(crm.endpoint("crm")):
        await told.heard(crm, await told.change(7))
        await told.env.sleep(4000)
        await until(told.backlog, lambda it: "shop" not in it, seconds=30)
        await told.settled()
    assert product.sequences(told.account_id) == [1, 2, 3, 4, 5]
    async with told.worker(product.endpoint("shop"), crm.endpoint("crm")):  # back, and new
        await told.heard(crm, await told.change(8))
        await told.settled()
        await told.heard(product, await told.change(9))
    assert product.sequences(told.account_id) == [1, 2, 3, 4, 5, 8]
    assert crm.sequences(told.account_id) == [4, 5, 6, 7, 8]


async def test_R18_what_waits_is_sent_at_once_and_what_was_heard_again(
    server: WorkflowEnvironment, stripe_side: StripeSide, product: Product, crm: Product
) -> None:
    """When somebody asks: nobody waits for the back-off to end; from an entry on, in order, to one endpoint or all."""
    told = Told(server, stripe_side, "again")
    crm.answers = [503] * 10_000
    async with told.worker(product.endpoint("shop"), crm.endpoint("crm")):
        await told.open()
        await told.waits_for("crm")
        await told.env.sleep(4 * 3600)
        crm.answers.clear()
        await told.handle.signal("resend_announcements")
        await told.heard(crm, 2)
        await told.settled()
        await told.handle.signal("resend_announcements", ResendAnnouncements(endpoint="crm", from_sequence=1))
        await until(lambda: crm.sequences(told.account_id) == [1, 2, 1, 2], seconds=30)
        await told.settled()
        assert product.sequences(told.account_id) == [1, 2]
        await told.change(4)
        await told.heard(product, 3)
        await told.settled()
        await told.handle.signal("resend_announcements", ResendAnnouncements(from_sequence=2))
        await until(lambda: product.sequences(told.account_id) == [1, 2, 3, 2, 3], seconds=30)
        await until(lambda: crm.sequences(told.account_id)[-3:] == [3, 2, 3], seconds=30)
        await told.settled()
        crm.answers = [400] * 10_000  # what it will never take is left out
        await told.change(5)
        await told.waits_for("crm")
        await told.env.sleep(600)
        await told.handle.signal("resend_announcements", ResendAnnouncements(endpoint="crm", from_sequence=5))
        crm.answers.clear()
        await told.change(6)
        await told.heard(crm, 5)
        assert 4 not in crm.sequences(told.account_id)


async def test_R18_without_any_endpoint_nothing_waits(server: WorkflowEnvironment, stripe_side: StripeSide) -> None:
    """Nobody is to be told."""
    told = Told(server, stripe_side, "nobody")
    async with told.worker():
        await told.open()
        await told.change(4)
        await told.quiet()
        assert await told.backlog() == {}
        scheduled = [
            event.activity_task_scheduled_event_attributes.activity_type.name
            for event in await told.events()
            if event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED
        ]
        assert scheduled.count("list_announcement_endpoints") >= 1
        assert "deliver_announcements" not in scheduled
