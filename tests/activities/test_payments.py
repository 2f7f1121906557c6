"""R8 at the sandbox: outcomes are values, every step looks before it acts, and one key moves money once."""

import asyncio
import re

import pytest
from temporalio.exceptions import ApplicationError

from reprise.statemachine.money import Plan
from reprise.statemachine.outcomes import InvoiceState, NoPaymentMethod, Paid, RequiresAction, Stopped
from reprise.statemachine.payments import PaymentPurpose
from reprise.statemachine.quotes import Debt
from reprise.statemachine.terms import nth_term
from tests.activities.payer import START, Payer
from tests.plain_http import plain_client
from tests.stripe_side import StripeSide


async def test_R8_one_payment_is_one_invoice_with_one_line_and_one_charge(payer: Payer) -> None:
    """The line carries carts, unit amount and the term; the invoice carries the key."""
    outcome = await payer.collect()
    assert isinstance(outcome, Paid)
    payer.paid_exactly_once()
    invoice = payer.stripe.invoices(payer.account_id)[0]
    assert (outcome.payment_key, outcome.invoice_id, outcome.charged) == (payer.key(), invoice["id"], 7500)
    assert outcome.payment_method == (await payer.look()).payment_method is not None
    line, term = invoice["lines"]["data"][0], nth_term(START, 0, "UTC")
    assert invoice["metadata"]["payment_key"] == f"{payer.account_id}:1"
    assert (line["quantity"], line["pricing"]["unit_amount_decimal"]) == (3, "2500")
    assert line["period"] == {"start": int(term.start.timestamp()), "end": int(term.end.timestamp())}


@pytest.mark.parametrize(
    "code", ["generic_decline", "insufficient_funds", "expired_card", "lost_card", "processing_error"]
)
async def test_R8_a_decline_is_a_value_with_its_code(payer: Payer, code: str) -> None:
    """Nothing is charged; a new attempt with a good card charges the same invoice once."""
    await payer.card(payer.stripe.payment_method(decline_code=code))
    outcome = await payer.collect()
    assert (outcome.kind, getattr(outcome, "code", None)) == ("declined", code)
    assert payer.stripe.charged(payer.account_id) == []
    again = await payer.collect()
    assert again == outcome, "the same attempt gets the same answer"
    await payer.card("pm_card_visa")
    assert (await payer.collect(payer.asked(attempt=2))).kind == "paid"
    payer.paid_exactly_once()


async def test_R8_without_a_payment_method_nothing_is_tried(stripe_side: StripeSide) -> None:
    """`no_payment_method` is a value; the card that is added later pays the same invoice."""
    payer = Payer(stripe_side)
    await payer.register(None)
    before = stripe_side.latest_request()
    outcome = await payer.collect()
    invoice = payer.stripe.invoices(payer.account_id)[0]["id"]
    assert outcome == NoPaymentMethod(payment_key=payer.key(), invoice_id=invoice, payment_method=None)
    assert not [call for call in payer.calls_since(before) if call.endswith("/pay")]
    await payer.card("pm_card_visa")
    before = stripe_side.latest_request()
    assert (await payer.collect(payer.asked(attempt=2))).kind == "paid"
    expected = ["GET /v1/invoices", f"GET /v1/invoices/{invoice}", f"POST /v1/invoices/{invoice}/pay"]
    assert payer.calls_since(before) == expected
    payer.paid_exactly_once()


async def test_R10_authentication_is_a_value_and_the_hosted_invoice_completes_it(payer: Payer) -> None:
    """The payer goes to the hosted invoice, authenticates, and the next look finds it paid."""
    await payer.card("pm_card_authenticationRequired")
    outcome = await payer.collect()
    assert isinstance(outcome, RequiresAction)
    async with plain_client(follow_redirects=True) as browser:
        page = await browser.get(outcome.url)
        link = re.search(r'href="(/_sandbox/authenticate/[^"]+)"', page.text)
        assert link is not None
        done = await browser.post(payer.stripe.url + link[1], data={"answer": "complete"})
        assert "Paid. Thank you." in done.text
    observed = await payer.run("retrieve_invoice", payer.invoice())
    assert observed.invoice is InvoiceState.PAID
    assert (await payer.collect()).kind == "paid"
    payer.paid_exactly_once()


