"""Edges of the rules: the last instant, the largest sum, what is missing, what an earlier edition does there."""

from datetime import timedelta

import pytest
from pydantic import TypeAdapter, ValidationError

from reprise.statemachine import editions, machine
from reprise.statemachine.access import access_until
from reprise.statemachine.commands import Disable, Email, Enable, ExtendTerm, Reactivate, SetCarts
from reprise.statemachine.deadlines import deadline_of
from reprise.statemachine.emails import ValidEmail
from reprise.statemachine.money import Plan
from reprise.statemachine.outcomes import (
    CustomerRegistered,
    Invoice,
    InvoiceObserved,
    InvoiceState,
    InvoiceVoided,
    Processing,
    RefundObserved,
)
from reprise.statemachine.payments import payment_number
from reprise.statemachine.policy import BillingPolicy
from reprise.statemachine.pricing import renewal_quote
from reprise.statemachine.refusals import Refused
from reprise.statemachine.schedule import next_clearing_poll, next_poll
from reprise.statemachine.terms import Term, zone_of
from tests.statemachine.book import Book, opening, utc
from tests.statemachine.test_editions import entries, payment_of


def due(book: Book) -> str:
    deadline = deadline_of(book.account)
    assert deadline is not None
    return deadline.summary


# ---------------------------------------------------------------------- what a timer is called (R9, R10, R21)


def test_a_timer_says_what_is_looked_at_or_tried() -> None:
    """Four reasons to wait for a payment, and the term's end."""
    assert due(Book.open()) == "term ends"
    assert due(Book.open(card="processing")) == "look whether the payment has cleared"
    assert due(Book.open(card="authentication")) == "look whether the payer has authenticated"
    assert due(Book.open(card="stopped")) == "payment retry after a fault of ours"
    renewal = Book.open()
    renewal.card = "authentication"
    assert due(renewal.at("2027-02-28T10:00")) == "payment retry 1 of 4"
    clearing = Book.open()
    clearing.card = "processing"
    assert due(clearing.at("2027-02-28T10:00")) == "look whether the payment has cleared"


# ------------------------------------ what may be given, by R1 and R20


@pytest.mark.parametrize(("length", "taken"), [(254, True), (255, False)])
def test_R1_a_loose_e_mail_has_254_characters_at_most(length: int, taken: bool) -> None:
    email = f"a@{'b' * (length - 2)}"
    if taken:
        assert TypeAdapter(Email).validate_python(email) == email
    else:
        with pytest.raises(ValidationError, match="254"):
            TypeAdapter(Email).validate_python(email)


@pytest.mark.parametrize(("length", "taken"), [(64, True), (65, False)])
def test_R1_what_stands_before_the_at_sign_has_64_characters_at_most(length: int, taken: bool) -> None:
    """RFC 5321, 4.5.3.1.1."""
    email = f"{'a' * length}@example.com"
    if taken:
        assert TypeAdapter(ValidEmail).validate_python(email) == email
    else:
        with pytest.raises(ValidationError, match="too long"):
            TypeAdapter(ValidEmail).validate_python(email)


def test_R20_rupiah_have_a_larger_largest_sum() -> None:
    """docs.stripe.com/currencies#minimum-and-maximum-charge-amounts: twelve digits; the field at fault is named."""
    most = Plan(currency="idr", unit_amount=1_001_001_001)
    assert Book.open(carts=999, plan=most).charged == [999_999_999_999]
    with pytest.raises(Refused) as refused:
        machine.open_account(opening(carts=1000, plan=most), utc("2027-01-31T10:00"))
    assert refused.value.field == "carts"
    with pytest.raises(Refused) as changed:
        Book.open(carts=999, plan=most).do(SetCarts(carts=1000))
    assert changed.value.field == "carts"


def test_R20_a_price_that_stripe_does_not_charge_is_named_whatever_the_carts() -> None:
    with pytest.raises(Refused, match="steps of 100") as refused:
        machine.open_account(opening(plan=Plan(currency="ugx", unit_amount=205_050)), utc("2027-01-31T10:00"))
    assert refused.value.field == "plan.unit_amount"


@pytest.mark.parametrize(("key", "number"), [("a:1", 1), ("a:٣", 0), ("a:²", 0), ("a:x", 0), ("a", 0), (None, 0)])
def test_R8_only_digits_number_a_payment(key: str | None, number: int) -> None:
    assert payment_number(key) == number


def test_R2_a_zone_knows_its_name() -> None:
    """Whoever writes an instant with it writes the zone's name."""
    assert (zone_of("Europe/Berlin").key, str(zone_of("Asia/Tokyo"))) == ("Europe/Berlin", "Asia/Tokyo")


