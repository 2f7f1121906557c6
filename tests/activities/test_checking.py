"""R8 at the sandbox: nothing at Stripe changes a sum; an invoice that is not for its quote is replaced, never paid."""

import asyncio
import re
from typing import Any

import pytest

from reprise.statemachine.money import Plan
from reprise.statemachine.outcomes import Paid, Stopped
from reprise.statemachine.quotes import Debt
from reprise.statemachine.terms import nth_term
from tests.activities.conftest import Sent
from tests.activities.payer import START, Payer

DEBT = Debt(amount=5000, currency="usd", term=nth_term(START, -1, "UTC"))


async def by_hand(payer: Payer, lines: list[dict[str, Any]], currency: str = "usd") -> str:
    """Make a draft that carries the key of payment 1, with lines as somebody may have changed them."""
    draft = await payer.draft(currency=currency)
    for number, line in enumerate(lines):
        fields = {"currency": currency, "quantity": "1", "metadata[line]": str(number), **line}
        await payer.by_hand("POST", "invoiceitems", customer=payer.customer_id, invoice=draft, **fields)
    return draft


SPOILT: dict[str, tuple[list[dict[str, Any]], str]] = {
    "another-currency": ([{"quantity": "3", "unit_amount_decimal": "2500"}], "eur"),
    "another-sum": ([{"quantity": "3", "unit_amount_decimal": "2501"}], "usd"),
    "a-line-too-many": ([{"quantity": "3", "unit_amount_decimal": "2500"}, {"amount": "0"}], "usd"),
    "another-quantity": ([{"quantity": "1", "unit_amount_decimal": "7500"}], "usd"),
    "an-alien-line": ([{"quantity": "3", "unit_amount_decimal": "2500", "metadata[line]": "7"}], "usd"),
}


@pytest.mark.parametrize("finalized", [False, True], ids=["draft", "open"])
@pytest.mark.parametrize("how", SPOILT)
async def test_R8_a_spoilt_invoice_is_replaced(payer: Payer, how: str, finalized: bool) -> None:
    """It is deleted or void, another one of the same key is paid, for what was quoted."""
    lines, currency = SPOILT[how]
    invoice = await by_hand(payer, lines, currency)
    if finalized:
        await payer.by_hand("POST", f"invoices/{invoice}/finalize")
    outcome = await payer.collect()
    assert isinstance(outcome, Paid)
    assert outcome.invoice_id != invoice
    assert payer.statuses() == (["void", "paid"] if finalized else ["paid"])
    assert payer.charged() == [7500]


async def test_R22_a_spoilt_invoice_that_is_paid_as_it_is_voided_is_a_payment(payer: Payer) -> None:
    """The payer was quicker: their money is told, with what was charged, and nothing more is asked for."""
    invoice = await by_hand(payer, SPOILT["another-sum"][0])
    await payer.by_hand("POST", f"invoices/{invoice}/finalize")
    held = payer.stripe.hold(path=r"/v1/invoices/[^/]+/void")
    trying = asyncio.create_task(payer.collect())
    await payer.stripe.hit(held)
    await payer.by_hand("POST", f"invoices/{invoice}/pay")
    payer.stripe.let_go(held)
    outcome = await trying
    assert isinstance(outcome, Paid)
    assert (outcome.invoice_id, outcome.charged) == (invoice, 7503)
    assert payer.charged() == [7503]


async def test_R8_each_line_is_for_what_the_quote_says(payer: Payer) -> None:
    """Two lines that are each other's: the sum and the number of lines are right, the invoice is not."""
    wanted = payer.asked(carts=1, debts=(DEBT,))
    swapped = [{"unit_amount_decimal": "5000"}, {"unit_amount_decimal": "2500"}]
    invoice = await by_hand(payer, swapped)
    outcome = await payer.collect(wanted)
    assert isinstance(outcome, Paid)
    assert outcome.invoice_id != invoice
    assert [line["amount"] for line in payer.stripe.invoices(payer.account_id)[0]["lines"]["data"]] == [2500, 5000]


