"""R3, R8, R15, R22 at the sandbox: looks and voids say what Stripe says; what it refuses is a value, never an error."""

import asyncio
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError

from reprise.activities.attempts import LAST_TRY
from reprise.statemachine.outcomes import InvoiceState
from tests.activities.payer import Payer
from tests.stripe_side import StripeSide

ALL = r"/v1/.*"
VOID = r"/v1/invoices/[^/]+/void"
REFUSALS = [400, 401, 403]
BANKS = ("card", "us_bank_account")


async def declined(payer: Payer, n: int = 1, **behaviour: Any) -> str:
    """Let a payment be declined; return its open invoice."""
    await payer.card(payer.stripe.payment_method(**{"decline_code": "insufficient_funds", **behaviour}))
    await payer.collect(payer.asked(n, known_from=None))
    return str(payer.stripe.invoices(payer.account_id)[-1]["id"])


# ---------------------------------------------------------------------- looking


async def test_R15_a_look_says_how_a_payment_stands(payer: Payer) -> None:
    """Missing, open, void, paid; with the invoice, and the default method."""
    nothing = await payer.look()
    assert (nothing.invoice, nothing.invoice_id) == (InvoiceState.MISSING, None)
    assert nothing.payment_method is not None
    invoice = await declined(payer)
    seen = await payer.look()
    assert (seen.invoice, seen.invoice_id) == (InvoiceState.OPEN, invoice)
    assert seen.payment_method not in {None, nothing.payment_method}, "that of now"
    await payer.by_hand("POST", f"invoices/{invoice}/mark_uncollectible")
    seen = await payer.look()
    assert (seen.invoice, seen.decline_code) == (InvoiceState.OPEN, "insufficient_funds"), "it can be paid"
    await payer.by_hand("POST", f"invoices/{invoice}/void")
    seen = await payer.look()
    assert (seen.invoice, seen.invoice_id, seen.found) == (InvoiceState.VOID, invoice, ())
    await payer.card("pm_card_visa")
    await payer.collect(payer.asked(attempt=2))
    seen = await payer.look()
    assert (seen.invoice, seen.charged, seen.decline_code) == (InvoiceState.PAID, 7500, None)


async def test_R9_a_look_says_why_an_open_invoice_is_not_paid(payer: Payer) -> None:
    """Code and advice of its last charge."""
    await declined(payer, decline_code="lost_card", advice_code="do_not_try_again")
    seen = await payer.look()
    assert (seen.decline_code, seen.advice) == ("lost_card", "do_not_try_again")


async def test_R21_a_look_tells_processing_and_how_it_failed(stripe_side: StripeSide) -> None:
    """A debit, and the bank's code when it comes back."""
    payer = Payer(stripe_side)
    await payer.register("pm_usBankAccount_success")
    await payer.collect(payer.asked(payment_methods=BANKS))
    seen = await payer.look()
    assert (seen.invoice, seen.decline_code) == (InvoiceState.PROCESSING, None)
    payer.stripe.settle(payer.intent(), "failed", "insufficient_funds")
    seen = await payer.look()
    assert (seen.invoice, seen.decline_code) == (InvoiceState.OPEN, "insufficient_funds")


async def test_E16_a_look_tells_what_a_credit_has_paid(payer: Payer) -> None:
    """The card was charged the rest."""
    await payer.owes(-2000)
    await payer.collect()
    assert (await payer.look()).charged == 5500


async def test_R22_a_look_finds_what_else_is_paid_or_processing(stripe_side: StripeSide) -> None:
    """Of the payments that the record does not know to be paid; also where no payment in particular is looked at."""
    payer = Payer(stripe_side)
    await payer.register()
    await payer.collect()
    await payer.collect(payer.asked(2, paid=(1,)))
    await declined(payer, 3)
    await payer.card("pm_usBankAccount_success")
    await payer.by_hand("POST", f"customers/{payer.customer_id}")
    debit = payer.asked(4, known_from=None, payment_methods=BANKS)
    await payer.collect(debit)
    keys = [payer.key(n) for n in (1, 2, 4)]
    seen = await payer.look(3)
    assert [each.payment_key for each in seen.found] == keys
    assert [each.state for each in seen.found] == [InvoiceState.PAID, InvoiceState.PAID, InvoiceState.PROCESSING]
    assert [each.charged for each in seen.found] == [7500, 7500, None]
    assert [each.payment_key for each in (await payer.look(None, paid=(1,))).found] == keys[1:]
    assert (await payer.look(None)).invoice is InvoiceState.MISSING
    assert [each.payment_key for each in (await payer.look(1, paid=(1, 2))).found] == keys[2:]
    unknown = await payer.run("retrieve_invoice", payer.invoice(3, known_from=None))
    assert unknown.found == ()


