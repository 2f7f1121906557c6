"""R12, R21, R22, R23 at the sandbox: what other invoices, lives and customers mean for an account's next payment."""

import asyncio
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError

from reprise.statemachine.outcomes import CustomerDeleted, EarlierPayment, InvoiceState, Paid, Stopped
from reprise.statemachine.payments import PaymentPurpose
from reprise.statemachine.terms import nth_term
from reprise.stripe_api.idempotency import hashed_key
from tests.activities.payer import START, Payer
from tests.stripe_side import StripeSide

BANKS = ("card", "us_bank_account")
POOR = {"decline_code": "insufficient_funds"}
PURPOSES = list(PaymentPurpose)


async def with_open_invoice(payer: Payer, n: int = 1) -> str:
    """Let payment `n` be declined; return its open invoice. The card is good again then."""
    await payer.card(payer.stripe.payment_method(**POOR))
    await payer.collect(payer.asked(n, known_from=None))
    await payer.card("pm_card_visa")
    return str(payer.stripe.invoices(payer.account_id)[-1]["id"])


# ---------------------------------------------------------------------- money that has come


async def test_R22_a_payment_that_is_paid_and_not_known_goes_first(payer: Payer) -> None:
    """Nothing is begun; what was found says what it buys."""
    first = await payer.collect()
    outcome = await payer.collect(payer.asked(2))
    assert isinstance(outcome, EarlierPayment)
    found = outcome.found
    assert (found.payment_key, found.invoice_id, found.state) == (payer.key(1), first.invoice_id, InvoiceState.PAID)
    assert (found.amount, found.currency, found.charged) == (7500, "usd", 7500)
    assert (found.quantity, found.unit_amount, found.period) == (3, 2500, nth_term(START, 0, "UTC"))
    assert payer.statuses() == ["paid"]


@pytest.mark.parametrize("known", [{"paid": (1,)}, {"known_from": 2}, {"known_from": None}], ids=str)
async def test_R22_what_the_record_knows_or_forgot_is_passed_over(payer: Payer, known: dict[str, Any]) -> None:
    """The next payment is made."""
    await payer.collect()
    assert isinstance(await payer.collect(payer.asked(2, **known)), Paid)
    assert payer.charged() == [7500, 7500]


async def test_R22_the_oldest_that_is_paid_comes_first(payer: Payer) -> None:
    """Before a newer one, and before one that is open."""
    for n in (1, 2):
        await payer.collect(payer.asked(n, known_from=None))
    await with_open_invoice(payer, 3)
    outcome = await payer.collect(payer.asked(4))
    assert isinstance(outcome, EarlierPayment)
    assert outcome.found.payment_key == payer.key(1)
    assert payer.statuses() == ["paid", "paid", "open"]


async def test_R22_what_the_credit_paid_of_it_is_told(payer: Payer) -> None:
    """The amount is the invoice's, the charge what the card paid."""
    await payer.owes(-2000)
    await payer.collect()
    outcome = await payer.collect(payer.asked(2))
    assert isinstance(outcome, EarlierPayment)
    assert (outcome.found.amount, outcome.found.charged) == (7500, 5500)


# ---------------------------------------------------------------------- what is open from before


@pytest.mark.parametrize("known_from", [1, None])
@pytest.mark.parametrize("purpose", PURPOSES)
async def test_R21_no_payment_begins_beside_an_open_one(
    payer: Payer, purpose: PaymentPurpose, known_from: int | None
) -> None:
    """Whatever the payment is for, what is open, or written off, or a draft of ours from before is made unpayable."""
    uncollectible = await with_open_invoice(payer, 1)
    await payer.by_hand("POST", f"invoices/{uncollectible}/mark_uncollectible")
    await payer.draft(2)
    assert isinstance(await payer.collect(payer.asked(3, purpose=purpose, known_from=known_from)), Paid)
    assert payer.statuses() == ["void", "paid"]
    assert payer.charged() == [7500]