async def test_R12_a_quote_of_many_debts_is_one_invoice(payer: Payer, sent: list[Sent]) -> None:
    """More lines than an invoice shows by itself: all are there, once, also after a crash."""
    wanted = payer.asked(debts=(DEBT,) * 11)
    payer.stripe.fault(method="POST", path=r"/v1/invoices/[^/]+/finalize", when="before", status=500)
    with pytest.raises(Exception, match="cannot be reached or is failing"):
        await payer.collect(wanted, stripe_retries=0)
    payer.stripe.advance(25 * 3600)
    sent.clear()
    assert (await payer.collect(wanted)).kind == "paid"
    assert {each.params["limit"] for each in sent if each.call.endswith("/lines")} == {"100"}
    assert "POST /v1/invoiceitems" not in {each.call for each in sent}
    assert payer.charged() == [62500]
    assert payer.stripe.invoices(payer.account_id)[0]["lines"]["total_count"] == 12


async def test_R8_an_invoice_that_is_wrong_twice_stops_the_payment(payer: Payer) -> None:
    """Somebody adds to every draft: both are deleted, nothing is charged, the sums are named; then it is paid."""
    held = [payer.stripe.hold(method="GET", path="/v1/invoices/in_.*") for _ in range(2)]
    trying = asyncio.create_task(payer.collect())
    for fault in held:
        await payer.stripe.hit(fault)
        draft = (await payer.by_hand("GET", f"invoices?customer={payer.customer_id}"))["data"][0]["id"]
        await payer.by_hand(
            "POST", "invoiceitems", customer=payer.customer_id, invoice=draft, amount="999", currency="usd"
        )
        payer.stripe.let_go(fault)
    outcome = await trying
    assert isinstance(outcome, Stopped)
    assert "8499 usd" in outcome.reason
    assert "7500 usd" in outcome.reason
    assert payer.statuses() == []
    assert (await payer.collect()).kind == "paid"
    payer.paid_exactly_once()


async def test_R8_what_somebody_adds_after_the_check_is_seen_before_paying(payer: Payer) -> None:
    """As it is finalized: that invoice is void, and another one is paid under the next key."""
    before = payer.stripe.latest_request()
    held = payer.stripe.hold(path=r"/v1/invoices/[^/]+/finalize")
    trying = asyncio.create_task(payer.collect())
    await payer.stripe.hit(held)
    draft = payer.stripe.invoices(payer.account_id)[0]["id"]
    await payer.by_hand("POST", "invoiceitems", customer=payer.customer_id, invoice=draft, amount="999", currency="usd")
    payer.stripe.let_go(held)
    assert isinstance(await trying, Paid)
    assert payer.statuses() == ["void", "paid"]
    assert payer.charged() == [7500]
    assert payer.creations_since(before) == ["0", "1"]


@pytest.mark.parametrize("status", [400, 403])
async def test_R8_a_spoilt_invoice_that_stripe_will_not_void_is_left_to_people(payer: Payer, status: int) -> None:
    """No other one is made beside it; once it is void, one is."""
    invoice = await by_hand(payer, SPOILT["another-sum"][0])
    await payer.by_hand("POST", f"invoices/{invoice}/finalize")
    payer.stripe.fault(path=r"/v1/invoices/[^/]+/void", when="before", status=status)
    outcome = await payer.collect()
    assert isinstance(outcome, Stopped)
    assert outcome.invoice_id == invoice
    assert re.search(r"comes to 7503 usd, .* Stripe refused to void it: .", outcome.reason)
    assert payer.statuses() == ["open"]
    assert isinstance(await payer.collect(payer.asked(attempt=2)), Paid)
    assert payer.statuses() == ["void", "paid"]
    assert payer.charged() == [7500]


async def test_R8_discounts_tax_and_pending_items_change_no_sum(payer: Payer) -> None:
    """The customer has a discount and a pending item, and tax is on by default: all are switched off."""
    payer.stripe.post(f"customers/{payer.customer_id}/discount", {"percent_off": 50})
    await payer.by_hand("POST", "invoiceitems", customer=payer.customer_id, amount="999", currency="usd")
    payer.stripe.post("settings", {"automatic_tax": True})
    try:
        outcome = await payer.collect()
    finally:
        payer.stripe.post("settings", {"automatic_tax": False})
    assert outcome.kind == "paid"
    payer.paid_exactly_once()


async def test_R21_new_invoices_ask_for_cards_only(payer: Payer) -> None:
    """Unless the policy names others."""
    await payer.collect()
    await payer.collect(payer.asked(2, paid=(1,), payment_methods=("card", "us_bank_account")))
    types = [each["payment_settings"]["payment_method_types"] for each in payer.stripe.invoices(payer.account_id)]
    assert types == [["card"], ["card", "us_bank_account"]]


