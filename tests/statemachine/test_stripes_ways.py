"""R8, R21 to R24: what Stripe's own documents say it may do, done to the core (E13 to E22)."""

from datetime import datetime
from typing import Any

import pytest

from reprise.statemachine import machine
from reprise.statemachine.account import Account
from reprise.statemachine.commands import (
    Cancel,
    Close,
    Disable,
    Enable,
    ExtendTerm,
    Reactivate,
    SetCarts,
    SetEmail,
)
from reprise.statemachine.effects import Collect, RetrieveInvoice, VoidInvoice
from reprise.statemachine.outcomes import (
    CustomerDeleted,
    EarlierPayment,
    EmailChanged,
    Invoice,
    InvoiceObserved,
    InvoiceState,
    InvoiceVoided,
    NotKnown,
    Paid,
    PaymentMethodChanged,
    RefundObserved,
)
from reprise.statemachine.payments import Payment, PaymentStatus
from reprise.statemachine.policy import BillingPolicy
from reprise.statemachine.refusals import RefusalCode, Refused
from reprise.statemachine.terms import Term
from reprise.statemachine.timeline import TimelineEntry
from tests.statemachine.book import Book, utc


def lapsed(**changes: Any) -> Book:
    """E2: cancelled on 10 February, out of service since the 28th; it is 15 April."""
    book = Book.open(**changes).at("2027-02-10T10:00")
    book.do(Cancel())
    return book.at("2027-04-15T12:00")


def past_due(card: str = "generic_decline", **changes: Any) -> Book:
    """E7: the card fails at the renewal of 28 February."""
    book = Book.open(**changes).at("2027-02-20T10:00")
    book.replace_card(card)
    return book.at("2027-02-28T10:00")


def payment_of(book: Book) -> Payment:
    assert book.account.payment is not None
    return book.account.payment


def entries(account: Account, kind: str) -> list[TimelineEntry]:
    return [entry for entry in account.timeline if entry.type == f"account.{kind}"]


def refusal(book: Book, command: Cancel | Reactivate | Disable | Close | ExtendTerm | SetCarts) -> RefusalCode:
    before = book.account
    with pytest.raises(Refused) as refused:
        book.do(command)
    assert book.account == before
    return refused.value.code


# ---------------------------------------------------------------------- R21: payments that take days


def test_E13_a_debit_that_clears_reactivates_from_the_day_it_has() -> None:
    """One payment, joined meanwhile; the month begins when service does."""
    book = lapsed()
    book.card = "processing"
    book.do(Reactivate(expected_amount=7500))
    assert (book.state, payment_of(book).status) == ("disabled", "processing")
    book.at("2027-04-16T12:00").do(Reactivate(expected_amount=7500))
    assert refusal(book, Cancel()) is RefusalCode.PAYMENT_IN_PROGRESS
    assert refusal(book, Disable(reason="check")) is RefusalCode.PAYMENT_IN_PROGRESS
    assert refusal(book, Close()) is RefusalCode.PAYMENT_IN_PROGRESS
    book.at("2027-04-19T09:00").settle_debit("a1:2")
    book.hint("a1:2")
    assert (book.state, book.charged, book.account.payment_count) == ("reactivated", [7500, 7500], 2)
    assert book.account.term == Term(start=utc("2027-04-19T09:00"), end=utc("2027-05-19T09:00"))
    assert book.account.anchor == utc("2027-04-19T09:00")
    assert [entry.amount for entry in entries(book.account, "payment_processing")] == [7500]


def test_E14_a_debit_that_fails_leaves_the_account_out_and_a_good_card_pays_once() -> None:
    """Stays disabled, declined with the bank's code; nothing paid."""
    book = lapsed()
    book.card = "processing"
    book.do(Reactivate())
    book.at("2027-04-19T09:00").settle_debit("a1:2", failing="debit_not_authorized")
    book.hint("a1:2")
    assert (book.state, payment_of(book).status, payment_of(book).decline_code) == (
        "disabled",
        "declined",
        "debit_not_authorized",
    )
    assert (book.charged, book.invoices["a1:2"]) == ([7500], "void")
    book.card = "good"
    book.do(Reactivate())
    assert (book.state, book.charged) == ("reactivated", [7500, 7500])


def test_R21_a_clearing_payment_is_looked_at_after_1_h_6_h_a_day_and_daily() -> None:
    """Counted from when it began; a hint moves nothing."""
    book = lapsed()
    book.card = "processing"
    book.do(Reactivate())
    looks: list[datetime] = []
    while len(looks) < 5:
        due = payment_of(book).next_attempt_at
        assert due is not None
        looks.append(due)
        book.at(due)
    assert looks == [
        utc(at)
        for at in (
            "2027-04-15T13:00",
            "2027-04-15T18:00",
            "2027-04-16T12:00",
            "2027-04-17T12:00",
            "2027-04-18T12:00",
        )
    ]
    assert sum(isinstance(act, RetrieveInvoice) for act in book.performed) == 5
    assert len(book.attempts) == 2


