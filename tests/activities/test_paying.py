"""R8 at the sandbox: after `pay` the invoice is believed, not the answer; not known is never taken for unpaid."""

import asyncio
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError

from reprise.activities.attempts import LAST_TRY
from reprise.statemachine.outcomes import Declined, NotKnown, Paid, Processing, RequiresAction, Stopped
from tests.activities.payer import Payer
from tests.stripe_side import StripeSide
from tests.waiting import until

PAY = r"/v1/invoices/[^/]+/pay"
ALL = r"/v1/.*"
A_DAY = 25 * 3600
BANKS = ("card", "us_bank_account")


async def not_known(payer: Payer, *args: Any, **kwargs: Any) -> ApplicationError:
    """Make a try that does not find out how the payment went; return the error by which it is made again."""
    with pytest.raises(ApplicationError) as failed:
        await payer.collect(*args, **kwargs)
    assert failed.value.type == "stripe_unavailable"
    assert not failed.value.non_retryable
    return failed.value


# ---------------------------------------------------------------------- processing


@pytest.fixture
async def debtor(stripe_side: StripeSide) -> Payer:
    """A payer by bank debit."""
    payer = Payer(stripe_side)
    await payer.register("pm_usBankAccount_success")
    return payer


async def test_R21_a_debit_that_takes_days_is_processing(debtor: Payer) -> None:
    """Neither paid nor declined, however often it is asked for, also when Stripe has forgotten the keys; then paid."""
    wanted = debtor.asked(payment_methods=BANKS)
    assert isinstance(await debtor.collect(wanted), Processing)
    assert isinstance(await debtor.collect(wanted), Processing)
    debtor.stripe.advance(A_DAY)
    assert isinstance(await debtor.collect(wanted, try_number=2), Processing)
    assert isinstance(await debtor.collect(debtor.asked(attempt=2, payment_methods=BANKS)), Processing)
    assert debtor.statuses() == ["open"]
    debtor.stripe.settle(debtor.intent(), "succeeded")
    assert isinstance(await debtor.collect(wanted), Paid)
    debtor.paid_exactly_once()


async def test_R21_the_next_payment_does_not_begin_beside_a_debit(debtor: Payer) -> None:
    """What is processing comes first; nothing is made."""
    await debtor.collect(debtor.asked(payment_methods=BANKS))
    outcome = await debtor.collect(debtor.asked(2))
    assert outcome.kind == "earlier_payment"
    assert (outcome.found.payment_key, outcome.found.state) == (debtor.key(1), "processing")
    assert debtor.statuses() == ["open"]


async def test_R21_a_debit_that_failed_can_be_attempted_again(debtor: Payer) -> None:
    """A card then pays the same invoice, once."""
    await debtor.collect(debtor.asked(payment_methods=BANKS))
    debtor.stripe.settle(debtor.intent(), "failed")
    await debtor.card("pm_card_visa")
    assert isinstance(await debtor.collect(debtor.asked(attempt=2)), Paid)
    debtor.paid_exactly_once()


async def test_R21_a_debit_that_failed_while_its_answer_was_lost_is_not_made_again(debtor: Payer) -> None:
    """The attempt counts as declined: its next try asks the bank for nothing."""
    debtor.stripe.fault(path=PAY, when="after", drop_connection=True)
    debtor.stripe.fault(method="GET", path=r"/v1/invoices/[^/]+", status=503, skip=1, times=None)
    await not_known(debtor, debtor.asked(payment_methods=BANKS), stripe_retries=0)
    debtor.stripe.no_faults()
    debtor.stripe.settle(debtor.intent(), "failed", "account_closed")
    outcome = await debtor.collect(debtor.asked(payment_methods=BANKS), try_number=2)
    assert isinstance(outcome, Declined)
    assert outcome.code == "account_closed"
    charges = debtor.stripe.dump("charges", owners=[debtor.customer_id])["charges"]
    debits = [each for each in charges if each["payment_intent"] == debtor.intent()]
    assert [each["status"] for each in debits] == ["failed"]


# ---------------------------------------------------------------------- answers that are lost, or mean nothing


