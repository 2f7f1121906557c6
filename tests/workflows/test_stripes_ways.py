"""The second edition's worked examples in the whole: workflow, activities and Stripe's side, by their numbers."""

import asyncio
from datetime import timedelta

import pytest
from temporalio.testing import WorkflowEnvironment

from reprise.activities import names
from reprise.statemachine.commands import Cancel, Reactivate, SetEmail
from reprise.stripe_api.client import stripe_client
from reprise.temporal.search_attributes import ACCESS_UNTIL
from reprise.worker import account_worker
from reprise.workflows.messages import PaymentHint
from tests.stripe_side import StripeSide
from tests.worker_side import worker_settings
from tests.workflows.examples import cancelled, past_due
from tests.workflows.faults import FAULTS, Faults
from tests.workflows.world import World

BY_DEBIT = {"policy": {"payment_methods": ["card", "us_bank_account"]}}


async def lapsed_with_debit(world: World) -> None:
    """E2 on 15 April, to be paid from a bank account that says nothing for days."""
    await world.open(**BY_DEBIT)
    await world.do(Cancel())
    await world.at("2027-03-01T10:00")
    assert (await world.card("pm_usBankAccount_processing")).refusal is None
    await world.at("2027-04-15T12:00")


def intent_of(world: World) -> str:
    """Return the debit that is under way; the sandbox holds those of other tests, too."""
    ours = [each["id"] for each in world.stripe.customers(world.account_id)]
    intents = world.stripe.dump("payment_intents", owners=ours)["payment_intents"]
    (intent,) = [each["id"] for each in intents if each["status"] == "processing"]
    return str(intent)


async def test_E13_a_debit_that_takes_days_brings_the_account_back_when_it_clears(world: World) -> None:
    """Two reactivations, one invoice; in service from the moment of the clearing."""
    await lapsed_with_debit(world)
    for day in ("15", "16"):
        account = (await world.do(Reactivate())).account
        assert (account.state, account.payment.status) == ("disabled", "processing")
        await world.at(f"2027-04-{int(day) + 1}T12:00")
    world.stripe.settle(intent_of(world), "succeeded")
    await world.at("2027-04-19T09:00")
    await world.handle.signal("payment_hint", PaymentHint())
    account = await world.until("reactivated")
    assert account.term is not None
    assert world.charged() == [7500, 7500]
    assert len(world.invoices()) == 2


async def test_E14_a_debit_that_fails_leaves_it_out_and_a_good_card_charges_once(world: World) -> None:
    """Declined; nothing paid; then 7500 once."""
    await lapsed_with_debit(world)
    await world.do(Reactivate())
    world.stripe.settle(intent_of(world), "failed", "debit_not_authorized")
    await world.at("2027-04-17T12:00")
    account = await world.see()
    assert (account.state, account.payment.status) == ("disabled", "declined")
    assert world.charged() == [7500]
    await world.card("pm_card_visa")
    assert (await world.do(Reactivate())).account.state == "reactivated"
    assert world.charged() == [7500, 7500]


async def test_E15_a_lost_answer_and_a_wrong_key_charge_nobody_twice(world: World) -> None:
    """Stripe took the money, its answer was lost, the key is wrong for an hour: not known; then reactivated, once."""
    await cancelled(world)
    await world.at("2027-04-15T12:00")
    path = r"/v1/invoices/[^/]+/pay"
    lost = world.stripe.fault(method="POST", path=path, when="after", drop_connection=True, delay_seconds=1)
    pressed = asyncio.create_task(world.do(Reactivate()))
    await world.stripe.hit(lost)
    world.stripe.fault(method="*", path="/v1/.*", when="before", status=401, times=None)
    assert (await world.see()).payment.status == "collecting"
    await world.env.sleep(timedelta(minutes=50))
    assert (await world.see()).payment.status == "collecting", "nothing else may begin"
    world.stripe.no_faults()
    await world.env.sleep(timedelta(minutes=10))
    assert (await pressed).account.state == "reactivated"
    assert world.charged() == [7500, 7500]
    assert len(world.invoices()) == 2


async def test_E18_an_invoice_voided_in_the_dashboard_is_replaced(world: World) -> None:
    """Voided on 2 March; on 3 March a new one of the same key, which a good card pays."""
    await past_due(world)
    await world.at("2027-03-02T10:00")
    async with stripe_client(world.stripe.settings()) as stripe:
        await stripe.v1.invoices.void_invoice_async(world.invoices()[-1]["id"])
    assert (await world.card("pm_card_visa")).account.state == "active"
    assert world.charged() == [7500, 7500]
    assert [each["status"] for each in world.invoices()] == ["paid", "void", "paid"]
    keys = [each["metadata"]["payment_key"] for each in world.invoices()]
    assert keys[1] == keys[2]