@pytest.mark.parametrize("state", ["active", "reactivated"])
def test_R21_a_renewal_that_clears_keeps_the_account_in_service(state: str) -> None:
    """However long it takes, access reaches past the next look; paid, the next term follows without a gap."""
    book = Book.open() if state == "active" else lapsed()
    if state == "reactivated":
        book.do(Reactivate())
    assert book.account.term is not None
    end = book.account.term.end
    book.card = "processing"
    book.at(end)
    assert (book.state, payment_of(book).status) == (state, "processing")
    assert refusal(book, Cancel()) is RefusalCode.PAYMENT_IN_PROGRESS
    for _ in range(16):
        due = book.deadline
        assert due is not None
        book.at(due.at)
        assert book.access_until is not None
        assert book.access_until > book.now
    key = payment_of(book).key
    book.settle_debit(key)
    book.hint(key)
    assert (book.state, book.charged[-1]) == ("active", 7500)
    assert book.account.term.start == end


def test_R21_a_renewals_debit_that_fails_is_past_due() -> None:
    """It is neither paid nor declined until it is known; then the retries begin."""
    book = Book.open()
    book.card = "processing"
    book.at("2027-03-02T10:00")
    book.settle_debit("a1:2", failing="insufficient_funds")
    book.at("2027-03-03T10:00")
    assert (book.state, payment_of(book).decline_code) == ("past_due", "insufficient_funds")
    assert payment_of(book).next_attempt_at == utc("2027-03-05T10:00")


def test_R21_a_retry_that_clears_stays_past_due_with_access_until_it_is_known() -> None:
    """Also past the last retry's instant."""
    book = past_due()
    book.card = "processing"
    book.at("2027-03-07T10:00")
    assert (book.state, payment_of(book).status) == ("past_due", "processing")
    book.at("2027-03-12T10:00")
    assert book.state == "past_due"
    assert book.access_until is not None
    assert book.access_until > book.now
    book.settle_debit("a1:2")
    book.at("2027-03-13T10:00")
    assert book.account.term is not None
    assert (book.state, book.account.term.start) == ("active", utc("2027-02-28T10:00"))


def test_R21_another_card_begins_no_payment_beside_a_clearing_one() -> None:
    """The new card is for later."""
    book = Book.open()
    book.card = "processing"
    book.at("2027-02-28T10:00")
    attempts = list(book.attempts)
    book.replace_card("good")
    assert book.attempts == attempts


# ---------------------------------------------------------------------- R8: what is not known, and what is owed


def test_R8_an_outcome_that_is_overdue_is_asked_for_again_with_the_same_attempt() -> None:
    """Told once; access goes on (R16)."""
    book = Book.open().at("2027-02-20T10:00")
    book.now = utc("2027-02-28T10:00")
    effects = book.fire_due(book.now)
    asked = [effect.payment for effect in effects if isinstance(effect, Collect)]
    for day in ("2027-02-28T22:00", "2027-03-06T10:00", "2027-03-09T10:00"):
        again = book.take(NotKnown(payment_key="a1:2", reason="no answer"), utc(day))
        asked += [effect.payment for effect in again if isinstance(effect, Collect)]
        assert book.access_until is not None
        assert book.access_until > utc(day)
    assert {(payment.key, payment.attempt) for payment in asked} == {("a1:2", 1)}
    assert len(asked) == 4
    assert len(entries(book.account, "payment_not_known")) == 1
    assert book.deadline is None
    book.perform(book.take(Paid(payment_key="a1:2"), utc("2027-03-09T11:00")))
    assert book.state == "active"


def test_E20_a_refused_void_stays_owed_until_it_is_done() -> None:
    """Hourly for a day, then every six hours; told once, and told when it is done."""
    book = past_due().at("2027-03-02T09:00")
    book.key_is_wrong = True
    book.do(Cancel())
    assert (book.state, book.account.disabled_reason) == ("disabled", "cancelled")
    assert [owed.payment_key for owed in book.account.voids_owed] == ["a1:2"]
    assert book.deadline is not None
    assert book.deadline.at == utc("2027-03-02T10:00")
    book.at("2027-03-09T09:00")
    assert 24 < sum(isinstance(act, VoidInvoice) for act in book.performed) < 60
    assert len(entries(book.account, "void_owed")) == 1
    book.key_is_wrong = False
    book.at("2027-03-09T15:00")
    assert (book.account.voids_owed, book.invoices["a1:2"]) == ((), "void")
    assert len(entries(book.account, "payment_voided")) == 1
    assert book.deadline is None
    assert book.charged == [7500]