@pytest.mark.parametrize(
    "how", [{"status": 500}, {"status": 429}, {"status": 409}, {"drop_connection": True}, {"status": 401}]
)
async def test_R8_after_any_error_on_pay_the_invoice_is_believed(payer: Payer, how: dict[str, Any]) -> None:
    """Stripe has taken the money, the answer is an error: paid, in the same try."""
    payer.stripe.fault(path=PAY, when="after", **how)
    assert isinstance(await payer.collect(stripe_retries=0), Paid)
    payer.paid_exactly_once()


@pytest.mark.parametrize("pruned", [False, True], ids=["keys-kept", "keys-pruned"])
@pytest.mark.parametrize("status", [401, 403])
async def test_E15_a_wrong_key_after_a_lost_answer_is_not_known(payer: Payer, status: int, pruned: bool) -> None:
    """`pay` commits, its answer is lost, and the key is refused: never stopped, in this try and in later ones."""
    payer.stripe.fault(path=PAY, when="after", drop_connection=True)
    payer.stripe.fault(method="*", path=ALL, when="before", status=status, skip=5, times=None)
    assert "does not say" in str(await not_known(payer, stripe_retries=0))
    assert payer.charged() == [7500]
    payer.stripe.no_faults()
    payer.stripe.fault(method="*", path=ALL, when="before", status=status, times=None)
    assert "does not say" in str(await not_known(payer, try_number=2, stripe_retries=0))
    assert "does not say" in str(await not_known(payer, payer.asked(not_known=True), stripe_retries=0))
    payer.stripe.no_faults()
    if pruned:
        payer.stripe.advance(A_DAY)
    assert isinstance(await payer.collect(try_number=3), Paid)
    payer.paid_exactly_once()


@pytest.mark.parametrize("status", [401, 403])
async def test_R8_a_refused_pay_is_not_known_to_be_nothing(payer: Payer, status: int) -> None:
    """Only `pay` is refused: another try of ours may have been taken before. It is tried again, and paid."""
    payer.stripe.fault(path=PAY, when="before", status=status)
    await not_known(payer, stripe_retries=0)
    assert isinstance(await payer.collect(try_number=2), Paid)
    payer.paid_exactly_once()


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("skip", range(5))
async def test_R8_a_wrong_key_before_pay_stops_the_first_try(payer: Payer, status: int, skip: int) -> None:
    """Nothing can have been asked for: an operator hears Stripe's own words, and after the mend it is paid once."""
    payer.stripe.fault(method="*", path=ALL, when="before", status=status, skip=skip, times=None)
    outcome = await payer.collect(stripe_retries=0)
    assert isinstance(outcome, Stopped)
    assert "key" in outcome.reason.lower()
    payer.stripe.no_faults()
    assert isinstance(await payer.collect(payer.asked(attempt=2)), Paid)
    payer.paid_exactly_once()


@pytest.mark.parametrize("skip", range(1, 5))
async def test_R8_a_malformed_request_stops_a_later_try_too(payer: Payer, skip: int) -> None:
    """The try has seen that the payment is not being paid: a 400 then is certain, and hides for no twelve hours."""
    payer.stripe.fault(method="*", path=ALL, when="before", status=400, skip=skip)
    assert isinstance(await payer.collect(try_number=7, stripe_retries=0), Stopped)


@pytest.mark.parametrize(("status", "skip"), [(400, 0), (401, 1), (403, 1)])
async def test_R8_what_is_refused_in_a_later_try_is_not_known(payer: Payer, status: int, skip: int) -> None:
    """Nobody has said yet that the payment is not paid; or our key is another's by now, and so is what it shows."""
    payer.stripe.fault(method="*", path="/v1/invoices", when="before", status=status, skip=skip)
    await not_known(payer, try_number=2, stripe_retries=0)


async def test_R8_a_refused_payment_stops_with_stripes_words(payer: Payer) -> None:
    """A 400 on `pay`, and the invoice is open: nothing was charged."""
    await payer.card("pm_usBankAccount_success")
    outcome = await payer.collect()
    assert isinstance(outcome, Stopped)
    assert "not allowed for this PaymentIntent" in outcome.reason
    assert outcome.invoice_id == payer.stripe.invoices(payer.account_id)[0]["id"]
    assert payer.charged() == []


async def test_R8_after_half_a_day_an_outcome_is_said_not_to_be_known(payer: Payer) -> None:
    """So that the account goes on; the try before still only fails."""
    payer.stripe.fault(method="*", path=ALL, when="before", status=500, times=None)
    await not_known(payer, try_number=LAST_TRY - 1, stripe_retries=0)
    outcome = await payer.collect(try_number=LAST_TRY, stripe_retries=0)
    assert isinstance(outcome, NotKnown)
    assert "failing" in outcome.reason
    payer.stripe.no_faults()
    assert isinstance(await payer.collect(), Paid)
    payer.paid_exactly_once()


