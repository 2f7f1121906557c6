"""R13: disable, enable, extend, change the plan, close."""

from datetime import timedelta
from typing import Any

import pytest

from reprise.statemachine import editions
from reprise.statemachine.commands import (
    Cancel,
    ChangePlan,
    Close,
    Disable,
    Enable,
    ExtendTerm,
    Reactivate,
    SetCarts,
)
from reprise.statemachine.money import Plan
from reprise.statemachine.outcomes import (
    CustomerRegistered,
    InvoiceObserved,
    InvoiceState,
    InvoiceVoided,
    PaymentMethodChanged,
)
from reprise.statemachine.policy import BillingPolicy
from reprise.statemachine.pricing import renewal_quote
from reprise.statemachine.refusals import RefusalCode, Refused
from reprise.statemachine.schedule import Deadline, DeadlineKind
from reprise.statemachine.terms import Term
from reprise.statemachine.timeline import Actor, ActorKind
from tests.statemachine.book import Book, utc
from tests.statemachine.standings import MARCH, cancelled, entries, lapsed, past_due, payment_of, refusal


def test_R13_enabling_brings_a_first_payment_that_the_operator_called_off_back_as_failed() -> None:
    """The payer was still to authenticate when the account was disabled: nothing was paid."""
    book = Book.open(card="authentication")
    book.do(Disable(reason="check"))
    assert book.invoices == {"a1:1": "void"}
    book.do(Enable())
    assert (book.state, book.account.disabled_reason) == ("disabled", "first_payment_failed")


def test_R13_an_operator_says_why_and_what_still_stands_in_the_way_is_told() -> None:
    """The reason of `disable`; and why an account is out of service after `enable`."""
    book = lapsed()
    book.do(Disable(reason="fraud"))
    book.do(Enable())
    assert [entry.reason for entry in book.account.timeline[-2:]] == ["fraud", "still disabled: cancelled"]


def test_R13_only_an_operator_undoes_an_operators_disable() -> None:
    """disabled_by_operator, until enabled: within the term without a charge."""
    book = Book.open().at("2027-02-10T10:00")
    book.do(Disable(reason="fraud"))
    assert (book.state, book.account.disabled_reason) == ("disabled", "operator")
    assert refusal(book, Reactivate()) is RefusalCode.DISABLED_BY_OPERATOR
    book.do(Enable())
    assert (book.state, book.charged) == ("reactivated", [7500])


def test_R13_enabling_never_undoes_a_cancellation() -> None:
    """Cancelled, disabled, enabled: still cancelled, and never charged again."""
    book = cancelled()
    book.do(Disable(reason="fraud"))
    book.do(Enable())
    assert book.state == "cancelled"
    assert (book.at("2027-03-15T10:00").state, book.charged) == ("disabled", [7500])


def test_R13_after_the_term_enabling_lifts_the_block_and_coming_back_costs() -> None:
    """Never in service without a covered term."""
    book = Book.open().at("2027-02-10T10:00")
    book.do(Disable(reason="fraud"))
    book.at("2027-03-15T10:00")
    book.do(Enable())
    assert (book.state, book.account.disabled_reason, book.charged) == ("disabled", "cancelled", [7500])
    book.do(Reactivate())
    assert (book.state, book.charged) == ("reactivated", [7500, 7500])


def test_R13_extending_moves_the_end_and_the_anchor() -> None:
    """Goodwill of ten days: the renewal follows the new end."""
    book = Book.open().at("2027-02-10T10:00")
    book.do(ExtendTerm(days=10))
    assert book.account.term == Term(start=utc("2027-01-31T10:00"), end=utc("2027-03-10T10:00"))
    book.at("2027-03-10T10:00")
    assert book.account.term == Term(start=utc("2027-03-10T10:00"), end=utc("2027-04-10T10:00"))
    assert refusal(book, ExtendTerm(until=utc("2027-04-01T10:00"))) is RefusalCode.INVALID_REQUEST


def test_R13_a_new_price_counts_from_the_next_quote_on() -> None:
    """The current term is not touched."""
    book = Book.open().at("2027-02-10T10:00")
    book.do(ChangePlan(plan=Plan(currency="usd", unit_amount=3000)))
    assert book.at("2027-02-28T10:00").charged == [7500, 9000]


