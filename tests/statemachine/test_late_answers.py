"""R8, R9, R13: answers of Stripe that come late, or twice."""

import importlib
import pkgutil
from typing import Any, get_args

import pytest
from pydantic import BaseModel

import reprise.statemachine
from reprise.statemachine import editions
from reprise.statemachine.commands import Cancel, ChangePlan, Close, Disable, Enable, ExtendTerm
from reprise.statemachine.money import Plan
from reprise.statemachine.outcomes import (
    CustomerRegistered,
    Declined,
    EarlierPayment,
    Invoice,
    InvoiceObserved,
    InvoiceState,
    InvoiceVoided,
    NoPaymentMethod,
    NothingObserved,
    PaymentMethodChanged,
    PaymentOutcome,
    Processing,
    RequiresAction,
    Stopped,
)
from reprise.statemachine.policy import BillingPolicy
from reprise.statemachine.refusals import Refused
from reprise.statemachine.schedule import Deadline, DeadlineKind
from reprise.statemachine.timeline import Actor, ActorKind
from tests.statemachine.book import Book, utc


def past_due() -> Book:
    book = Book.open().at("2027-02-20T10:00")
    book.replace_card("generic_decline")
    return book.at("2027-02-28T10:00")


def collecting_the_renewal() -> Book:
    """Stripe does not answer since the renewal of 28 February was sent to it."""
    book = Book.open()
    book.now = utc("2027-02-28T10:00")
    book.fire_due(book.now)
    return book


@pytest.mark.parametrize(
    "failed",
    [
        Declined(payment_key="a1:2", code="generic_decline"),
        NoPaymentMethod(payment_key="a1:2"),
        RequiresAction(payment_key="a1:2", url="https://pay.example.com/in"),
    ],
    ids=lambda failed: failed.kind,
)
def test_R9_stripe_away_for_all_of_the_retries_does_not_cost_them(failed: Declined) -> None:
    """The first try's answer comes after nine days: past due, and the four retries follow it."""
    book = collecting_the_renewal()
    book.card, book.now = "generic_decline", utc("2027-03-09T12:00")
    book.perform(book.take(failed, book.now))
    payment = book.account.payment
    assert payment is not None
    assert (book.state, payment.next_attempt_at) == ("past_due", utc("2027-03-10T12:00"))
    assert book.access_until == utc("2027-03-16T12:00")
    assert book.at("2027-03-16T11:59:59").state == "past_due"
    assert book.at("2027-03-16T12:00").state == "disabled"


def test_R8_the_same_failure_told_twice_counts_once() -> None:
    """Past due, disabled, or back in service by then: an answer to no attempt changes nothing."""
    past = past_due()
    declined = Declined(payment_key="a1:2", code="generic_decline")
    for book in (past, past_due().at("2027-03-07T10:00")):
        before = book.account
        assert book.take(declined, book.now) == ()
        assert book.account == before
    book.do(ExtendTerm(days=5))
    book.do(Enable())
    for late in (declined, Stopped(payment_key="a1:2", reason="?"), NoPaymentMethod(payment_key="a1:2")):
        assert book.take(late, book.now) == ()
    assert book.state == "reactivated"


def test_R13_nothing_that_stripe_says_of_the_customer_is_added_to_a_closed_account() -> None:
    """Its record stays as it was closed, without personal data."""
    book = Book.open()
    book.do(Close())
    before = book.account
    for late in (
        PaymentMethodChanged(payment_method="pm_late", asked_by=Actor(kind=ActorKind.USER, id="owner")),
        CustomerRegistered(customer_id="cus_late", refused="card_declined"),
    ):
        assert book.take(late, book.now) == ()
    assert book.account == before


def test_R24_what_stripe_does_not_show_changes_nothing() -> None:
    """A refund's id that is none."""
    book = Book.open()
    before = book.account
    assert book.take(NothingObserved(reason="No such refund"), book.now) == ()
    assert book.account == before