async def test_R15_a_look_is_one_request_and_one_for_what_may_be_being_paid(payer: Payer) -> None:
    """The customer is asked for only where no invoice shows it."""
    for expected, act in (
        (["GET /v1/invoices", f"GET /v1/customers/{payer.customer_id}"], None),
        (["GET /v1/invoices"], payer.collect),
    ):
        if act:
            await act()
        before = payer.stripe.latest_request()
        await payer.look()
        assert payer.calls_since(before) == expected
    invoice = await declined(payer, 2)
    before = payer.stripe.latest_request()
    await payer.look(2, paid=(1,))
    assert payer.calls_since(before) == ["GET /v1/invoices", f"GET /v1/invoices/{invoice}"]


@pytest.mark.parametrize("status", REFUSALS)
@pytest.mark.parametrize("skip", [0, 1])
async def test_R8_a_look_that_is_refused_concludes_nothing(payer: Payer, status: int, skip: int) -> None:
    """Unknown, with Stripe's words; never an error, which would block the account."""
    await declined(payer)
    payer.stripe.fault(method="*", path=ALL, when="before", status=status, skip=skip)
    seen = await payer.look(stripe_retries=0)
    assert (seen.invoice, seen.payment_key) == (InvoiceState.UNKNOWN, payer.key())
    assert seen.reason is not None


@pytest.mark.parametrize("answer", [{"status": 500}, {"body": "html", "status": 200}, {"drop_connection": True}])
@pytest.mark.parametrize("act", ["retrieve_invoice", "void_invoice"])
async def test_R8_unreachable_is_tried_again_for_half_a_day(payer: Payer, act: str, answer: dict[str, Any]) -> None:
    """Then it is unknown, and the account goes on."""
    payer.stripe.fault(method="*", path=ALL, when="before", times=None, **answer)
    with pytest.raises(ApplicationError) as failed:
        await payer.run(act, payer.invoice(), stripe_retries=0)
    assert failed.value.type == "stripe_unavailable"
    seen = await payer.run(act, payer.invoice(), try_number=LAST_TRY, stripe_retries=0)
    assert seen.invoice is InvoiceState.UNKNOWN
    assert "failing" in seen.reason


async def test_R23_a_look_registers_a_deleted_customer_anew(payer: Payer) -> None:
    """What was open there is void; there is no payment method."""
    await declined(payer)
    await payer.by_hand("DELETE", f"customers/{payer.customer_id}")
    seen = await payer.look()
    assert seen.customer_id not in {None, payer.customer_id}
    assert (seen.invoice, seen.payment_method) == (InvoiceState.VOID, None)
    again = await payer.look()
    assert again.customer_id == seen.customer_id


async def test_R23_a_look_registers_one_anew_that_has_no_invoice(payer: Payer) -> None:
    """Nothing shows the customer but the customer."""
    await payer.by_hand("DELETE", f"customers/{payer.customer_id}")
    seen = await payer.look()
    assert seen.customer_id is not None
    assert (seen.invoice, seen.payment_method) == (InvoiceState.MISSING, None)


# ---------------------------------------------------------------------- voiding


async def test_R3_a_void_makes_every_invoice_of_a_payment_unpayable(payer: Payer) -> None:
    """One is open, one a draft: nobody can pay either; another payment's is left."""
    await declined(payer, 1)
    opened = await declined(payer, 2)
    await payer.draft(2)
    voided = await payer.void(2)
    assert (voided.invoice, voided.invoice_id, voided.reason) == (InvoiceState.VOID, opened, None)
    assert payer.statuses() == ["void", "void"], "payment 1's was void when payment 2 began"
    assert (await payer.void(2)).invoice is InvoiceState.VOID
    missing = await payer.void(3)
    assert (missing.invoice, missing.invoice_id) == (InvoiceState.MISSING, None)


async def test_R3_a_draft_is_deleted(payer: Payer) -> None:
    """No draft is left behind, of however many; the newest is told."""
    payer.stripe.fault(path="/v1/invoiceitems", when="before", status=500)
    with pytest.raises(ApplicationError):
        await payer.collect(stripe_retries=0)
    newer = await payer.draft()
    assert payer.statuses() == ["draft", "draft"]
    voided = await payer.void()
    assert (voided.invoice, voided.invoice_id) == (InvoiceState.MISSING, newer)
    assert payer.statuses() == []


async def test_R22_a_void_that_comes_too_late_says_what_was_paid(payer: Payer) -> None:
    """The payer was faster, before the void or during it."""
    invoice = await declined(payer)
    held = payer.stripe.hold(path=VOID)
    voiding = asyncio.create_task(payer.void())
    await payer.stripe.hit(held)
    await payer.by_hand("POST", f"invoices/{invoice}/pay", payment_method="pm_card_visa")
    payer.stripe.let_go(held)
    during, after = await voiding, await payer.void()
    assert "open or uncollectible" in (during.reason or "")
    assert after.reason is None
    for voided in (during, after):
        assert voided.invoice is InvoiceState.PAID
        assert voided.found is not None
        assert (voided.found.payment_key, voided.found.amount) == (payer.key(), 7500)


