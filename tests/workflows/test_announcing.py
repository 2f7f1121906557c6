"""R18: the product hears of every change in its order, and whatever it does, it delays nothing and ends nothing."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client

from reprise.activities import announcements, endpoints
from reprise.statemachine.commands import Cancel, Close, Reactivate, SetCarts
from reprise.worker import account_worker
from reprise.workflows import delivery
from reprise.workflows.messages import Announcements, workflow_id
from tests.product import Product
from tests.stripe_side import StripeSide
from tests.temporal_side import dev_server
from tests.waiting import until
from tests.worker_side import worker_settings
from tests.workflows.dev_account import DevAccount
from tests.workflows.hearing import heard_all
from tests.workflows.world import World


@pytest.fixture(scope="module")
async def server() -> AsyncIterator[Client]:
    async with dev_server() as client:
        yield client


async def test_A6_R18_a_slow_product_hears_everything_once_and_in_order(
    told: World, product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes so long for each that a try tells but a few: the next goes on where that one came to."""
    monkeypatch.setattr(announcements, "MARGIN", 48.5)  # a try tells for a second and a half
    product.seconds = 0.15
    await told.open()
    for carts in range(4, 34):
        await told.handle.signal("set_carts", SetCarts(carts=carts))
    await told.quiet()
    await heard_all(told, product)
    assert product.sequences(told.account_id) == list(range(1, 33))
    assert product.most_at_once[told.account_id] == 1


@pytest.mark.parametrize("how", ["refuses", "hangs"])
async def test_R18_a_dead_product_delays_nothing(
    told: World, product: Product, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """The account opens, goes out of service, comes back and pays; all of it is told when the product is back."""
    monkeypatch.setattr(endpoints, "PATIENCE", 0.2)
    product.answers, product.hangs = [500] * 10_000, how == "hangs"
    await told.open(paid_through=await told.now() - timedelta(days=1))
    assert (await told.do(Reactivate())).account.state == "reactivated"
    assert (await told.do(Cancel(when="now"))).account.state == "disabled"
    assert (await told.do(Reactivate())).account.state == "reactivated"
    assert told.charged() == [7500]
    assert product.heard == []
    monkeypatch.setattr(endpoints, "PATIENCE", 10)
    product.answers.clear()
    product.hangs = False
    await told.env.sleep(timedelta(hours=2))
    await heard_all(told, product)
    assert product.sequences(told.account_id) == list(range(1, 5))


async def test_R18_what_is_told_while_a_new_run_has_to_wait_goes_on_being_told(
    server: Client, stripe_side: StripeSide, product: Product
) -> None:
    """A reactivation that Stripe does not answer holds the new run back, but not the announcements."""
    settings = worker_settings(stripe_side, announcements_url=product.url, announcements_secret=product.secret)
    async with account_worker(server, settings):
        account = DevAccount(server, stripe_side, announce=True)
        await account.open(paid_through=datetime.now(UTC) - timedelta(days=1))
        fault = stripe_side.fault(method="POST", path=r"/v1/invoices/[^/]+/pay", when="after", hang=True)
        pressed = asyncio.create_task(account.do(Reactivate()))
        await stripe_side.hit(fault)
        await server.get_workflow_handle(workflow_id(account.account_id)).signal("start_new_run")
        changed = await account.do(SetCarts(carts=7))
        await product.hears(account.account_id, changed.sequence)
        assert len(await account.histories()) == 1
        stripe_side.no_faults()
        assert (await pressed).state == "reactivated"


async def test_R18_announcements_can_be_turned_on_and_off(told: World, product: Product) -> None:
    """From then on."""
    told.announce = False
    await told.open()
    await told.handle.signal("announcements", Announcements(enabled=True))
    await told.do(SetCarts(carts=4))
    await heard_all(told, product)
    await told.handle.signal("announcements", Announcements(enabled=False))
    await told.do(SetCarts(carts=5))
    await told.quiet()
    assert product.sequences(told.account_id) == [3]


async def test_A1_R18_a_new_run_is_not_delayed_by_a_try_under_way_and_waits_for_its_end(
    server: Client, stripe_side: StripeSide, product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The account closes while the product thinks: at once, in a new run, which tells nothing beside that try."""
    monkeypatch.setattr(delivery, "TRY_TIMEOUT", timedelta(seconds=4))
    product.seconds = 1.5
    settings = worker_settings(stripe_side, announcements_url=product.url, announcements_secret=product.secret)
    async with account_worker(server, settings):
        account = DevAccount(server, stripe_side, announce=True)
        await account.open()
        await until(lambda: product.asked)
        asked = product.asked
        assert (await account.do(Close())).state == "closed"
        await until(account.histories, lambda them: len(them) > 1, seconds=1)
        assert product.asked == asked, "that try is still under way"
        product.seconds = 0.1
        await product.hears(account.account_id, 3)
    assert product.most_at_once[account.account_id] == 1, "two tries of one account are never in flight at once"
    assert list(dict.fromkeys(product.sequences(account.account_id))) == [1, 2, 3], (
        "at least once, in the account's order"
    )


async def test_A1_a_run_of_edition_1_outlives_announcing_too(
    server: Client, stripe_side: StripeSide, product: Product
) -> None:
    """As 0.1.0 has started it: its next continue-as-new comes while the product hangs."""
    product.hangs = True
    settings = worker_settings(stripe_side, announcements_url=product.url, announcements_secret=product.secret)
    async with account_worker(server, settings):
        account = DevAccount(server, stripe_side)
        await account.open_as_0_1_0_does(announce=True, paid_through=f"{datetime.now(UTC) + timedelta(seconds=3)}")
        await until(lambda: product.asked)
        assert (await account.until(lambda now: now.sequence == 2)).payment.status == "paid"
        assert account.charged() == [7500]
        histories = await account.histories()
        assert len(histories) == 2
        patches = [event for event in histories[1].events if event.event_type == EventType.EVENT_TYPE_MARKER_RECORDED]
        assert len(patches) == 1
        assert (await account.do(Cancel())).state == "cancelled"
        assert (await account.do(Reactivate())).state == "active"
        await server.get_workflow_handle(workflow_id(account.account_id)).terminate()