def test_E20_if_the_payer_pays_meanwhile_the_month_is_theirs_and_coming_back_is_free() -> None:
    """From the moment it is known: no day of it was in service."""
    book = past_due().at("2027-03-02T09:00")
    book.key_is_wrong = True
    book.do(Cancel())
    book.at("2027-03-02T20:30").pay_by_hand()
    book.key_is_wrong = False
    book.at("2027-03-02T21:00")
    assert (book.state, book.account.voids_owed) == ("disabled", ())
    assert book.account.term == Term(start=utc("2027-03-02T21:00"), end=utc("2027-04-02T21:00"))
    received = entries(book.account, "payment_received")
    assert [(entry.amount, entry.term) for entry in received] == [(7500, book.account.term)]
    book.at("2027-03-20T10:00").do(Reactivate(expected_amount=0))
    assert (book.state, book.charged) == ("reactivated", [7500, 7500])


def test_R8_a_void_that_meets_a_clearing_debit_waits_for_it() -> None:
    """The payer paid by debit just before: neither void nor unpaid, and nothing begins beside it (R21)."""
    book = past_due()
    book.do(Cancel())
    voided = InvoiceVoided(payment_key="a1:2", invoice=InvoiceState.PROCESSING, reason="The debit is processing")
    book.perform(book.take(voided, book.now))
    assert (book.state, payment_of(book).status) == ("disabled", "processing")
    assert book.account.voids_owed == ()
    paid = InvoiceObserved(payment_key="a1:2", invoice=InvoiceState.PAID)
    book.perform(book.take(paid, utc("2027-03-04T10:00")))
    assert book.state == "disabled"
    assert book.account.term == Term(start=utc("2027-03-04T10:00"), end=utc("2027-04-04T10:00"))


def test_R21_who_comes_back_while_a_payment_that_was_given_up_clears_is_back_when_it_has() -> None:
    """The answer was 202: it joined the payment under way, and is kept."""
    book = past_due()
    book.do(Cancel())
    voided = InvoiceVoided(payment_key="a1:2", invoice=InvoiceState.PROCESSING, reason="The debit is processing")
    book.perform(book.take(voided, book.now))
    book.do(Reactivate(expected_amount=7500))
    assert (book.state, book.account.payment_count) == ("disabled", 2)
    paid = InvoiceObserved(payment_key="a1:2", invoice=InvoiceState.PAID)
    book.perform(book.take(paid, utc("2027-03-04T10:00")))
    assert book.state == "reactivated"
    assert book.account.term == Term(start=utc("2027-03-04T10:00"), end=utc("2027-04-04T10:00"))


def test_R13_a_closed_account_still_voids_what_it_owes() -> None:
    """And says that money which comes all the same must be given back."""
    book = past_due()
    book.key_is_wrong = True
    book.do(Close())
    assert book.deadline is not None
    assert book.deadline.kind == "void_due"
    book.pay_by_hand()
    book.key_is_wrong = False
    book.at("2027-02-28T11:00")
    assert (book.state, book.account.voids_owed) == ("closed", ())
    assert [entry.reason for entry in entries(book.account, "payment_received")] == ["the account is closed: refund it"]
    assert book.at("2027-03-01T10:00").deadline is None


def test_R8_a_void_that_stripe_refuses_when_authentication_expires_stays_owed() -> None:
    """The payment counts as declined all the same (R10)."""
    book = lapsed()
    book.card = "authentication"
    book.do(Reactivate())
    book.key_is_wrong = True
    book.at("2027-04-16T11:00")
    assert (payment_of(book).status, payment_of(book).decline_code) == ("declined", "authentication_required")
    assert [owed.payment_key for owed in book.account.voids_owed] == ["a1:2"]


# ---------------------------------------------------------------------- R22: money that comes is never lost


def invoice(key: str, *, period: Term | None = None, state: InvoiceState = InvoiceState.PAID) -> Invoice:
    return Invoice(
        payment_key=key,
        invoice_id=f"in_{key}",
        state=state,
        amount=7500,
        currency="usd",
        charged=7500,
        quantity=3,
        unit_amount=2500,
        period=period,
    )


MARCH = Term(start=utc("2027-02-28T10:00"), end=utc("2027-03-31T10:00"))


def test_R22_an_earlier_payment_found_paid_brings_the_account_back_without_another_charge() -> None:
    """E15: the first try committed and its answer was lost; nothing was begun beside it."""
    book = lapsed()
    book.now = utc("2027-04-15T12:00")
    book.take(Reactivate(), book.now)
    found = invoice("a1:9")
    book.perform(book.take(EarlierPayment(payment_key="a1:2", found=found), book.now))
    assert (book.state, book.attempts) == ("reactivated", [("a1:1", 1)])
    assert book.account.paid_keys[-1] == "a1:9"
    assert (payment_of(book).key, payment_of(book).invoice_id) == ("a1:9", "in_a1:9")