async def test_R12_a_payment_never_voids_its_own_invoice(payer: Payer) -> None:
    """A reactivation that is attempted again pays the invoice that it has."""
    await with_open_invoice(payer, 1)
    mine = await with_open_invoice(payer, 2)
    outcome = await payer.collect(payer.asked(2, attempt=2))
    assert isinstance(outcome, Paid)
    assert outcome.invoice_id == mine
    assert payer.statuses() == ["void", "paid"]


async def test_R12_others_invoices_are_left_alone(payer: Payer) -> None:
    """Made by hand, another account's, and another life's."""
    whose: list[dict[str, str]] = [
        {},
        {"account_id": "somebody-else", "life": "life-1", "payment_key": "somebody-else:1"},
        {"account_id": payer.account_id, "life": "life-0", "payment_key": payer.key(1)},
        {"account_id": payer.account_id, "payment_key": payer.key(1)},
        {"account_id": payer.account_id, "life": "life-1"},
    ]
    for metadata in whose:
        fields = {f"metadata[{name}]": value for name, value in metadata.items()}
        await payer.by_hand("POST", "invoices", customer=payer.customer_id, auto_advance="false", **fields)
    assert isinstance(await payer.collect(payer.asked(2)), Paid)
    mine = payer.stripe.dump("invoices", owners=[payer.customer_id])["invoices"]
    assert [each["status"] for each in mine] == [
        *["draft"] * 5,
        "paid",
    ]


@pytest.mark.parametrize("status", [400, 403])
async def test_R8_an_old_invoice_that_stripe_will_not_void_stops_the_payment(payer: Payer, status: int) -> None:
    """Nothing is begun beside it; later it is done."""
    await with_open_invoice(payer, 1)
    payer.stripe.fault(path=r"/v1/invoices/[^/]+/void", when="before", status=status)
    outcome = await payer.collect(payer.asked(2))
    assert isinstance(outcome, Stopped)
    assert "must be void before another payment begins" in outcome.reason
    assert payer.statuses() == ["open"]
    assert isinstance(await payer.collect(payer.asked(2)), Paid)
    assert payer.charged() == [7500]


async def test_R22_an_old_invoice_that_is_paid_while_it_is_voided_goes_first(payer: Payer) -> None:
    """The payer was faster: the void is refused, the invoice read again."""
    invoice = await with_open_invoice(payer, 1)
    held = payer.stripe.hold(path=r"/v1/invoices/[^/]+/void")
    trying = asyncio.create_task(payer.collect(payer.asked(2, known_from=None)))
    await payer.stripe.hit(held)
    await payer.by_hand("POST", f"invoices/{invoice}/pay")
    payer.stripe.let_go(held)
    outcome = await trying
    assert isinstance(outcome, EarlierPayment)
    assert (outcome.found.payment_key, outcome.found.state) == (payer.key(1), InvoiceState.PAID)
    assert payer.charged() == [7500]


# ---------------------------------------------------------------------- where an invoice is found


async def test_R8_an_invoice_is_found_on_whichever_page_it_is(payer: Payer) -> None:
    """Behind twenty newer ones of other people's, and the keys forgotten: no second charge, and no page too many."""

    async def looked(n: int) -> tuple[InvoiceState, int]:
        before = payer.stripe.latest_request()
        seen = await payer.look(n, paid=(1, 2))
        return seen.invoice, payer.calls_since(before).count("GET /v1/invoices")

    await payer.collect()
    for _ in range(19):
        await payer.by_hand("POST", "invoices", customer=payer.customer_id, auto_advance="false")
    assert await looked(1) == (InvoiceState.PAID, 1), "twenty are one page"
    await payer.by_hand("POST", "invoices", customer=payer.customer_id, auto_advance="false")
    payer.stripe.advance(25 * 3600)
    before = payer.stripe.latest_request()
    assert isinstance(await payer.collect(), Paid)
    assert payer.calls_since(before) == ["GET /v1/invoices"] * 2
    payer.paid_exactly_once()
    await payer.collect(payer.asked(2, paid=(1,)))
    assert await looked(1) == (InvoiceState.PAID, 2)
    assert await looked(2) == (InvoiceState.PAID, 1)
    assert await looked(3) == (InvoiceState.MISSING, 1)


