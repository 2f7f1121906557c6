"""What the workflow adds to the core: answers that last, one thing at a time, timers that wait out a dead worker."""

import asyncio
import select
from collections.abc import Callable
from datetime import timedelta

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowUpdateFailedError
from temporalio.common import TypedSearchAttributes
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment

from reprise.statemachine import editions
from reprise.statemachine.account import Account
from reprise.statemachine.commands import Cancel, Close, Disable, OpenAccount, Reactivate, SetCarts, SetPaymentMethod
from reprise.statemachine.money import Plan
from reprise.temporal.search_attributes import (
    ACCOUNT_STATE,
    DECLINE_CODE,
    DISABLED_REASON,
    NEXT_ACTION,
    RETRIES_AT,
    STATE_SINCE,
)
from reprise.worker import account_worker
from reprise.workflows import presentation
from reprise.workflows.messages import PaymentHint
from reprise.workflows.visibility import search_attributes
from tests.product import Product
from tests.statemachine.book import utc
from tests.stripe_side import StripeSide
from tests.waiting import until
from tests.worker_side import worker_settings
from tests.workflows.world import World


async def lapsed(world: World) -> None:
    """E2 on 15 April: disabled, its term long over."""
    await world.open()
    await world.at("2027-02-10T10:00")
    await world.do(Cancel())
    await world.at("2027-04-15T12:00")


async def refusal(world: World, command: Cancel | Reactivate | SetCarts | Disable) -> str | None:
    with pytest.raises(WorkflowUpdateFailedError) as failed:
        await world.do(command)
    assert isinstance(failed.value.cause, ApplicationError)
    return failed.value.cause.type


async def events(world: World) -> list[int]:
    return [event.event_type async for event in world.handle.fetch_history_events()]


async def test_R14_a_repeated_key_gets_the_first_answer_also_after_continuing_as_new(world: World) -> None:
    """A month and a renewal later, in another run: the same answer, and no second charge."""
    await lapsed(world)
    command = Reactivate(command_id="once")
    first = await world.do(command)
    assert first.account.state == "reactivated"
    run = (await world.last_event())[0]
    await world.at("2027-05-15T12:00:01")
    assert (await world.last_event())[0] != run
    again = await world.do(command)
    assert again == first
    assert world.charged() == [7500, 7500, 7500]


async def test_R14_a_key_with_other_content_is_refused_also_after_continuing_as_new(world: World) -> None:
    """idempotency_key_reused."""
    await world.open()
    await world.do(SetCarts(carts=4, command_id="key"))
    await world.at("2027-02-28T10:00:01")
    assert await refusal(world, SetCarts(carts=5, command_id="key")) == "idempotency_key_reused"
    assert (await world.see()).carts == 4


async def test_R1_opening_an_id_that_exists_is_a_conflict_and_changes_nothing(world: World) -> None:
    """The same request again gets the first answer; another one is refused."""
    plan = Plan(currency="usd", unit_amount=2500)
    first = OpenAccount(
        command_id="k1",
        account_id=world.account_id,
        email="a@example.com",
        carts=1,
        plan=plan,
        payment_method="pm_card_visa",
    )
    assert await world.open_with(first) == await world.open_with(first)
    with pytest.raises(WorkflowUpdateFailedError) as failed:
        await world.open_with(first.model_copy(update={"command_id": "k2"}))
    assert isinstance(failed.value.cause, ApplicationError)
    assert failed.value.cause.type == "account_exists"
    assert world.charged() == [2500]


async def test_the_same_commands_come_as_signals(world: World) -> None:
    """Without an answer, with the same effect; a repeated id is taken once."""
    await world.open()
    await world.handle.signal("set_carts", SetCarts(carts=8, command_id="s1"))
    await world.handle.signal("set_carts", SetCarts(carts=9, command_id="s1"))
    await world.handle.signal("cancel", Cancel())
    account = await world.until("cancelled")
    assert account.carts == 8
    await world.handle.signal("cancel", Cancel())
    await world.handle.signal("reactivate", Reactivate(expected_amount=1))
    await world.quiet()
    assert (await world.see()).state == "cancelled"