def test_R22_an_earlier_payment_that_clears_is_waited_for() -> None:
    """202 meanwhile; no other payment begins beside it (R21)."""
    book = lapsed()
    book.take(Reactivate(), book.now)
    found = invoice("a1:9", state=InvoiceState.PROCESSING)
    book.perform(book.take(EarlierPayment(payment_key="a1:2", found=found), book.now))
    assert (book.state, payment_of(book).status, payment_of(book).key) == ("disabled", "processing", "a1:9")
    book.perform(book.take(InvoiceObserved(payment_key="a1:9", invoice=InvoiceState.PAID), book.now))
    assert book.state == "reactivated"


def test_R22_a_late_payment_of_an_account_out_of_service_buys_a_month_from_now() -> None:
    """The state stays; coming back is free."""
    book = lapsed()
    book.found = [invoice("a1:1b", period=MARCH)]
    book.hint("a1:1b")
    assert (book.state, book.account.term) == (
        "disabled",
        Term(start=utc("2027-04-15T12:00"), end=utc("2027-05-15T12:00")),
    )
    book.hint("a1:1b")
    assert len(entries(book.account, "payment_received")) == 1
    book.do(Reactivate(expected_amount=0))
    assert (book.state, book.charged) == ("reactivated", [7500])


def test_R22_a_late_payment_within_a_paid_rest_comes_after_it() -> None:
    """Cancelled at once on 10 February: paid to the 28th, and a month after that by the anchor, the 31st (R2)."""
    book = Book.open().at("2027-02-10T10:00")
    book.do(Cancel(when="now"))
    book.found = [invoice("a1:1b", period=MARCH)]
    book.hint("a1:1b")
    assert book.account.term == Term(start=utc("2027-01-31T10:00"), end=utc("2027-03-31T10:00"))
    assert book.account.anchor == utc("2027-01-31T10:00")


def test_R22_an_older_invoice_for_the_same_term_renews_a_past_due_account() -> None:
    """And the open invoice can be paid no more."""
    book = past_due()
    book.found = [invoice("a1:1b", period=MARCH)]
    book.hint("a1:1b")
    assert (book.state, book.account.term, book.invoices["a1:2"]) == ("active", MARCH, "void")
    assert book.at("2027-03-30T10:00").charged == [7500]


def test_R22_money_for_an_account_that_is_paid_is_shown_to_be_refunded() -> None:
    """In service, its term paid otherwise: an entry for operators, and nothing else changes."""
    book = Book.open().at("2027-02-10T10:00")
    before = book.account.term
    book.found = [invoice("a1:1b", period=MARCH)]
    book.hint("a1:1b")
    assert (book.state, book.account.term) == ("active", before)
    assert [entry.reason for entry in entries(book.account, "payment_received")] == [
        "the account is in service, and its term is paid: refund it"
    ]


def test_R22_a_hint_about_a_payment_that_is_known_to_be_paid_costs_nothing() -> None:
    """Each renewal's own webhook comes back."""
    book = Book.open()
    looks = len(book.performed)
    book.hint("a1:1")
    assert len(book.performed) == looks
    book.hint("a1:7")
    assert len(book.performed) == looks + 1


# ---------------------------------------------------------------------- R8: what people do at Stripe


def test_R8_an_invoice_voided_by_hand_while_it_waits_for_authentication_ends_the_wait() -> None:
    """The dead link is not handed out for the rest of the day."""
    book = lapsed()
    book.card = "authentication"
    book.do(Reactivate())
    book.invoices["a1:2"] = "void"
    book.hint("a1:2")
    assert (payment_of(book).status, payment_of(book).decline_code) == ("declined", "invoice_voided")
    assert (payment_of(book).action_url, book.deadline) == (None, None)


def test_E18_an_invoice_voided_by_hand_in_past_due_is_paid_by_a_new_one_of_the_same_key() -> None:
    """At the next retry; the retries stay where they were."""
    book = past_due().at("2027-03-02T09:00")
    book.invoices["a1:2"] = "void"
    book.hint("a1:2")
    assert (book.state, payment_of(book).next_attempt_at) == ("past_due", utc("2027-03-03T10:00"))
    book.card = "good"
    book.at("2027-03-03T10:00")
    assert (book.state, book.charges[-1]) == ("active", ("a1:2", 7500))


def test_R9_hints_without_a_new_card_make_no_attempt() -> None:
    """`customer.updated` comes for any change of the customer."""
    book = past_due("stopped")
    attempts = list(book.attempts)
    book.hint()
    book.hint("a1:2")
    assert book.attempts == attempts