# ------------------------------------ how an account opens, by R1 and R25


def test_R25_an_account_keeps_the_day_it_was_opened_elsewhere() -> None:
    book = Book.open(paid_through=utc("2027-02-10T10:00"), opened_at=utc("2024-05-01T10:00"))
    assert book.account.opened_at == utc("2024-05-01T10:00")


def test_R25_what_was_cancelled_elsewhere_tells_its_term() -> None:
    book = Book.open(paid_through=utc("2027-02-10T10:00"), cancelled=True)
    assert [(entry.type, entry.term) for entry in book.account.timeline[1:]] == [
        ("account.cancelled", book.account.term)
    ]
    assert book.account.term is not None


def test_R1_why_stripe_refused_an_e_mail_is_told() -> None:
    book = Book.open(paid_through=utc("2027-02-10T10:00"))
    book.perform(book.take(CustomerRegistered(customer_id="cus_1", email_refused="Invalid e-mail"), book.now))
    last = book.account.timeline[-1]
    assert (last.type, last.reason) == ("account.email_refused", "Invalid e-mail")


# ---------------------------------------------------------------------- what is missing


def test_R13_goodwill_for_an_account_that_has_no_term_counts_from_now() -> None:
    book = Book.open(card="none")
    book.do(ExtendTerm(days=3))
    assert book.account.term == Term(start=book.now, end=book.now + timedelta(days=3))


def test_R22_money_found_on_an_account_that_has_no_payment_is_told() -> None:
    """It was paid elsewhere, and has begun none here; its customer at Stripe has one of an earlier record."""
    book = Book.open(paid_through=utc("2027-02-10T10:00"))
    found = Invoice(
        payment_key="a1:7",
        invoice_id="in_7",
        state=InvoiceState.PAID,
        amount=7500,
        currency="usd",
        carts=3,
        unit_amount=2500,
        period=Term(start=utc("2026-12-10T10:00"), end=utc("2027-01-10T10:00")),
    )
    look = InvoiceObserved(payment_key=None, invoice=InvoiceState.MISSING, found=(found,))
    book.perform(book.take(look, book.now))
    assert (book.account.timeline[-1].type, book.account.timeline[-1].payment_key) == (
        "account.payment_received",
        "a1:7",
    )


@pytest.mark.parametrize("state", list(InvoiceState))
@pytest.mark.parametrize("edition", [editions.FIRST, editions.SECOND])
def test_R8_a_void_of_nobodys_payment_moves_no_payment(state: InvoiceState, edition: int) -> None:
    """Of an account that has none, and of another than its latest."""
    elsewhere = Book.open(paid_through=utc("2027-02-10T10:00"), edition=edition)
    paid = Book.open(edition=edition)
    for book in (elsewhere, paid):
        before = (book.account.payment, book.account.term, book.state)
        book.take(InvoiceVoided(payment_key="a1:9", invoice=state), book.now)
        assert (book.account.payment, book.account.term, book.state) == before


# ---------------------------------------------------------------------- payments


def test_R10_what_was_declined_has_no_day_to_authenticate_any_more() -> None:
    book = Book.open(card="authentication")
    assert payment_of(book).expires_at is not None
    book.card = "generic_decline"
    book.replace_card("generic_decline")
    assert (payment_of(book).expires_at, payment_of(book).next_attempt_at) == (None, None)


def test_R21_the_invoice_of_a_payment_that_clears_is_remembered() -> None:
    """As soon as it is known; an answer that does not name it takes nothing away."""
    book = Book.open(card="processing")
    assert payment_of(book).invoice_id == "in_a1:1"
    book.take(Processing(payment_key="a1:1"), book.now)
    assert payment_of(book).invoice_id == "in_a1:1"


def test_R10_R21_a_record_that_does_not_say_since_when_counts_from_what_it_knows() -> None:
    """Records of 0.1.0 do not say when an authentication expires, nor since when a payment clears."""
    payment = payment_of(Book.open(card="authentication"))
    bare = payment.model_copy(update={"expires_at": None, "processing_since": None})
    assert next_poll(bare, bare.started_at) == bare.started_at + timedelta(minutes=5)
    assert next_poll(bare, bare.started_at + timedelta(hours=22)) == bare.started_at + timedelta(hours=23)
    assert next_clearing_poll(bare, bare.started_at) == bare.started_at + timedelta(hours=1)