async def test_R15_a_flood_of_hints_is_one_look(world: World) -> None:
    """Past due: a thousand hints at once make the workflow look once, and nothing changes."""
    await world.open()
    await world.card("pm_card_chargeCustomerFail")
    await world.at("2027-02-28T10:00:01")
    before, attempts = await world.see(), world.invoices()[-1]["attempt_count"]
    for _ in range(10):
        hint = PaymentHint(event_type="invoice.paid")
        await asyncio.gather(*(world.handle.signal("payment_hint", hint) for _ in range(100)))
    await world.quiet()
    looks = [each for each in await events(world) if each == EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED]
    assert await world.see() == before
    assert world.invoices()[-1]["attempt_count"] == attempts
    assert len(looks) <= 12, "one look for each batch at the most, not one for each hint"


async def test_R8_stripe_failing_for_a_while_is_retried_until_it_is_known(world: World) -> None:
    """A reactivation waits through an outage and then is there, once."""
    await lapsed(world)
    world.stripe.fault(method="POST", path=r"/v1/invoices/[^/]+/pay", when="after", status=500, times=4)
    answer = await world.do(Reactivate())
    assert answer.account.state == "reactivated"
    assert world.charged() == [7500, 7500]


async def test_R14_commands_beside_a_payment_under_way(world: World) -> None:
    """Cancel is refused, carts are taken, a second reactivation joins; one charge."""
    await lapsed(world)
    fault = world.stripe.fault(method="POST", path=r"/v1/invoices/[^/]+/pay", when="after", hang=True)
    first = asyncio.create_task(world.do(Reactivate()))
    await world.stripe.hit(fault)
    assert await refusal(world, Disable(reason="x")) == "payment_in_progress"
    assert (await world.do(SetCarts(carts=7))).account.payment.status == "collecting"
    second = asyncio.create_task(world.do(Reactivate()))
    world.stripe.no_faults()
    answers = await asyncio.gather(first, second)
    assert [each.account.state for each in answers] == ["reactivated", "reactivated"]
    assert world.charged() == [7500, 7500]


async def test_R20_a_payment_method_that_stripe_does_not_know_is_refused_by_field(world: World) -> None:
    """The old one stays."""
    await world.open()
    answer = await world.do(SetPaymentMethod(payment_method="pm_1Unknown"))
    assert answer.refusal is not None
    assert (answer.refusal.code, answer.refusal.field) == ("invalid_request", "payment_method")


async def test_R13_a_closed_account_goes_on_without_personal_data(world: World) -> None:
    """In a run whose history names nobody, and refuses everything."""
    await world.open()
    before = b"".join([event.SerializeToString() for event in await world.events()])
    await world.do(Close())
    await world.until("closed")
    await world.quiet()
    after = b"".join([event.SerializeToString() for event in await world.events()])
    assert b"example.com" in before
    assert b"example.com" not in after
    assert await refusal(world, Cancel()) == "account_closed"


async def test_R18_the_product_hears_everything_in_order_and_its_being_down_delays_nothing(
    env: WorkflowEnvironment, stripe_side: StripeSide, product: Product
) -> None:
    """Down for its first four answers; the account renews meanwhile; then all of it, once it is back."""
    product.answers = [500, 503, 500, 429]
    settings = worker_settings(stripe_side, announcements_url=product.url, announcements_secret=product.secret)
    world = World(env, stripe_side, "announced")
    async with account_worker(env.client, settings):
        await world.skip_to("2027-01-31T10:00")
        command = OpenAccount(
            command_id="k1",
            account_id="announced",
            email="a@example.com",
            carts=3,
            plan=Plan(currency="usd", unit_amount=2500),
            payment_method="pm_card_visa",
        )
        await world.open_with(command, announce=True)
        await world.do(Cancel())
        await world.do(Reactivate())
        await env.sleep(timedelta(days=29))
        last = (await world.see()).sequence
        await until(lambda: product.heard and product.heard[-1]["data"]["sequence"] >= last, seconds=30)
    sequences = [each["data"]["sequence"] for each in product.heard]
    assert sorted(set(sequences)) == list(range(1, last + 1))
    assert [each["type"] for each in product.heard if each["data"]["sequence"] <= 4][:4] == [
        "account.opened",
        "account.activated",
        "account.cancelled",
        "account.resumed",
    ]
    assert world.charged() == [7500, 7500]