async def test_R8_void_invoices_of_its_own_hide_no_invoice(payer: Payer) -> None:
    """Two of one key: what is paid counts, wherever it stands."""
    await payer.collect()
    for _ in range(21):
        draft = await payer.draft()
        line = {"customer": payer.customer_id, "invoice": draft, "amount": "100", "currency": "usd"}
        await payer.by_hand("POST", "invoiceitems", **line)
        await payer.by_hand("POST", f"invoices/{draft}/finalize")
        await payer.by_hand("POST", f"invoices/{draft}/void")
    assert isinstance(await payer.collect(payer.asked(attempt=2)), Paid)
    assert payer.charged() == [7500]


async def test_R8_of_two_invoices_of_one_key_one_is_paid(payer: Payer) -> None:
    """The other is void before the money is asked for."""
    other = await with_open_invoice(payer, 1)
    await payer.draft()
    before = payer.stripe.latest_request()
    assert isinstance(await payer.collect(payer.asked(attempt=2)), Paid)
    assert payer.calls_since(before).count(f"GET /v1/invoices/{other}") == 1
    assert sorted(payer.statuses()) == ["paid", "void"]
    assert payer.charged() == [7500]


async def test_R22_of_two_invoices_of_one_key_the_paid_one_counts(payer: Payer) -> None:
    """Paid, and another one made since by somebody: nothing more is asked for."""
    await payer.collect()
    await payer.draft()
    assert isinstance(await payer.collect(payer.asked(attempt=2)), Paid)
    assert payer.charged() == [7500]


# ---------------------------------------------------------------------- lives


@pytest.mark.parametrize("lives", [(None, "life-2"), ("life-1", "life-2"), ("life-1", None)], ids=str)
async def test_R8_an_invoice_of_an_earlier_life_is_not_this_ones(
    stripe_side: StripeSide, lives: tuple[str | None, str | None]
) -> None:
    """Row 9: the id is opened again, the same customer: no free month, and the old money is not taken for new."""
    before = Payer(stripe_side, lives[0])
    await before.register()
    assert isinstance(await before.collect(), Paid)
    after = Payer(stripe_side, lives[1], before.account_id)
    registered = await after.register()
    assert registered.customer_id != before.customer_id
    after.customer_id = before.customer_id
    assert (await after.look()).invoice is InvoiceState.MISSING
    assert (await after.look(None)).found == ()
    stripe_side.advance(25 * 3600)
    assert isinstance(await after.collect(), Paid)
    assert after.charged() == [7500, 7500]
    assert [each["metadata"].get("life") for each in stripe_side.invoices(after.account_id)] == list(lives)


async def test_R8_accounts_of_the_first_release_keep_their_keys(stripe_side: StripeSide) -> None:
    """A payment that 0.1.0 has begun is taken up with the keys that it has used."""
    before = stripe_side.latest_request()
    payer = Payer(stripe_side, None)
    await payer.register(None)  # as 0.1.0 made it: its card was attached after
    await payer.register()
    await payer.collect()
    used = {each["key"] for each in stripe_side.requests(before) if each["key"]}
    wanted = ["create:{}", "line:{}:0", "finalize:{}", "pay:{}:1"]
    assert {each.format(payer.key()) for each in wanted} <= used
    assert hashed_key("attach", payer.account_id, "", payer.customer_id, "pm_card_visa", "registered") in used


async def test_R8_no_key_is_longer_than_stripe_takes(stripe_side: StripeSide) -> None:
    """Row 22: nor does one tell what callers have sent."""
    before = stripe_side.latest_request()
    payer = Payer(stripe_side, "l" * 40, "a" * 240)
    payer.email = "long@example.com"
    await payer.register(None)
    assert (await payer.card("pm_card_visa", request="r" * 255)).refused is None
    assert isinstance(await payer.collect(), Paid)
    keys = [each["key"] for each in stripe_side.requests(before) if each["key"]]
    assert max(len(key) for key in keys) <= 255
    assert not [key for key in keys if "r" * 255 in key]