async def test_R21_a_debit_that_is_processing_is_not_void(stripe_side: StripeSide) -> None:
    """Nor is Stripe asked to: the void stays owed, and says why."""
    payer = Payer(stripe_side)
    await payer.register("pm_usBankAccount_success")
    await payer.collect(payer.asked(payment_methods=BANKS))
    before = payer.stripe.latest_request()
    voided = await payer.void()
    assert [each.split()[0] for each in payer.calls_since(before)] == ["GET", "GET"]
    assert voided.invoice is InvoiceState.PROCESSING
    assert "still processing" in (voided.reason or "")
    assert payer.statuses() == ["open"]


@pytest.mark.parametrize("status", [400, 403])
async def test_E20_a_refused_void_says_how_the_invoice_stands(payer: Payer, status: int) -> None:
    """Open, with Stripe's words; the next try is not answered with the old refusal."""
    await declined(payer)
    payer.stripe.fault(path=VOID, when="before", status=status, saved=status == 400)
    voided = await payer.void(stripe_retries=0)
    assert (voided.invoice, voided.found) == (InvoiceState.OPEN, None)
    assert voided.reason is not None
    assert (await payer.void()).invoice is InvoiceState.VOID
    assert payer.statuses() == ["void"]


@pytest.mark.parametrize("draft", [False, True], ids=["open", "draft"])
async def test_R3_what_somebody_ends_while_we_do_is_ended(payer: Payer, draft: bool) -> None:
    """Voided or deleted in the dashboard: that Stripe refuses to do it again is not told."""
    if draft:
        payer.stripe.fault(path="/v1/invoiceitems", when="before", status=400)
        await payer.collect()
        invoice = payer.stripe.invoices(payer.account_id)[0]["id"]
        act = ("DELETE", f"invoices/{invoice}")
    else:
        invoice = await declined(payer)
        act = ("POST", f"invoices/{invoice}/void")
    held = payer.stripe.hold(method=act[0], path=f"/v1/{act[1]}")
    voiding = asyncio.create_task(payer.void())
    await payer.stripe.hit(held)
    await payer.by_hand(*act)
    payer.stripe.let_go(held)
    voided = await voiding
    assert (voided.invoice, voided.reason) == (InvoiceState.MISSING if draft else InvoiceState.VOID, None)


async def test_E20_a_void_that_is_refused_and_cannot_be_looked_at_is_unknown(payer: Payer) -> None:
    """An open invoice is never taken for one that is not there."""
    await declined(payer)
    payer.stripe.fault(path=VOID, when="before", status=400)
    payer.stripe.fault(method="GET", path="/v1/invoices/[^/]+", when="before", status=400, skip=1)
    voided = await payer.void(stripe_retries=0)
    assert (voided.invoice, voided.invoice_id) == (InvoiceState.UNKNOWN, None)
    assert payer.statuses() == ["open"]


@pytest.mark.parametrize("skip", [0, 1])
async def test_E20_a_wrong_key_leaves_a_void_unknown(payer: Payer, skip: int) -> None:
    """Nothing is concluded; it is done once the key is mended."""
    invoice = await declined(payer)
    payer.stripe.fault(method="*", path=ALL, when="before", status=401, skip=skip, times=None)
    asked = payer.invoice().model_copy(update={"invoice_id": "in_known"})
    voided = await payer.run("void_invoice", asked, stripe_retries=0)
    assert (voided.payment_key, voided.invoice, voided.invoice_id) == (payer.key(), InvoiceState.UNKNOWN, "in_known")
    assert "key" in (voided.reason or "").lower()
    payer.stripe.no_faults()
    assert (await payer.void()).invoice_id == invoice


async def test_R8_a_void_whose_answer_is_lost_is_done(payer: Payer) -> None:
    """Tried again, it finds that it is void."""
    await declined(payer)
    payer.stripe.fault(path=VOID, when="after", drop_connection=True)
    with pytest.raises(ApplicationError):
        await payer.void(stripe_retries=0)
    assert (await payer.void()).invoice is InvoiceState.VOID


async def test_R3_a_void_of_no_payment_in_particular_is_a_defect(payer: Payer) -> None:
    """Not everything of an account may be voided by mistake."""
    with pytest.raises(ApplicationError, match="a void is of one payment") as failed:
        await payer.run("void_invoice", payer.invoice(None))
    assert failed.value.type == "internal_error"


async def test_R15_a_look_at_no_payment_in_particular_reads_the_latest_invoices_alone(payer: Payer) -> None:
    """One page of them, however many there are: the account asks about a payment by its key."""
    await payer.collect()
    for _ in range(25):
        await payer.by_hand("POST", "invoices", customer=payer.customer_id, auto_advance="false")
    before = payer.stripe.latest_request()
    await payer.look(None)
    assert payer.calls_since(before) == ["GET /v1/invoices"]