def test_R15_a_hint_while_an_attempt_is_under_way_is_left_to_it() -> None:
    """The attempt sees what the hint is about; so does a first customer that is still to be registered."""
    book = collecting_the_renewal()
    assert book.hinted("a1:2") == ()
    assert Book.open(key_is_wrong=True).hinted("a1:1") == ()


def test_R21_a_debit_told_twice_is_told_once() -> None:
    """It is looked at by the calendar of its first answer."""
    book = collecting_the_renewal()
    for _ in range(2):
        book.perform(book.take(Processing(payment_key="a1:2", invoice_id="in_2"), book.now))
    told = [each for each in book.account.timeline if each.type == "account.payment_processing"]
    assert len(told) == 1
    assert book.account.payment is not None
    assert book.account.payment.next_attempt_at == utc("2027-02-28T11:00")


def test_R8_voids_are_tried_each_at_its_own_time() -> None:
    """Of two that are owed, the one that is due."""
    book = past_due()
    book.voids_are_refused = True
    book.do(Cancel())
    book.at("2027-02-28T10:30")
    unknown = InvoiceVoided(payment_key="a1:9", invoice=InvoiceState.OPEN, reason="not now")
    book.perform(book.take(unknown, book.now))
    assert [each.payment_key for each in book.account.voids_owed] == ["a1:2", "a1:9"]
    before = len(book.performed)
    book.at("2027-02-28T11:00")
    assert [getattr(each, "payment_key", None) for each in book.performed[before:]] == ["a1:2"]
    book.voids_are_refused = False
    book.at("2027-02-28T12:30")
    assert book.account.voids_owed == ()


def test_R22_a_void_that_was_faster_than_none_is_money_found() -> None:
    """An earlier payment's invoice turns out to be paid; one about which nothing is said changes nothing."""
    book = past_due()
    nothing = InvoiceVoided(payment_key="a1:9", invoice=InvoiceState.PAID)
    assert book.take(nothing, book.now) == ()
    paid = Invoice(payment_key="a1:9", invoice_id="in_9", state=InvoiceState.PAID, amount=7500, currency="usd")
    book.perform(book.take(nothing.model_copy(update={"found": paid}), book.now))
    assert "a1:9" in book.account.paid_keys
    known = book.account
    assert book.take(nothing.model_copy(update={"found": paid}), book.now) == ()
    assert book.account == known


def test_R8_an_answer_to_a_void_by_edition_1_is_about_the_latest_payment_alone() -> None:
    """As 0.1.0 decided."""
    book = Book.open(edition=editions.FIRST)
    before = book.account
    assert book.take(InvoiceVoided(payment_key="a1:9", invoice=InvoiceState.PAID), book.now) == ()
    assert book.account == before


def test_R22_the_latest_payment_found_among_others_is_taken_as_its_own() -> None:
    """A look in general may find it: it renews the account once; what is clearing is not there yet."""
    book = past_due()
    clearing = Invoice(payment_key="a1:8", invoice_id="in_8", state=InvoiceState.PROCESSING, amount=1, currency="usd")
    paid = Invoice(payment_key="a1:2", invoice_id="in_2", state=InvoiceState.PAID, amount=7500, currency="usd")
    look = InvoiceObserved(payment_key=None, invoice=InvoiceState.MISSING, found=(clearing, paid))
    book.perform(book.take(look, book.now))
    assert (book.state, book.account.paid_keys) == ("active", ("a1:1", "a1:2"))


def test_R10_a_first_payment_whose_invoice_is_gone_has_failed() -> None:
    """Voided in the dashboard while the payer was asked to authenticate."""
    book = Book.open(card="authentication")
    gone = InvoiceObserved(payment_key="a1:1", invoice=InvoiceState.VOID)
    book.perform(book.take(gone, book.now))
    assert (book.state, book.account.disabled_reason) == ("disabled", "first_payment_failed")
    assert book.account.payment is not None
    assert book.account.payment.decline_code == "invoice_voided"