# ---------------------------------------------------------------------- what is due


async def test_E16_what_the_customer_owes_is_never_charged_on_top(payer: Payer) -> None:
    """Stopped before anything is finalized, with the balance named; paid for the quote once it is cleared."""
    await payer.owes(2000)
    before = payer.stripe.latest_request()
    outcome = await payer.collect()
    assert isinstance(outcome, Stopped)
    assert payer.creations_since(before) == ["0"], "another one would be no better"
    assert outcome.invoice_id is not None
    assert "owes 20.00 USD" in outcome.reason
    assert "95.00 USD would be charged instead of 75.00 USD" in outcome.reason
    assert "Nothing was charged" in outcome.reason
    assert payer.statuses() == [], "no draft is left behind"
    await payer.owes(-2000)
    assert (await payer.collect(payer.asked(attempt=2))).kind == "paid"
    payer.paid_exactly_once()


async def test_E16_what_is_owed_only_after_the_check_is_seen_before_paying(payer: Payer) -> None:
    """The balance changes between the check and the finalizing: the invoice is void, nothing is charged."""
    held = payer.stripe.hold(path=r"/v1/invoices/[^/]+/finalize")
    trying = asyncio.create_task(payer.collect())
    await payer.stripe.hit(held)
    await payer.owes(2000)
    payer.stripe.let_go(held)
    outcome = await trying
    assert isinstance(outcome, Stopped)
    assert "owes 20.00 USD" in outcome.reason
    assert payer.statuses() == ["void"]
    await payer.owes(-2000)
    assert (await payer.collect()).kind == "paid"
    assert payer.statuses() == ["void", "paid"]
    assert payer.charged() == [7500]


@pytest.mark.parametrize(("credit", "charged"), [(2000, [5500]), (7500, []), (10000, [])])
async def test_E16_a_credit_pays_its_part(payer: Payer, credit: int, charged: list[int]) -> None:
    """The outcome says what the card was charged; the invoice is for the whole."""
    await payer.owes(-credit)
    before = payer.stripe.latest_request()
    outcome = await payer.collect()
    assert sum(call.endswith("/pay") for call in payer.calls_since(before)) == len(charged)
    assert isinstance(outcome, Paid)
    assert outcome.charged == 7500 - min(credit, 7500)
    assert payer.statuses() == ["paid"]
    assert payer.charged() == charged
    assert await payer.collect() == outcome, "found again, it says the same"


async def test_R8_a_credit_in_another_currency_pays_nothing(payer: Payer) -> None:
    """It is not this payment's: the whole is charged."""
    await payer.owes(-2000, "eur")
    outcome = await payer.collect()
    assert isinstance(outcome, Paid)
    assert outcome.charged == 7500
    payer.paid_exactly_once()


async def test_R8_a_rest_too_small_to_charge_is_not_left_on_the_balance(payer: Payer) -> None:
    """A credit that pays all but 30 cents: Stripe would mark it paid, and ask for the 30 cents with the next."""
    await payer.owes(-7470)
    outcome = await payer.collect()
    assert isinstance(outcome, Stopped)
    assert "less than the 0.50 USD that Stripe charges" in outcome.reason
    assert payer.statuses() == []


@pytest.mark.parametrize("amount", [1, 49])
async def test_E17_a_sum_below_what_stripe_charges_stops(payer: Payer, amount: int) -> None:
    """No invoice is made: finalized, it would count as paid, and be charged with the next."""
    outcome = await payer.collect(payer.asked(plan=Plan(currency="usd", unit_amount=amount), carts=1))
    assert isinstance(outcome, Stopped)
    assert f"0.{amount:02} USD is less than the 0.50 USD" in outcome.reason
    assert payer.statuses() == []


@pytest.mark.parametrize(("amount", "charged"), [(50, [50]), (0, [])])
async def test_E17_the_least_that_stripe_charges_is_paid_and_so_is_nothing(
    payer: Payer, amount: int, charged: list[int]
) -> None:
    """What is left on no balance needs no minimum."""
    outcome = await payer.collect(payer.asked(plan=Plan(currency="usd", unit_amount=amount), carts=1))
    assert isinstance(outcome, Paid)
    assert payer.statuses() == ["paid"]
    assert payer.charged() == charged