async def test_R8_however_often_and_however_parallel_it_runs_money_moves_once(payer: Payer) -> None:
    """Five at once, then five in a row; only answers that Stripe makes retryable may be errors."""
    results = await asyncio.gather(*(payer.collect() for _ in range(5)), return_exceptions=True)
    for each in results:
        assert not isinstance(each, BaseException) or isinstance(each, ApplicationError)
    for _ in range(5):
        assert (await payer.collect()).kind == "paid"
    payer.paid_exactly_once()


async def test_R8_the_same_after_the_idempotency_keys_are_pruned(payer: Payer) -> None:
    """25 hours later Stripe has forgotten every key: the invoice itself is found and believed."""
    await payer.collect()
    payer.stripe.advance(25 * 3600)
    assert (await payer.collect()).kind == "paid"
    payer.paid_exactly_once()


async def test_R8_a_wrong_key_stops_and_the_payment_can_be_made_after_the_mend(payer: Payer) -> None:
    """A refused request is a value that operators can read; nothing is charged."""
    outcome = await payer.collect(STRIPE_API_KEY="sk_wrong_key_of_ours")
    assert isinstance(outcome, Stopped)
    assert "Invalid API Key" in outcome.reason
    assert (await payer.collect(payer.asked(attempt=2))).kind == "paid"
    payer.paid_exactly_once()


async def test_R8_yen_have_no_sen(payer: Payer) -> None:
    """E11: JPY 500 and four carts are 2000 yen."""
    outcome = await payer.collect(payer.asked(plan=Plan(currency="jpy", unit_amount=500), carts=4))
    assert outcome.kind == "paid"
    payer.paid_exactly_once(2000)


async def test_R12_coming_back_voids_what_is_unpaid_from_before(payer: Payer) -> None:
    """An older open invoice of ours is void before the new one is paid; others' invoices are left alone."""
    await payer.card("pm_card_chargeCustomerFail")
    await payer.collect(payer.asked(1, purpose=PaymentPurpose.RENEWAL))
    await payer.card("pm_card_visa")
    assert (await payer.collect(payer.asked(2))).kind == "paid"
    assert [each["status"] for each in payer.stripe.invoices(payer.account_id)] == ["void", "paid"]


async def test_R12_debt_is_a_line_of_its_own(payer: Payer) -> None:
    """Under `debt: collect` the old renewal stands beside the new month."""
    debt = Debt(amount=7500, currency="usd", term=nth_term(START, -1, "UTC"))
    assert (await payer.collect(payer.asked(debts=(debt,)))).kind == "paid"
    invoice = payer.stripe.invoices(payer.account_id)[0]
    assert [line["amount"] for line in invoice["lines"]["data"]] == [7500, 7500]
    assert payer.stripe.charged(payer.account_id) == [15000]


async def test_R3_voiding_an_open_invoice_and_a_paid_one(payer: Payer) -> None:
    """Open becomes void; paid stays paid, and is said to be; none is missing."""
    assert (await payer.run("void_invoice", payer.invoice())).invoice is InvoiceState.MISSING
    await payer.card("pm_card_chargeCustomerFail")
    await payer.collect()
    assert (await payer.run("void_invoice", payer.invoice())).invoice is InvoiceState.VOID
    assert (await payer.run("void_invoice", payer.invoice())).invoice is InvoiceState.VOID
    await payer.card("pm_card_visa")
    await payer.collect(payer.asked(2))
    assert (await payer.run("void_invoice", payer.invoice(2))).invoice is InvoiceState.PAID


async def test_R8_registering_twice_finds_the_same_customer(payer: Payer) -> None:
    """Also when the keys are forgotten, and when another account has the same e-mail."""
    first = payer.customer_id
    payer.stripe.advance(25 * 3600)
    assert (await payer.register()).customer_id == first
    other = Payer(payer.stripe)
    other.email = payer.email
    assert (await other.register()).customer_id != first
    methods = payer.stripe.dump("payment_methods", owners=[first])["payment_methods"]
    assert len(methods) == 1


async def test_R8_a_payment_method_that_stripe_does_not_know_is_a_value(payer: Payer) -> None:
    """The old default stays."""
    changed = await payer.card("pm_1NoSuchMethod")
    assert changed.refused == "resource_missing"
    assert (await payer.collect()).kind == "paid"