BILLABLE = {
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED,
    EventType.EVENT_TYPE_TIMER_STARTED,
    EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED,
    EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED,
}
"""What Temporal Cloud counts as an action; a continue-as-new is counted by the run that it starts."""


async def test_an_idle_month_costs_three_actions_and_twenty_events_at_the_most(
    world: World, record_property: Callable[[str, object], None]
) -> None:
    """One whole run: from a renewal to the next, with nobody asking anything."""
    await world.open()
    await world.at("2027-02-28T10:00:01")
    run = (await world.last_event())[0]
    await world.env.sleep(timedelta(days=31))
    await until(world.last_event, lambda it: it[0] != run, seconds=30)
    month = world.client.get_workflow_handle(world.handle.id, run_id=run)
    happened = [event.event_type async for event in month.fetch_history_events()]
    actions = sum(each in BILLABLE for each in happened)
    record_property("figure", f"idle month: {actions} billable actions, {len(happened)} history events")
    assert happened[-1] == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW
    assert actions <= 3
    assert len(happened) <= 20


async def test_a_task_that_is_kept_waiting_for_longer_than_the_sdk_allows_is_done_all_the_same(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a machine that is starved, or over a flood: three seconds, once."""
    await world.open()
    waits = [3.0]

    def slowly(account: Account) -> TypedSearchAttributes:
        while waits:
            select.select([], [], [], waits.pop())
        return search_attributes(account)

    monkeypatch.setattr(presentation, "search_attributes", slowly)
    assert (await world.do(SetCarts(carts=5))).account.carts == 5
    assert not waits
    failed = EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED
    assert failed not in await events(world)


@pytest.mark.parametrize(("edition", "upserts"), [(editions.FIRST, 2), (editions.NEWEST, 0)])
async def test_R11_a_change_of_carts_alone_upserts_nothing(world: World, edition: int, upserts: int) -> None:
    """They ride along with the next change that is shown; a run that 0.1.0 may have begun does as it did."""
    opening = OpenAccount(
        account_id=world.account_id,
        email="owner@example.com",
        carts=3,
        plan=Plan(currency="usd", unit_amount=2500),
        payment_method="pm_card_visa",
        command_id="open",
    )
    await world.open_with(opening, edition=edition)
    shown = EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES
    before = (await events(world)).count(shown)
    for carts in (4, 5):
        assert (await world.do(SetCarts(carts=carts))).account.carts == carts
    assert (await events(world)).count(shown) - before == upserts
    await world.do(Cancel())
    assert (await events(world)).count(shown) - before == upserts + 1
    last = [each for each in await world.events() if each.event_type == shown][-1]
    fields = last.upsert_workflow_search_attributes_event_attributes.search_attributes.indexed_fields
    assert ("Carts" in fields) is (edition == editions.NEWEST)


async def test_R9_why_and_what_is_next_are_shown_without_upserts_of_their_own(world: World) -> None:
    """E7: one when the renewal fails, none for the retries that fail, one when service ends; and all is said."""
    await world.open()
    await world.card(world.stripe.payment_method(decline_code="insufficient_funds"))
    upsert = EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES
    before = (await events(world)).count(upsert)
    await world.at("2027-03-06T10:00")
    assert (await world.see()).state == "past_due"
    assert (await events(world)).count(upsert) - before == 1
    shown = (await world.handle.describe()).typed_search_attributes
    known = [shown.get(key) for key in (ACCOUNT_STATE, DECLINE_CODE, DISABLED_REASON, NEXT_ACTION)]
    assert known == ["past_due", "insufficient_funds", None, "retry_payment"]
    assert shown.get(STATE_SINCE) == utc("2027-02-28T10:00")
    assert shown.get(RETRIES_AT) == [f"2027-03-0{day}T10:00:00Z" for day in (1, 3, 5, 7)]
    await world.at("2027-03-07T10:00")
    await world.until("disabled")
    shown = (await world.handle.describe()).typed_search_attributes
    assert [shown.get(key) for key in (DISABLED_REASON, NEXT_ACTION)] == ["payment_failed", "reactivate"]
    assert shown.get(RETRIES_AT) is None
    assert shown.get(STATE_SINCE) == utc("2027-03-07T10:00")