def test_R12_a_debt_is_owed_once() -> None:
    """Disabled in past_due and then given up: the same unpaid month."""
    book = Book.open(policy=BillingPolicy(debt="collect")).at("2027-02-20T10:00")
    book.replace_card("generic_decline")
    book.at("2027-02-28T10:00")
    book.do(Disable(reason="a check"))
    assert len(book.account.debts) == 1
    book.do(Enable())
    assert book.state == "past_due"
    book.do(Cancel())
    assert [each.amount for each in book.account.debts] == [7500]


def test_R13_an_erasure_that_is_not_owed_is_not_made() -> None:
    """A deadline of a customer who was erased meanwhile."""
    book = Book.open()
    deadline = Deadline(kind=DeadlineKind.ERASURE_DUE, at=book.now, summary="erase")
    assert book.take(deadline, book.now) == ()


def test_R21_a_payment_that_is_clearing_asks_its_payer_for_nothing() -> None:
    """It was to be authenticated, and was paid by a debit on the hosted page."""
    book = Book.open(card="authentication")
    book.perform(book.take(Processing(payment_key="a1:1", invoice_id="in_1"), book.now))
    payment = book.account.payment
    assert payment is not None
    assert (payment.status, payment.action_url, payment.expires_at, payment.decline_code) == (
        "processing",
        None,
        None,
        None,
    )


def test_R21_a_debit_that_failed_without_a_code_is_a_decline_like_any() -> None:
    """Stripe shows an open invoice again, and no reason."""
    book = collecting_the_renewal()
    book.perform(book.take(Processing(payment_key="a1:2", invoice_id="in_2"), book.now))
    look = InvoiceObserved(payment_key="a1:2", invoice_id="in_2", invoice=InvoiceState.OPEN)
    book.perform(book.take(look, book.now))
    assert book.account.payment is not None
    assert (book.state, book.account.payment.decline_code) == ("past_due", "generic_decline")


def test_R22_an_earlier_payment_says_what_a_balance_paid_of_it() -> None:
    """Of 75.00, a credit of 20.00 at Stripe paid a part."""
    book = collecting_the_renewal()
    payment = book.account.payment
    assert payment is not None
    found = Invoice(
        payment_key="a1:1b",
        invoice_id="in_1b",
        state=InvoiceState.PAID,
        amount=7500,
        currency="usd",
        charged=5500,
        period=payment.quote.term,
    )
    book.perform(book.take(EarlierPayment(payment_key="a1:2", found=found), book.now))
    entry = book.account.timeline[-1]
    assert (entry.type, entry.amount, entry.charged, entry.from_balance) == ("account.renewed", 7500, 5500, 2000)
    assert (entry.payment_key, entry.invoice_id) == ("a1:1b", "in_1b")


@pytest.mark.parametrize(
    ("edition", "invoice", "asked"),
    [
        (editions.FIRST, InvoiceState.OPEN, 2),
        (editions.FIRST, InvoiceState.VOID, 1),
        (editions.SECOND, InvoiceState.OPEN, 2),
        (editions.SECOND, InvoiceState.VOID, 2),
    ],
)
def test_R9_a_new_card_that_a_look_finds_is_asked(edition: int, invoice: InvoiceState, asked: int) -> None:
    """By the second edition also where somebody has voided the invoice: the next attempt makes another (R8)."""
    book = Book.open(edition=edition).at("2027-02-20T10:00")
    book.replace_card("generic_decline")
    book.at("2027-02-28T10:00")
    book.card = "good"
    look = InvoiceObserved(payment_key="a1:2", invoice=invoice, payment_method="pm_another")
    book.perform(book.take(look, book.now))
    assert len([key for key, _ in book.attempts if key == "a1:2"]) == asked