# ---------------------------------------------------------------------- customers that are gone


async def delete(payer: Payer) -> None:
    await payer.by_hand("DELETE", f"customers/{payer.customer_id}")


async def test_E22_a_deleted_customer_is_registered_anew(payer: Payer) -> None:
    """Before the first invoice: said so, the same each time; then a new card pays."""
    await delete(payer)
    outcome = await payer.collect()
    assert isinstance(outcome, CustomerDeleted)
    assert outcome.customer_id != payer.customer_id
    assert await payer.collect() == outcome
    payer.customer_id = outcome.customer_id
    assert (await payer.collect()).kind == "no_payment_method"
    await payer.card("pm_card_visa")
    assert isinstance(await payer.collect(payer.asked(attempt=2)), Paid)
    payer.paid_exactly_once()


async def test_E22_the_same_at_a_renewal(payer: Payer) -> None:
    """There are invoices by then; the new customer has the account's e-mail and metadata."""
    await payer.collect()
    await delete(payer)
    outcome = await payer.collect(payer.asked(2, paid=(1,), purpose=PaymentPurpose.RENEWAL))
    assert isinstance(outcome, CustomerDeleted)
    new = next(each for each in payer.stripe.dump("customers")["customers"] if each["id"] == outcome.customer_id)
    assert (new["email"], new["metadata"]) == (payer.email, {"account_id": payer.account_id, "life": payer.life})


async def test_R23_what_is_open_at_a_deleted_customer_is_voided(payer: Payer) -> None:
    """The new customer would not show it, and the payer could still pay it by its link."""
    await with_open_invoice(payer, 1)
    await with_open_invoice(payer, 2)
    await delete(payer)
    assert isinstance(await payer.collect(payer.asked(2, attempt=2)), CustomerDeleted)
    assert payer.statuses() == ["void", "void"]


async def test_R23_a_payment_that_was_paid_before_the_customer_was_deleted_is_paid(payer: Payer) -> None:
    """And so is an earlier one that is not known."""
    await payer.collect()
    await delete(payer)
    assert isinstance(await payer.collect(), Paid)
    outcome = await payer.collect(payer.asked(2))
    assert isinstance(outcome, EarlierPayment)
    assert outcome.found.payment_key == payer.key(1)


async def test_R23_a_debit_of_a_deleted_customer_is_still_processing(stripe_side: StripeSide) -> None:
    """It cannot be recalled: no other customer, and no other payment, before it is settled."""
    payer = Payer(stripe_side)
    await payer.register("pm_usBankAccount_success")
    wanted = payer.asked(payment_methods=BANKS)
    await payer.collect(wanted)
    await delete(payer)
    assert (await payer.collect(wanted)).kind == "processing"
    outcome = await payer.collect(payer.asked(2, known_from=None))
    assert isinstance(outcome, EarlierPayment)
    observed = await payer.look()
    assert (observed.invoice, observed.customer_id) == (InvoiceState.PROCESSING, None)


async def test_R23_a_customer_that_stripe_never_had_is_not_made_anew(payer: Payer) -> None:
    """A key of another Stripe account: every account would lose its payment method."""
    payer.customer_id = "cus_NeverThere"
    outcome = await payer.collect()
    assert isinstance(outcome, Stopped)
    assert "No such customer" in outcome.reason
    assert len([each for each in payer.stripe.dump("customers")["customers"] if each["email"] == payer.email]) == 1


# ---------------------------------------------------------------------- defects of ours


async def test_R8_a_defect_of_ours_is_not_tried_for_ever(payer: Payer) -> None:
    """It ends the activity at once, by a type of its own; the workflow shows it."""
    with pytest.raises(ApplicationError) as failed:
        await payer.run("collect", payer.asked().model_copy(update={"payment": None}))
    assert failed.value.type == "internal_error"
    assert failed.value.non_retryable