def test_E22_a_deleted_customer_is_registered_anew_and_has_no_card() -> None:
    """Past due with `no_payment_method`; a new card pays (R23)."""
    book = Book.open()
    book.now = utc("2027-02-28T10:00")
    book.fire_due(book.now)
    deleted = CustomerDeleted(payment_key="a1:2", customer_id="cus_2")
    book.perform(book.take(deleted, book.now))
    assert (book.state, book.account.customer_id, payment_of(book).decline_code) == (
        "past_due",
        "cus_2",
        "no_payment_method",
    )
    assert len(entries(book.account, "customer_replaced")) == 1
    book.replace_card("good")
    assert (book.state, book.charged) == ("active", [7500, 7500])


# ---------------------------------------------------------------------- R1, R8: a wrong key while opening


def test_E21_a_wrong_key_at_the_opening_is_mended_after_a_day() -> None:
    """Hourly tries, told once; then open and charged once, with the card given at opening."""
    book = Book.open(key_is_wrong=True)
    assert (book.state, book.account.disabled_reason) == ("disabled", "first_payment_failed")
    assert (payment_of(book).decline_code, book.account.first_payment_method) == ("payment_stopped", "pm_good")
    assert payment_of(book).next_attempt_at == utc("2027-01-31T11:00")
    book.at("2027-02-01T10:30")
    assert len(book.attempts) == 25
    assert len(entries(book.account, "payment_stopped")) == 1
    assert len(entries(book.account, "customer_not_registered")) == 1
    book.key_is_wrong = False
    book.at("2027-02-01T11:00")
    assert (book.state, book.charged) == ("active", [7500])
    assert book.account.term == Term(start=utc("2027-02-01T11:00"), end=utc("2027-03-01T11:00"))


def test_R8_a_first_payment_that_nobody_mends_ends_after_fourteen_days() -> None:
    """Nothing goes on without end; `reactivate` is the way on."""
    book = Book.open(key_is_wrong=True).at("2027-02-14T11:00")
    tries = len(book.attempts)
    book.at("2027-04-14T10:00")
    assert (len(book.attempts), book.deadline) == (tries, None)
    book.key_is_wrong = False
    book.do(Reactivate())
    assert (book.state, book.charged) == ("reactivated", [7500])


def test_R8_a_first_payment_that_stopped_can_be_called_off_or_made_at_once() -> None:
    """By the customer, who waits for nobody's mend; one charge."""
    book = Book.open(card="stopped")
    book.do(Cancel())
    assert (book.state, book.deadline, payment_of(book).decline_code) == ("disabled", None, "cancelled")
    book = Book.open(card="stopped")
    book.card = "good"
    book.do(Reactivate())
    assert (book.state, book.charged) == ("reactivated", [7500])
    assert book.at("2027-02-02T10:00").charged == [7500]


# ---------------------------------------------------------------------- R9: what the bank says is heeded


@pytest.mark.parametrize(
    "card",
    [
        "lost_card",
        "stolen_card",
        "expired_card",
        "incorrect_number",
        "generic_decline/do_not_try_again",
        "insufficient_funds/confirm_card_data",
    ],
)
def test_E19_a_card_that_cannot_get_better_is_not_asked_again(card: str) -> None:
    """No try until another card comes; else disabled at the last retry's instant."""
    book = past_due(card)
    assert book.at("2027-03-07T09:59:59").attempts == [("a1:1", 1), ("a1:2", 1)]
    assert book.access_until == utc("2027-03-07T10:00")
    book.at("2027-03-07T10:00")
    assert (book.state, book.account.disabled_reason, book.invoices["a1:2"]) == ("disabled", "payment_failed", "void")
    assert len(book.attempts) == 2


@pytest.mark.parametrize("card", ["generic_decline/try_again_later", "lost_card/try_again_later", "insufficient_funds"])
def test_R9_a_card_that_may_get_better_is_asked_on_each_day_of_the_schedule(card: str) -> None:
    """The bank's advice goes before the code."""
    book = past_due(card).at("2027-03-07T10:00")
    assert [attempt for key, attempt in book.attempts if key == "a1:2"] == [1, 2, 3, 4, 5]
    assert book.state == "disabled"


def test_E19_a_new_card_pays_at_once() -> None:
    """On 4 March."""
    book = past_due("lost_card").at("2027-03-04T08:00")
    book.replace_card("good")
    assert (book.state, book.charged) == ("active", [7500, 7500])


def test_E19_a_new_card_whose_webhook_was_lost_is_seen_at_the_last_retry() -> None:
    """Before the account is disabled, one look."""
    book = past_due("lost_card").at("2027-03-04T08:00")
    book.card = "good"
    book.at("2027-03-07T10:00")
    assert (book.state, book.charged) == ("active", [7500, 7500])