@pytest.mark.parametrize("asked", [{"until": utc("2027-02-01T10:00")}, {"days": 366}])
def test_R13_a_term_is_extended_to_later_or_refused_by_field(asked: dict[str, Any]) -> None:
    """Not to an instant within it; not beyond what a record can hold."""
    book = Book.open()
    if "days" in asked:
        book.do(ExtendTerm(until=utc("2199-12-31T10:00")))
    with pytest.raises(Refused) as refused:
        book.do(ExtendTerm(**asked))
    assert refused.value.field in asked


def test_R20_a_price_that_stripe_does_not_charge_is_refused() -> None:
    """Three carts at 0.10 USD: 0.30; the plan stays."""
    book = Book.open()
    with pytest.raises(Refused) as refused:
        book.do(ChangePlan(plan=Plan(currency="usd", unit_amount=10)))
    assert (refused.value.field, book.account.plan.unit_amount) == ("plan.unit_amount", 2500)


def test_records_are_never_changed_in_place() -> None:
    """Every value of the core is frozen: what was decided on stays what it was."""
    for module in pkgutil.iter_modules(reprise.statemachine.__path__):
        names = vars(importlib.import_module(f"reprise.statemachine.{module.name}"))
        for value in names.values():
            if isinstance(value, type) and issubclass(value, BaseModel) and value is not BaseModel:
                assert value.model_config.get("frozen"), value


def test_R16_by_edition_1_a_stopped_renewal_has_access_to_its_next_try() -> None:
    """As 0.1.0 said: beyond the last retry, hour by hour."""
    book = Book.open(edition=editions.FIRST).at("2027-02-20T10:00")
    book.card = "stopped"
    book.at("2027-03-10T10:30")
    assert (book.state, book.access_until) == ("past_due", utc("2027-03-10T11:00"))


def test_R13_R28_a_customer_left_by_edition_1_is_erased_from_the_closing_on() -> None:
    """Tried daily for a month from then."""
    book = Book.open(edition=editions.FIRST).at("2027-02-05T10:00")
    book.do(Close())
    owed = book.account.by_newest_edition().erasure_owed
    assert owed is not None
    assert (owed.since, owed.next_attempt_at) == (utc("2027-02-05T10:00"), utc("2027-02-05T10:00"))


def test_R13_nothing_that_says_who_it_was_stays_with_a_payment() -> None:
    """Neither the link to its hosted page, nor who asked for it."""
    payment = Book.open(card="authentication").account.without_people().payment
    assert payment is not None
    assert (payment.action_url, payment.asked_by.id) == (None, None)


def test_R23_a_closed_account_gets_no_new_customer() -> None:
    """A look that was under way while it was closed."""
    book = Book.open()
    book.do(Close())
    before = book.account
    look = InvoiceObserved(payment_key="a1:1", invoice=InvoiceState.PAID, customer_id="cus_9")
    assert book.take(look, book.now) == ()
    assert book.account == before


def test_R3_why_a_past_due_owner_leaves_is_told() -> None:
    """What they chose, and what they wrote; else only that they cancelled."""
    book = past_due()
    book.do(Cancel(feedback="too_expensive", reason="too dear"))
    assert book.account.timeline[-1].reason == "too_expensive: too dear"
    silent = past_due()
    silent.do(Cancel())
    assert silent.account.timeline[-1].reason == "cancelled"


KINDS = {
    "paid",
    "processing",
    "declined",
    "no_payment_method",
    "customer_deleted",
    "requires_action",
    "stopped",
    "not_known",
    "earlier_payment",
}
"""What histories name the outcomes of attempts by."""


def test_R28_outcomes_keep_their_names() -> None:
    """A history of any release is read by them."""
    union, _ = get_args(PaymentOutcome)
    assert {each.model_fields["kind"].default for each in get_args(union)} == KINDS
    assert {get_args(each.model_fields["kind"].annotation)[0] for each in get_args(union)} == KINDS