@pytest.mark.parametrize("payer", ["waits", "pays"])
async def test_E20_a_void_that_stripe_refuses_is_done_when_the_key_is_mended(world: World, payer: str) -> None:
    """Cancelled while past due, with a wrong key; a day later the void is done. Who paid meanwhile has the term."""
    await past_due(world)
    await world.at("2027-03-02T10:00")
    world.stripe.fault(method="*", path="/v1/.*", when="before", status=401, times=None)
    account = (await world.do(Cancel())).account
    assert (account.state, account.next and account.next.kind) == ("disabled", "void_due")
    await world.at("2027-03-03T09:00")
    world.stripe.no_faults()
    if payer == "pays":
        await world.pay_by_hand()
    await world.at("2027-03-03T11:00")
    if payer == "waits":
        assert [each["status"] for each in world.invoices()] == ["paid", "void"]
        return
    assert world.charged() == [7500, 7500]
    assert "account.payment_received" in [each.type for each in await world.timeline()]
    assert (await world.do(Reactivate(expected_amount=0))).account.state == "reactivated"
    assert world.charged() == [7500, 7500]


async def test_E21_a_wrong_key_while_the_first_account_opens(world: World) -> None:
    """A day of 401: fewer than 60 requests and 500 events; then open, charged once, by the card given at opening."""
    world.stripe.fault(method="*", path="/v1/.*", when="before", status=401, times=None)
    before = world.stripe.latest_request()
    assert (await world.open()).state == "disabled"
    for _ in range(24):
        await world.env.sleep(timedelta(hours=1))
    assert world.stripe.counts(since=before)["total"] < 60
    assert len(await world.events()) < 500
    told = [each.type for each in await world.timeline()]
    assert len(told) <= 4, "told once, not each hour"
    world.stripe.no_faults()
    await world.env.sleep(timedelta(hours=1, minutes=1))
    assert (await world.until("active")).payment.status == "paid"
    assert world.charged() == [7500]


async def test_E22_a_customer_who_was_deleted_is_registered_anew(world: World) -> None:
    """Deleted before the renewal: past due without a payment method; a new card pays."""
    await world.open()
    customer = await world.handle.query("customer_id", result_type=str)
    async with stripe_client(world.stripe.settings()) as stripe:
        await stripe.v1.customers.delete_async(customer)
    await world.at("2027-02-28T10:00:01")
    account = await world.until("past_due")
    assert account.payment.decline_code == "no_payment_method"
    assert (await world.card("pm_card_visa")).account.state == "active"
    assert await world.handle.query("customer_id", result_type=str) != customer
    assert len(world.charged()) == 2


async def test_R16_access_does_not_end_before_an_outcome_that_is_not_known(
    env: WorkflowEnvironment, stripe_side: StripeSide
) -> None:
    """Row 16: a renewal with one day of retries, and no answer for five: nobody is shut out meanwhile."""
    faults = Faults()
    async with account_worker(faults.client(env.client), worker_settings(stripe_side)):
        world = World(env, stripe_side, "patient")
        await world.skip_to("2027-01-31T10:00")
        await world.open(policy={"retry_days": (1,)})
        faults.of["patient", names.COLLECT] = FAULTS["retryable"]
        await world.env.sleep(timedelta(days=28) - timedelta(minutes=1))
        for _ in range(20):
            await world.env.sleep(timedelta(hours=6))
            until = (await world.handle.describe()).typed_search_attributes.get(ACCESS_UNTIL)
            assert until is not None
            assert until > await world.now()
        faults.of.clear()
        await world.env.sleep(timedelta(hours=1, minutes=10))
        account = await world.until("active")
        assert account.payment.status == "paid"
        assert world.charged() == [7500, 7500]


async def test_R26_the_billing_email_follows_at_stripe(world: World) -> None:
    """Changed by its user; one that Stripe does not take is refused, naming the field, and the old one stays."""
    await world.open()
    assert (await world.do(SetEmail(email="ada@example.com"))).account.email == "ada@example.com"
    (at_stripe,) = world.stripe.customers(world.account_id)
    assert at_stripe["email"] == "ada@example.com"
    world.stripe.fault(method="POST", path="/v1/customers/[^/]+", when="before", status=400, times=1)
    answer = await world.do(SetEmail(email="grace@example.com"))
    assert answer.refusal is not None
    assert (answer.refusal.code, answer.refusal.field) == ("invalid_request", "email")
    assert answer.account.email == "ada@example.com"


async def test_R26_an_open_payment_is_shown_in_its_own_currency(world: World) -> None:
    """Row 23: the plan changes to yen while dollars are owed."""
    await past_due(world)
    await world.handle.execute_update("change_plan", {"plan": {"currency": "jpy", "unit_amount": 500}}, id="p")
    account = await world.see()
    assert (account.plan.currency, account.payment.currency, account.payment.amount) == ("jpy", "usd", 7500)
    assert account.next is not None
    assert (account.next.kind, account.next.at) == ("payment_due", account.payment.next_attempt_at)