def test_R9_a_last_look_that_stripe_refuses_is_made_again_and_ends() -> None:
    """Hourly, for the days that a fault of ours may take."""
    book = past_due("lost_card")
    book.key_is_wrong = True
    book.at("2027-03-21T09:30")
    assert book.state == "past_due"
    book.at("2027-03-21T10:00")
    assert book.state == "disabled"


# ---------------------------------------------------------------------- R12, R13


def test_R12_every_unpaid_renewal_is_kept_and_collected() -> None:
    """Two of them: each a line of its own; paid once, they are gone."""
    book = past_due(policy=BillingPolicy(debt="collect")).at("2027-03-08T10:00")
    book.card = "good"
    assert [debt.amount for debt in book.account.debts] == [7500]
    book.do(SetCarts(carts=2))
    book.do(Reactivate(expected_amount=12500))
    book.replace_card("generic_decline")
    book.at("2027-04-16T10:00")
    assert [debt.amount for debt in book.account.debts] == [5000]
    book.do(Enable()) if book.account.hold else None
    quote = book.quote(book.now)
    assert [line.amount for line in quote.lines] == [5000, 5000]


def test_R12_a_second_debt_does_not_overwrite_the_first() -> None:
    """Row 15: the first cannot stand on the quote (another currency) and stays owed."""
    book = past_due(policy=BillingPolicy(debt="collect"))
    first = book.at("2027-03-08T10:00").account.debts
    book.found = [invoice("a1:9")]
    book.hint("a1:9")
    book.do(Reactivate(expected_amount=0))
    book.card = "generic_decline"
    book.at("2027-04-16T10:00")
    assert len(book.account.debts) == 2
    assert book.account.debts[0] == first[0]


def test_R13_enable_after_disable_in_past_due_takes_the_renewal_up_with_a_new_payment() -> None:
    """Row 18: not "cancelled"; the term follows the old one without a gap."""
    book = past_due().at("2027-03-02T09:00")
    book.do(Disable(reason="check"))
    assert book.invoices["a1:2"] == "void"
    book.card = "good"
    book.do(Enable())
    assert (book.state, book.charges[-1], book.account.term) == ("active", ("a1:3", 7500), MARCH)


def test_R13_enable_after_disable_in_past_due_retries_when_the_card_still_fails() -> None:
    """Past due again; the days count from the new payment."""
    book = past_due().at("2027-03-02T09:00")
    book.do(Disable(reason="check"))
    book.do(Enable())
    assert (book.state, payment_of(book).next_attempt_at) == ("past_due", utc("2027-03-03T09:00"))


def test_R13_enable_too_late_says_that_the_payment_failed() -> None:
    """The term that the renewal was for is over: coming back is a reactivation."""
    book = past_due().at("2027-03-02T09:00")
    book.do(Disable(reason="check"))
    book.at("2027-05-02T09:00").do(Enable())
    assert (book.state, book.account.disabled_reason) == ("disabled", "payment_failed")


def test_R13_goodwill_in_past_due_voids_the_invoice_and_the_term_goes_on() -> None:
    """Active until the new end, renewed from there."""
    book = past_due().at("2027-03-02T10:00")
    book.do(ExtendTerm(days=7))
    assert (book.state, book.invoices["a1:2"], book.deadline and book.deadline.kind) == (
        "active",
        "void",
        "term_ended",
    )
    assert book.account.term == Term(start=utc("2027-01-31T10:00"), end=utc("2027-03-09T10:00"))
    book.card = "good"
    book.at("2027-03-09T10:00")
    assert (book.charges[-1], book.account.anchor) == (("a1:3", 7500), utc("2027-03-09T10:00"))


def test_R22_an_invoice_that_goodwill_has_ended_and_the_payer_pays_all_the_same_is_to_be_refunded() -> None:
    """The void was refused, and the old link still worked."""
    book = past_due().at("2027-03-02T10:00")
    book.key_is_wrong = True
    book.do(ExtendTerm(days=7))
    term = book.account.term
    book.pay_by_hand()
    book.key_is_wrong = False
    book.at("2027-03-02T11:00")
    assert (book.state, book.account.term) == ("active", term)
    assert [entry.reason for entry in entries(book.account, "payment_received")] == [
        "the account is in service, and its term is paid: refund it"
    ]


# ---------------------------------------------------------------------- R3: what a page said


@pytest.mark.parametrize(
    "command",
    [Cancel(expected_state="past_due"), Cancel(expected_payment="a1:1"), Cancel(when="now", expected_state="disabled")],
)
def test_R3_a_stale_button_does_nothing(command: Cancel) -> None:
    """The account was renewed since the page was shown (row 21)."""
    book = Book.open().at("2027-03-05T10:00")
    assert refusal(book, command) is RefusalCode.STATE_CHANGED