def test_R9_a_card_that_is_not_asked_again_is_looked_past_at_the_last_retry_alone() -> None:
    """At the third of four, nothing is looked for; at the fourth, whether there is another card."""
    book = Book.open()
    book.card = "generic_decline/do_not_try_again"
    book.at("2027-02-28T10:00")
    assert (due(book), book.state) == ("payment retry 4 of 4: the bank refuses this card", "past_due")
    deadline = deadline_of(book.account)
    assert deadline is not None
    assert deadline.at == utc("2027-03-07T10:00")


@pytest.mark.parametrize(("seconds", "state"), [(-1, "past_due"), (0, "disabled")])
def test_R13_an_interrupted_renewal_is_taken_up_before_its_term_is_over(seconds: int, state: str) -> None:
    """Its last second counts; with the term's end there is nothing left to renew."""
    book = Book.open(policy=BillingPolicy(retry_days=(27, 60)))
    book.card = "generic_decline"
    book.at("2027-02-28T10:00")
    book.do(Disable(reason="a check"))
    over = renewal_quote(book.account).term.end
    book.at(over + timedelta(seconds=seconds))
    book.do(Enable())
    assert book.state == state


@pytest.mark.parametrize(("edition", "told"), [(editions.FIRST, 2), (editions.SECOND, 1)])
def test_R28_R8_a_fault_that_goes_on_is_told_once_by_edition_2(edition: int, told: int) -> None:
    """Of a payment that somebody asked for: it is stopped, asked for again, and stopped again."""
    book = Book.open(card="none", edition=edition)
    book.card = "stopped"
    for _ in range(2):
        book.do(Reactivate())
    assert entries(book, "payment_stopped") == 2
    first = Book.open(card="stopped", edition=edition)
    if edition == editions.SECOND:
        first.at("2027-01-31T11:30")
        assert entries(first, "payment_stopped") == told


def test_R28_R9_by_edition_1_a_fault_of_ours_is_tried_for_ever() -> None:
    """Its policy had no days for that; by edition 2, three weeks are the end."""
    for edition, state in ((editions.FIRST, "past_due"), (editions.SECOND, "disabled")):
        book = Book.open(edition=edition)
        book.card = "stopped"
        book.at("2027-02-28T10:00").at("2027-04-20T10:00")
        assert book.state == state


def test_R9_a_new_card_is_tried_on_a_renewal_that_our_fault_has_stopped_since() -> None:
    """A card was asked before: that there is another one is news. Where none was ever asked, it is none."""
    book = Book.open()
    book.card = "generic_decline"
    book.at("2027-02-28T10:00")
    book.card = "stopped"
    book.at("2027-03-01T10:00")
    assert (payment_of(book).stopped_since, payment_of(book).payment_method) == (book.now, "pm_generic_decline")
    book.card = "good"
    book.hint()
    assert book.state == "active"
    never = Book.open()
    never.card = "stopped"
    never.at("2027-02-28T10:00")
    never.card = "good"
    never.hint()
    assert never.state == "past_due"


def test_R24_a_refund_does_not_lift_the_hold_that_a_dispute_waits_for() -> None:
    """The dispute came while a payment was under way; the hold follows once that is known."""
    book = Book.open(policy=BillingPolicy(on_dispute="disable"))
    book.card = "processing"
    book.at("2027-02-28T10:00")
    seen = {"payment_key": "a1:1", "invoice_id": "in_a1:1", "amount": 7500, "currency": "usd", "ours": True}
    book.refunds["du_1"] = RefundObserved(object_id="du_1", kind="dispute", status="needs_response", **seen)
    book.refunds["re_1"] = RefundObserved(object_id="re_1", kind="refund", status="succeeded", **seen)
    book.hint(refund_id="du_1")
    book.hint(refund_id="re_1")
    assert book.state == "active"
    book.settle_debit("a1:2")
    book.hint()
    assert (book.state, book.account.disabled_reason) == ("disabled", "operator")


# ---------------------------------------------------------------------- access (R16), by edition 1


def test_R28_R16_access_by_edition_1() -> None:
    """Until the last retry, or a later try that is planned; of one that is active, whatever its payment says."""
    elsewhere = Book.open(edition=editions.FIRST, paid_through=utc("2027-02-10T10:00"))
    assert access_until(elsewhere.account) == utc("2027-02-17T10:00")
    book = Book.open(edition=editions.FIRST)
    in_service = book.account.model_copy(
        update={"payment": payment_of(book).model_copy(update={"next_attempt_at": utc("2028-01-01T10:00")})}
    )
    assert access_until(in_service) == utc("2027-03-07T10:00")
    book.card = "generic_decline"
    book.at("2027-02-28T10:00")
    assert access_until(book.account) == utc("2027-03-07T10:00")
    book.card = "stopped"
    book.at("2027-03-07T10:00")
    assert access_until(book.account) == utc("2027-03-07T11:00")