@pytest.mark.parametrize("skip", range(7))
@pytest.mark.parametrize(
    "answer",
    [
        {"body": "html", "status": 200},
        {"body": "html", "status": 502},
        {"body": "html", "status": 403},
        {"body": "garbage", "status": 200},
        {"body": "empty", "status": 200},
        {"body": "garbage", "status": 400},
    ],
    ids=["html-200", "html-502", "html-403", "garbage-200", "empty-200", "garbage-400"],
)
async def test_R8_an_answer_that_means_nothing_is_not_known(payer: Payer, answer: dict[str, Any], skip: int) -> None:
    """A proxy answers in Stripe's place, after Stripe has done its part: the next try finds it, and pays once."""
    payer.stripe.fault(method="*", path=ALL, when="after", skip=skip, **answer)
    if skip < 5:  # the sixth request is `pay`, after which the invoice is read; there is no seventh that matters
        await not_known(payer, stripe_retries=0)
    else:
        assert isinstance(await payer.collect(stripe_retries=0), Paid)
    payer.stripe.no_faults()
    assert isinstance(await payer.collect(try_number=2), Paid)
    payer.paid_exactly_once()


async def test_R8_a_try_ends_before_its_time_is_over(payer: Payer) -> None:
    """It is not known then, and never goes on beside the next try."""
    held = payer.stripe.hold(path=PAY)
    assert "in time" in str(await not_known(payer, seconds=4))
    payer.stripe.let_go(held)
    await until(payer.charged)  # Stripe goes on with what it was asked, and tells nobody
    assert isinstance(await payer.collect(try_number=2), Paid)
    payer.paid_exactly_once()


# ---------------------------------------------------------------------- saved answers


@pytest.mark.parametrize("retries", [0, 2])
@pytest.mark.parametrize("status", [400, 500])
async def test_R8_a_saved_failure_of_pay_is_looked_behind(payer: Payer, status: int, retries: int) -> None:
    """Stripe replays it for a day; the invoice is open, so the attempt goes on at once under another key."""
    payer.stripe.fault(path=PAY, when="before", status=status, saved=True)
    if status == 400:
        assert isinstance(await payer.collect(stripe_retries=retries), Stopped)
    elif retries == 0:
        await not_known(payer, stripe_retries=0)
    assert isinstance(await payer.collect(stripe_retries=retries, try_number=2), Paid)
    payer.paid_exactly_once()


async def test_R8_a_try_looks_behind_a_saved_failure_once(payer: Payer) -> None:
    """The other key's request fails too: the next try goes on with one of its own."""
    payer.stripe.fault(path=PAY, when="before", status=500, saved=True, times=2)
    await not_known(payer, stripe_retries=0)
    await not_known(payer, stripe_retries=0, try_number=2)
    before = payer.stripe.latest_request()
    assert isinstance(await payer.collect(stripe_retries=0, try_number=3), Paid)
    assert sum("/pay" in call for call in payer.calls_since(before)) == 2
    payer.paid_exactly_once()


@pytest.mark.parametrize("life", ["life-1", None])
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("status", [400, 500])
@pytest.mark.parametrize("path", ["/v1/invoices", "/v1/invoiceitems", "/v1/invoices/[^/]+/finalize"])
async def test_R8_a_saved_failure_before_pay_is_looked_behind(
    stripe_side: StripeSide, path: str, status: int, when: str, life: str | None
) -> None:
    """Row 11: a failure mended at once holds no payment for a day; what was done all the same is not doubled."""
    payer = Payer(stripe_side, life)
    await payer.register()
    payer.stripe.fault(path=path, when=when, status=status, saved=True)
    if status == 400:
        assert isinstance(await payer.collect(stripe_retries=0), Stopped)
    else:
        await not_known(payer, stripe_retries=0)
    assert isinstance(await payer.collect(try_number=2, stripe_retries=0), Paid)
    payer.paid_exactly_once()