def test_R3_a_button_that_is_current_does_what_it_says() -> None:
    """Past due and cancelled, by the payment that the page showed."""
    book = past_due()
    book.do(Cancel(expected_state="past_due", expected_payment="a1:2"))
    assert book.state == "disabled"


def test_R3_a_reason_is_what_was_chosen_and_what_was_written() -> None:
    """Stripe's own list, and a comment."""
    book = Book.open()
    book.do(Cancel(feedback="too_expensive", reason="for now"))
    assert book.account.timeline[-1].reason == "too_expensive: for now"


# ---------------------------------------------------------------------- R24, R26, R27


def refund(status: str = "succeeded", kind: str = "refund") -> RefundObserved:
    return RefundObserved(
        object_id="re_1" if kind == "refund" else "du_1",
        kind="refund" if kind == "refund" else "dispute",
        ours=True,
        status=status,
        amount=7500,
        currency="usd",
        reason="requested_by_customer",
        payment_key="a1:1",
    )


def test_R24_a_refund_is_told_once_for_each_status_and_changes_nothing() -> None:
    """Webhooks come twice."""
    book = Book.open()
    book.refunds["re_1"] = refund()
    for _ in range(2):
        book.hint(refund_id="re_1")
    assert [(entry.amount, entry.reason) for entry in entries(book.account, "refunded")] == [
        (7500, "succeeded: requested_by_customer")
    ]
    book.refunds["re_1"] = refund("failed")
    book.hint(refund_id="re_1")
    assert len(entries(book.account, "refunded")) == 2
    assert book.state == "active"


def test_R24_a_refund_of_somebody_elses_payment_is_not_told() -> None:
    """Anyone can name an id."""
    book = Book.open()
    book.refunds["re_1"] = refund().model_copy(update={"ours": False})
    sequence = book.account.sequence
    book.hint(refund_id="re_1")
    assert book.account.sequence == sequence


@pytest.mark.parametrize(("policy", "state"), [("tell", "active"), ("disable", "disabled")])
def test_R24_a_dispute_holds_the_account_if_the_policy_says_so(policy: str, state: str) -> None:
    """Like an operator: only `enable` brings it back."""
    book = Book.open(policy=BillingPolicy.model_validate({"on_dispute": policy}))
    book.refunds["du_1"] = refund("needs_response", "dispute")
    book.hint(refund_id="du_1")
    assert (book.state, len(entries(book.account, "disputed"))) == (state, 1)
    if state == "disabled":
        assert book.account.disabled_reason == "operator"
        book.do(Enable())
        book.refunds["du_1"] = refund("lost", "dispute")
        book.hint(refund_id="du_1")
        assert book.state == "reactivated"


def clearing_with_a_dispute() -> Book:
    """Lapsed; a debit that would bring the account back is clearing when an older payment is disputed."""
    book = lapsed(policy=BillingPolicy(on_dispute="disable"))
    book.card = "processing"
    book.do(Reactivate())
    book.refunds["du_1"] = refund("needs_response", "dispute")
    book.hint(refund_id="du_1")
    assert (book.state, book.account.disabled_reason, payment_of(book).status) == (
        "disabled",
        "cancelled",
        "processing",
    )
    return book


def test_R24_a_dispute_holds_the_account_once_the_payment_under_way_is_known() -> None:
    """No command crosses a payment (R14); the hold is made up for, and what was paid stays the account's."""
    book = clearing_with_a_dispute()
    book.settle_debit("a1:2")
    book.hint("a1:2")
    assert (book.state, book.account.disabled_reason, book.charged) == ("disabled", "operator", [7500, 7500])
    with pytest.raises(Refused) as refused:
        book.do(Reactivate())
    assert refused.value.code is RefusalCode.DISABLED_BY_OPERATOR
    book.do(Enable())
    assert (book.state, book.account.hold_owed) == ("reactivated", None)


@pytest.mark.parametrize("ended", ["won", "warning_closed"])
def test_R24_a_dispute_that_ends_meanwhile_holds_nothing(ended: str) -> None:
    """It is told, and the payment brings the account back."""
    book = clearing_with_a_dispute()
    book.refunds["du_1"] = refund(ended, "dispute")
    book.hint(refund_id="du_1")
    book.settle_debit("a1:2")
    book.hint("a1:2")
    assert (book.state, len(entries(book.account, "disputed"))) == ("reactivated", 2)


def test_R24_a_closed_account_owes_no_hold() -> None:
    """Nothing of a dispute stays behind."""
    book = clearing_with_a_dispute()
    book.settle_debit("a1:2", failing="debit_not_authorized")
    book.hint("a1:2")
    assert book.account.disabled_reason == "operator"
    book.do(Close())
    assert (book.state, book.account.hold_owed) == ("closed", None)