def test_R13_closing_voids_what_is_open_and_leaves_no_personal_data() -> None:
    """Final: every command is refused."""
    book = past_due()
    book.do(Close())
    assert (book.state, book.invoices["a1:2"], book.deadline) == ("closed", "void", None)
    assert "owner@example.com" not in book.account.model_dump_json()
    for command in (Cancel(), Reactivate(), SetCarts(carts=1), Enable(), Close()):
        assert refusal(book, command) is RefusalCode.ACCOUNT_CLOSED


def test_R13_money_that_comes_for_a_closed_account_is_told_to_operators() -> None:
    """The void found the invoice paid: the timeline says what to give back."""
    book = past_due()
    effects = book.take(Close(), book.now)
    voided = InvoiceVoided(payment_key="a1:2", invoice_id="in_1", invoice=InvoiceState.PAID)
    book.take(voided, book.now)
    assert len(effects) > 0
    last = book.account.timeline[-1]
    assert (last.type, last.amount) == ("account.payment_received", 7500)


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


def test_R13_an_erasure_that_is_not_owed_is_not_made() -> None:
    """A deadline of a customer who was erased meanwhile."""
    book = Book.open()
    deadline = Deadline(kind=DeadlineKind.ERASURE_DUE, at=book.now, summary="erase")
    assert book.take(deadline, book.now) == ()


@pytest.mark.parametrize(
    "asked", [{"until": utc("2027-02-01T10:00")}, {"until": utc("2027-02-28T10:00")}, {"days": 1}, {"days": 366}]
)
def test_R13_a_term_is_extended_to_later_or_refused_by_field(asked: dict[str, Any]) -> None:
    """Not to an instant within it, nor to its end; not beyond what a record can hold."""
    book = Book.open()
    if "days" in asked:
        book.do(ExtendTerm(until=utc("2199-12-31T00:00")))
    with pytest.raises(Refused) as refused:
        book.do(ExtendTerm(**asked))
    assert refused.value.field in asked


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


@pytest.mark.parametrize("given_up", ["the renewal", "a reactivation"])
def test_R13_money_does_not_bring_back_whom_an_operator_holds(given_up: str) -> None:
    """The void was refused, and the payer paid on the old link: the month is theirs, the hold stands."""
    book = past_due().at("2027-03-07T09:00") if given_up == "the renewal" else lapsed()
    book.card, book.voids_are_refused = "generic_decline", True
    if given_up == "the renewal":
        book.at("2027-03-07T10:00")
    else:
        book.do(Reactivate())
    assert [owed.payment_key for owed in book.account.voids_owed] == ["a1:2"]
    book.do(Disable(reason="fraud"))
    book.pay_by_hand()
    book.hint("a1:2")
    assert (book.state, book.account.disabled_reason, book.account.voids_owed) == ("disabled", "operator", ())
    assert book.account.term is not None
    assert book.account.term.start == book.now


def test_R13_enable_within_a_term_that_was_extended_charges_nothing() -> None:
    """Held while past due, given thirty days: the renewal is for when they are over."""
    book = past_due().at("2027-03-02T09:00")
    book.do(Disable(reason="check"))
    book.do(ExtendTerm(days=30))
    book.card = "good"
    book.do(Enable())
    assert (book.state, book.charged) == ("reactivated", [7500])
    assert book.at("2027-04-01T09:00").charged == [7500, 7500]


def test_R13_a_renewal_that_is_taken_up_for_nothing_leaves_no_debt() -> None:
    """No carts any more: the term costs nothing, and is not owed."""
    book = past_due(policy=BillingPolicy(debt="collect")).at("2027-03-02T09:00")
    book.do(Disable(reason="check"))
    book.do(SetCarts(carts=0))
    book.do(Enable())
    assert (book.state, book.account.term, book.account.debts) == ("active", MARCH, ())


def test_R13_a_look_adds_nothing_to_a_closed_account() -> None:
    """Not even which card the customer has."""
    book = Book.open(card="stopped")
    book.do(Close())
    before = book.account
    look = InvoiceObserved(payment_key="a1:1", invoice=InvoiceState.OPEN, payment_method="pm_late")
    assert book.take(look, book.now) == ()
    assert book.account == before


def test_R13_goodwill_for_an_account_that_has_no_term_counts_from_now() -> None:
    book = Book.open(card="none")
    book.do(ExtendTerm(days=3))
    assert book.account.term == Term(start=book.now, end=book.now + timedelta(days=3))


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