@pytest.mark.parametrize("path", ["/v1/invoices", "/v1/invoiceitems", "/v1/invoices/[^/]+/finalize"])
async def test_R8_the_library_repeats_a_saved_failure_and_nothing_is_doubled(payer: Payer, path: str) -> None:
    """Committed, answered by 500, repeated with the same key within the same try: one invoice, one line."""
    payer.stripe.fault(path=path, when="after", status=500, saved=True)
    assert isinstance(await payer.collect(stripe_retries=1), Paid)
    payer.paid_exactly_once()


async def test_R8_a_deleted_draft_that_is_replayed_is_made_anew(payer: Payer) -> None:
    """Somebody deletes our draft: the same key gets the old answer, of an invoice that is gone."""
    payer.stripe.fault(path="/v1/invoices/[^/]+/finalize", when="before", status=500)
    await not_known(payer, stripe_retries=0)
    draft = payer.stripe.invoices(payer.account_id)[0]["id"]
    await payer.by_hand("DELETE", f"invoices/{draft}")
    assert isinstance(await payer.collect(try_number=2), Paid)
    payer.paid_exactly_once()


# ---------------------------------------------------------------------- declines


@pytest.mark.parametrize("advice", ["do_not_try_again", "confirm_card_data", "try_again_later", None])
async def test_R9_what_the_bank_advises_is_told(payer: Payer, advice: str | None) -> None:
    """Stripe's `advice_code`, also when the decline is only replayed after a crash."""
    behaviour = {"advice_code": advice} if advice else {}
    await payer.card(payer.stripe.payment_method(decline_code="do_not_honor", **behaviour))
    first = await payer.collect()
    assert isinstance(first, Declined)
    assert (first.code, first.advice) == ("do_not_honor", advice)
    assert await payer.collect(try_number=2) == first


async def test_R10_a_decline_that_asks_for_authentication_is_no_decline(payer: Payer) -> None:
    """Row 12: the payer gets the hosted invoice, which is not void; the same after a crash; a good card pays it."""
    await payer.card(payer.stripe.payment_method(decline_code="authentication_required"))
    first = await payer.collect()
    assert isinstance(first, RequiresAction)
    assert first.url.startswith(payer.stripe.url)
    assert await payer.collect(try_number=2) == first
    assert payer.statuses() == ["open"]
    await payer.card("pm_card_visa")
    assert isinstance(await payer.collect(payer.asked(attempt=2)), Paid)
    payer.paid_exactly_once()


async def test_R8_a_saved_decline_is_this_attempts_outcome(payer: Payer) -> None:
    """The answer was lost, and the card pays since: the attempt was declined all the same; the next one pays."""
    card = payer.stripe.payment_method(decline_code="insufficient_funds")
    await payer.card(card)
    payer.stripe.fault(path=PAY, when="after", drop_connection=True)
    await not_known(payer, stripe_retries=0)
    payer.stripe.behave(card, succeeds=True)
    outcome = await payer.collect(try_number=2)
    assert isinstance(outcome, Declined)
    assert outcome.code == "insufficient_funds"
    assert payer.charged() == []
    assert isinstance(await payer.collect(payer.asked(attempt=2)), Paid)
    payer.paid_exactly_once()


async def test_R8_a_saved_decline_that_is_not_the_last_thing_that_happened_is_looked_behind(payer: Payer) -> None:
    """The payer has tried another card by hand since: the attempt goes on."""
    card = payer.stripe.payment_method(decline_code="insufficient_funds")
    await payer.card(card)
    await payer.collect()
    invoice = payer.stripe.invoices(payer.account_id)[0]["id"]
    with pytest.raises(Exception, match="402"):
        await payer.by_hand("POST", f"invoices/{invoice}/pay", payment_method="pm_card_chargeDeclinedLostCard")
    payer.stripe.behave(card, succeeds=True)
    assert isinstance(await payer.collect(try_number=2), Paid)
    payer.paid_exactly_once()


async def test_R8_a_method_that_goes_while_it_is_asked_is_missing(payer: Payer) -> None:
    """Detached between the look and `pay`."""
    held = payer.stripe.hold(path=PAY)
    trying = asyncio.create_task(payer.collect())
    await payer.stripe.hit(held)
    method = (await payer.by_hand("GET", f"payment_methods?customer={payer.customer_id}"))["data"][0]["id"]
    await payer.by_hand("POST", f"payment_methods/{method}/detach")
    payer.stripe.let_go(held)
    assert (await trying).kind == "no_payment_method"