def test_R23_the_account_looks_when_its_customer_is_said_to_be_deleted() -> None:
    """In any state but closed; the look registers it anew."""
    book = Book.open()
    looks = book.hinted(customer_deleted=True)
    assert looks == (RetrieveInvoice(payment_key="a1:1", invoice_id=payment_of(book).invoice_id),)
    paid = InvoiceObserved(payment_key="a1:1", invoice=InvoiceState.PAID, customer_id="cus_2", email_refused="Not one.")
    book.perform(book.take(paid, book.now))
    assert book.account.customer_id == "cus_2"
    assert [each.type for each in book.account.timeline[-2:]] == ["account.customer_replaced", "account.email_refused"]
    book.do(Close())
    assert book.hinted(customer_deleted=True) == ()


@pytest.mark.parametrize("kind", [PaymentMethodChanged, EmailChanged])
def test_R22_money_on_a_deleted_customer_is_not_left_behind(kind: type[PaymentMethodChanged | EmailChanged]) -> None:
    """A change that registers the customer anew tells what was paid on the old one."""
    book = lapsed()
    paid = Invoice(payment_key="a1:9", invoice_id="in_9", state=InvoiceState.PAID, amount=7500, currency="usd")
    told = {"customer_id": "cus_2", "found": (paid,), "email": "new@example.com"}
    book.perform(book.take(kind.model_validate(told), book.now))
    assert (book.account.customer_id, "a1:9" in book.account.paid_keys) == ("cus_2", True)
    assert len(entries(book.account, "payment_received")) == 1
    book.do(Reactivate())
    assert (book.state, book.charged) == ("reactivated", [7500])


def test_R26_the_billing_email_is_changed_where_stripe_has_taken_it() -> None:
    """Refused by Stripe, it stays as it was."""
    book = Book.open()
    book.do(SetEmail(email="new@example.com"))
    assert (book.account.email, len(entries(book.account, "email_changed"))) == ("new@example.com", 1)
    book.key_is_wrong = True
    book.do(SetEmail(email="other@example.com"))
    assert book.account.email == "new@example.com"


def test_R27_temporals_own_cancellation_is_told_and_ends_nothing() -> None:
    """The entry says which command is meant."""
    book = Book.open()
    told = machine.note_cancellation_request(book.account, book.now)
    book.account = told.account
    book.perform(told.effects)
    assert book.state == "active"
    assert "cancel" in (book.account.timeline[-1].reason or "")
    book.do(Close())
    assert machine.note_cancellation_request(book.account, book.now) == (book.account, ())


def test_R10_authentication_a_day_later_loses_no_day() -> None:
    """The month begins when service does (R6)."""
    book = lapsed()
    book.card = "authentication"
    book.do(Reactivate())
    book.at("2027-04-16T10:00").pay_by_hand()
    book.hint("a1:2")
    assert book.account.term == Term(start=utc("2027-04-16T10:00"), end=utc("2027-05-16T10:00"))


@pytest.mark.parametrize(
    ("known_at", "starts"),
    [
        ("2027-04-15T12:00:02", "2027-04-15T12:00"),
        ("2027-04-15T12:01:00", "2027-04-15T12:00"),
        ("2027-04-15T12:01:01", "2027-04-15T12:01:01"),
        ("2027-04-18T12:00:00", "2027-04-18T12:00"),
    ],
)
def test_R6_a_payment_known_at_once_buys_the_quoted_term_and_a_later_one_a_month_from_then(
    known_at: str, starts: str
) -> None:
    """What was quoted, invoiced and given are the same to the second; a worker that was away costs no day (E10)."""
    book = lapsed()
    book.take(Reactivate(), book.now)
    book.perform(book.take(Paid(payment_key="a1:2"), utc(known_at)))
    assert book.account.term is not None
    assert (book.account.term.start, book.account.anchor) == (utc(starts), utc(starts))


def test_R8_what_a_credit_balance_paid_stands_in_the_entry() -> None:
    """E16: 7500 = 5500 + 2000."""
    book = Book.open()
    book.now = utc("2027-02-28T10:00")
    book.fire_due(book.now)
    book.perform(book.take(Paid(payment_key="a1:2", charged=5500), book.now))
    renewed = entries(book.account, "renewed")[-1]
    assert (renewed.amount, renewed.charged, renewed.from_balance) == (7500, 5500, 2000)
    assert (renewed.carts, renewed.unit_amount) == (3, 2500)


def test_R21_payment_status_has_a_word_for_each() -> None:
    """The contract's list."""
    assert [status.value for status in PaymentStatus] == [
        "none",
        "collecting",
        "processing",
        "requires_action",
        "declined",
        "paid",
    ]