# ---------------------------------------------------------------------- invoices that others have changed


async def test_E18_a_void_invoice_is_replaced_by_one_of_the_same_key(payer: Payer) -> None:
    """Row 7: voided in the dashboard, twice; each time another one takes its place, and the good card pays once.

    Each has a key of its own, so that Stripe replays nothing; and the last can be replaced while it is paid, too.
    """
    await payer.card(payer.stripe.payment_method(decline_code="insufficient_funds"))
    before = payer.stripe.latest_request()
    for attempt in (1, 2):
        assert isinstance(await payer.collect(payer.asked(attempt=attempt)), Declined)
        invoice = payer.stripe.invoices(payer.account_id)[-1]["id"]
        await payer.by_hand("POST", f"invoices/{invoice}/void")
    await payer.card("pm_card_visa")
    held = payer.stripe.hold(path=PAY)
    trying = asyncio.create_task(payer.collect(payer.asked(attempt=3)))
    await payer.stripe.hit(held)
    invoice = payer.stripe.invoices(payer.account_id)[-1]["id"]
    await payer.by_hand("POST", f"invoices/{invoice}/void")
    payer.stripe.let_go(held)
    assert isinstance(await trying, Paid)
    assert payer.statuses() == ["void", "void", "void", "paid"]
    assert payer.charged() == [7500]
    assert payer.creations_since(before) == ["0", "1", "2", "3"]


@pytest.mark.parametrize("life", ["life-1", None])
async def test_R8_the_same_attempt_replaces_a_void_invoice_too(stripe_side: StripeSide, life: str | None) -> None:
    """Its keys were used for the first invoice: nothing is replayed for the second."""
    payer = Payer(stripe_side, life)
    await payer.register()
    payer.stripe.fault(path=PAY, when="before", status=500)
    await not_known(payer, stripe_retries=0)
    invoice = payer.stripe.invoices(payer.account_id)[0]["id"]
    await payer.by_hand("POST", f"invoices/{invoice}/void")
    assert isinstance(await payer.collect(try_number=2), Paid)
    assert payer.statuses() == ["void", "paid"]
    assert payer.charged() == [7500]


async def test_R8_an_invoice_that_is_voided_while_it_is_paid_is_replaced_once(payer: Payer) -> None:
    """Void twice in one try: stopped, with what has happened; nothing loops."""
    for times in (1, 2):
        held = [payer.stripe.hold(path=PAY) for _ in range(times)]
        trying = asyncio.create_task(payer.collect(payer.asked(times, paid=(1,))))
        for fault in held:
            await payer.stripe.hit(fault)
            invoice = (await payer.by_hand("GET", f"invoices?customer={payer.customer_id}"))["data"][0]["id"]
            await payer.by_hand("POST", f"invoices/{invoice}/void")
            payer.stripe.let_go(fault)
        outcome = await trying
        if times == 1:
            assert isinstance(outcome, Paid)
    assert isinstance(outcome, Stopped)
    assert "voided while it was being paid" in outcome.reason
    assert outcome.invoice_id == payer.stripe.invoices(payer.account_id)[-1]["id"]
    assert payer.statuses() == ["void", "paid", "void", "void"]
    assert payer.charged() == [7500]


async def test_R8_an_uncollectible_invoice_is_paid(payer: Payer) -> None:
    """Written off in the dashboard: Stripe still takes the money for it."""
    await payer.card(payer.stripe.payment_method(decline_code="insufficient_funds"))
    await payer.collect()
    invoice = payer.stripe.invoices(payer.account_id)[0]["id"]
    await payer.by_hand("POST", f"invoices/{invoice}/mark_uncollectible")
    await payer.card("pm_card_visa")
    assert isinstance(await payer.collect(payer.asked(attempt=2)), Paid)
    payer.paid_exactly_once()


async def test_R22_an_invoice_paid_elsewhere_is_paid(payer: Payer) -> None:
    """Out of band, in the dashboard."""
    await payer.card(payer.stripe.payment_method(decline_code="insufficient_funds"))
    await payer.collect()
    invoice = payer.stripe.invoices(payer.account_id)[0]["id"]
    await payer.by_hand("POST", f"invoices/{invoice}/pay", paid_out_of_band="true")
    assert isinstance(await payer.collect(payer.asked(attempt=2)), Paid)
    assert payer.charged() == []
