"""R28: what docs/rules.md says that edition 2 decides otherwise, done to the core by both editions."""

from datetime import timedelta

import pytest

from reprise.statemachine import editions, machine
from reprise.statemachine.account import Account
from reprise.statemachine.commands import (
    Cancel,
    ChangePlan,
    Close,
    Disable,
    Enable,
    ExtendTerm,
    OpenAccount,
    Reactivate,
    SetCarts,
)
from reprise.statemachine.effects import RetrieveInvoice
from reprise.statemachine.money import Plan
from reprise.statemachine.outcomes import InvoiceState, InvoiceVoided
from reprise.statemachine.payments import Payment
from reprise.statemachine.policy import BillingPolicy
from reprise.statemachine.refusals import RefusalCode, Refused
from tests.statemachine.book import Book, opening, utc
from tests.statemachine.standings import BOTH

FIRST, SECOND = editions.FIRST, editions.SECOND


def payment_of(book: Book) -> Payment:
    assert book.account.payment is not None
    return book.account.payment


def entries(book: Book, kind: str) -> int:
    return sum(entry.type == f"account.{kind}" for entry in book.account.timeline)


def opens(edition: int, **changes: object) -> bool:
    """Whether an account may be opened so."""
    asked = opening(**{"carts": 1, **changes})
    try:
        machine.open_account(asked, utc("2027-01-31T10:00"), edition=edition)
    except Refused:
        return False
    return True


def test_R28_R1_R20_what_may_be_opened() -> None:
    """Edition 1 took sums and e-mails that Stripe does not; what is more than Stripe charges, neither takes."""
    small, part = Plan(currency="usd", unit_amount=30), Plan(currency="ugx", unit_amount=2550)
    for changes in ({"plan": small}, {"plan": part}, {"email": "owner@localhost"}):
        assert opens(FIRST, **changes)
        assert not opens(SECOND, **changes)
    too_much = Plan(currency="usd", unit_amount=99_999_999)
    assert not opens(FIRST, plan=too_much, carts=2)
    assert not opens(FIRST, plan=Plan(currency="kwd", unit_amount=12_345))


@BOTH
def test_R28_R20_carts_and_plans_that_come_to_less_than_stripe_charges(edition: int) -> None:
    book = Book.open(edition=edition, carts=0)
    commands = (ChangePlan(plan=Plan(currency="usd", unit_amount=30)), SetCarts(carts=1))
    if edition == FIRST:
        for command in commands:
            book.do(command)
        assert (book.account.plan.unit_amount, book.account.carts) == (30, 1)
    else:
        book.do(commands[0])
        with pytest.raises(Refused) as refused:
            book.do(commands[1])
        assert refused.value.code is RefusalCode.INVALID_REQUEST


@pytest.mark.parametrize(("edition", "state"), [(FIRST, "cancelled"), (SECOND, "disabled")])
def test_R28_R3_cancelling_a_cancelled_account_at_once(edition: int, state: str) -> None:
    book = Book.open(edition=edition)
    book.do(Cancel())
    book.do(Cancel(when="now"))
    assert book.state == state


@BOTH
def test_R28_R13_extending_a_past_due_account(edition: int) -> None:
    book = Book.open(edition=edition)
    book.card = "card_declined"
    book.at("2027-02-28T10:00")
    if edition == FIRST:
        with pytest.raises(Refused) as refused:
            book.do(ExtendTerm(days=10))
        assert refused.value.code is RefusalCode.PAYMENT_IN_PROGRESS
    else:
        book.do(ExtendTerm(days=10))
        assert (book.state, book.invoices["a1:2"]) == ("active", "void")


@pytest.mark.parametrize(("edition", "state"), [(FIRST, "disabled"), (SECOND, "past_due")])
def test_R28_R13_enabling_an_account_that_was_past_due(edition: int, state: str) -> None:
    book = Book.open(edition=edition)
    book.card = "card_declined"
    book.at("2027-02-28T10:00")
    book.do(Disable(reason="to look into it"))
    book.do(Enable())
    assert book.state == state


@pytest.mark.parametrize(("edition", "reason"), [(FIRST, "cancelled"), (SECOND, "payment_failed")])
def test_R28_R13_a_renewal_that_is_too_late_to_be_taken_up(edition: int, reason: str) -> None:
    book = Book.open(edition=edition)
    book.card = "card_declined"
    book.at("2027-02-28T10:00")
    book.do(Disable(reason="to look into it"))
    book.at("2027-06-01T10:00")
    book.do(Enable())
    assert (book.state, book.account.disabled_reason) == ("disabled", reason)


@pytest.mark.parametrize(("edition", "tries"), [(FIRST, 4), (SECOND, 0)])
def test_R28_R9_a_card_that_cannot_get_better(edition: int, tries: int) -> None:
    """Edition 1 did not heed what the bank said."""
    book = Book.open(edition=edition)
    book.card = "lost_card"
    book.at("2027-02-28T10:00")
    before = len(book.attempts)
    book.at("2027-03-20T10:00")
    assert len(book.attempts) - before == tries
    assert (book.state, book.account.disabled_reason) == ("disabled", "payment_failed")


@pytest.mark.parametrize(("edition", "state"), [(FIRST, "past_due"), (SECOND, "disabled")])
def test_R28_R9_what_stops_for_our_fault(edition: int, state: str) -> None:
    """Edition 1 told each hour, and tried for ever."""
    book = Book.open(edition=edition)
    book.card = "stopped"
    book.at("2027-03-01T10:00")
    assert entries(book, "payment_stopped") == (25 if edition == FIRST else 1)
    book.at("2027-03-20T10:00")
    assert book.state == state


@pytest.mark.parametrize(("edition", "state"), [(FIRST, "disabled"), (SECOND, "past_due")])
def test_R28_R9_our_fault_uses_up_retries(edition: int, state: str) -> None:
    """A payer whose card is declined after the mend: edition 1 had no retry left for them."""
    book = Book.open(edition=edition)
    book.card = "stopped"
    book.at("2027-03-08T09:30")
    book.card = "card_declined"
    book.at("2027-03-08T10:30")
    assert book.state == state


@BOTH
def test_R28_R1_a_first_payment_that_stopped(edition: int) -> None:
    book = Book.open(edition=edition, card="stopped")
    tried = payment_of(book).next_attempt_at
    assert (book.state, book.account.disabled_reason) == ("disabled", "first_payment_failed")
    if edition == FIRST:
        assert tried is None
        assert entries(book, "payment_stopped") == 1
    else:
        assert tried == book.now + timedelta(hours=1)
        book.card = "good"
        book.at("2027-01-31T11:00")
        assert (book.state, book.charged) == ("active", [7500])


@pytest.mark.parametrize(("edition", "start"), [(FIRST, "2027-04-15T12:00"), (SECOND, "2027-04-16T09:00")])
def test_R28_R6_when_the_term_begins_of_a_payer_who_authenticates_later(edition: int, start: str) -> None:
    book = Book.open(edition=edition)
    book.do(Cancel())
    book.at("2027-04-15T12:00")
    book.card = "authentication"
    book.do(Reactivate())
    book.at("2027-04-16T09:00")
    book.pay_by_hand()
    book.hint()
    assert book.account.term is not None
    assert (book.state, book.account.term.start) == ("reactivated", utc(start))


@pytest.mark.parametrize(("edition", "looks"), [(FIRST, 0), (SECOND, 1)])
def test_R28_R22_a_hint_about_a_payment_that_nobody_waits_for(edition: int, looks: int) -> None:
    book = Book.open(edition=edition)
    book.hint(payment_key="a1:7")
    assert sum(isinstance(act, RetrieveInvoice) for act in book.performed) == looks


@pytest.mark.parametrize(("edition", "owed"), [(FIRST, 1), (SECOND, 2)])
def test_R28_R12_which_unpaid_renewals_are_owed(edition: int, owed: int) -> None:
    """By `debt: collect`; in between the account comes back for a price that leaves the old one owed."""
    book = Book.open(edition=edition, policy=BillingPolicy(debt="collect"))
    for month in ("02", "04"):
        book.card = "card_declined"
        book.at(f"2027-{month}-28T10:00" if month == "02" else "2027-05-20T10:00")
        book.at("2027-03-20T10:00" if month == "02" else "2027-06-20T10:00")
        assert book.state == "disabled"
        if month == "02":
            book.do(ChangePlan(plan=Plan(currency="eur", unit_amount=2500)))
            book.card = "good"
            book.at("2027-04-15T10:00")
            book.do(Reactivate())
    assert len(book.account.debts) == owed


@pytest.mark.parametrize("edition", [FIRST, SECOND])
def test_R28_R8_a_void_that_stripe_refuses(edition: int) -> None:
    """Edition 1 forgot it; edition 2 owes it until it is done."""
    book = Book.open(edition=edition)
    book.card = "card_declined"
    book.at("2027-02-28T10:00")
    book.voids_are_refused = True
    book.do(Cancel())
    assert len(book.account.voids_owed) == (0 if edition == FIRST else 1)
    book.voids_are_refused = False
    book.at("2027-03-01T10:00")
    assert book.invoices["a1:2"] == ("open" if edition == FIRST else "void")


@pytest.mark.parametrize(("edition", "term_ends"), [(FIRST, "2027-05-15T12:00"), (SECOND, "2027-05-16T09:00")])
def test_R28_R22_a_payer_who_is_faster_than_the_void(edition: int, term_ends: str) -> None:
    """The month is theirs: by the quote that was called off, or from when the money came."""
    book = Book.open(edition=edition)
    book.do(Cancel())
    book.at("2027-04-15T12:00")
    book.card = "authentication"
    book.do(Reactivate())
    book.at("2027-04-16T09:00")
    book.pay_by_hand()
    book.do(Cancel())
    assert book.account.term is not None
    assert (book.state, book.account.term.end) == ("disabled", utc(term_ends))


@pytest.mark.parametrize("edition", [FIRST, SECOND])
def test_R28_R16_access_while_a_payment_stops(edition: int) -> None:
    """It ends with the retries, or the next try; by edition 2 not before the outcome of that is known."""
    book = Book.open(edition=edition)
    book.card = "stopped"
    book.at("2027-03-07T09:00")
    next_try, until = payment_of(book).next_attempt_at, book.access_until
    assert next_try is not None
    assert until == max(next_try + timedelta(days=edition - 1), utc("2027-03-07T10:00"))


def test_R28_a_record_is_taken_into_the_newest_edition() -> None:
    """One of the first knows of its latest payment alone whether it is paid; one of the second keeps what it knows."""
    first = Book.open(edition=FIRST).at("2027-02-28T10:00").account
    newest = first.by_newest_edition()
    assert (first.edition, newest.edition) == (FIRST, editions.NEWEST)
    assert (newest.known_from, newest.paid_keys) == (2, ("a1:2",))
    assert (newest.erasure_owed, newest.payment) == (None, first.payment), "an open account's customer is not erased"
    unpaid = Book.open(edition=FIRST, card="card_declined").account.by_newest_edition()
    assert (unpaid.known_from, unpaid.paid_keys) == (1, ())
    second = Book.open(edition=SECOND).at("2027-02-28T10:00").account
    assert second.by_newest_edition() == second
    assert (second.known_from, second.paid_keys) == (1, ("a1:1", "a1:2"))


def test_R28_a_record_without_a_payment_or_a_timeline_is_taken_into_the_newest_edition() -> None:
    """Paid elsewhere; closed, so long ago that nothing says when: its customer is erased from the opening on."""
    elsewhere = Book.open(edition=FIRST, paid_through=utc("2027-02-28T10:00"))
    newest = elsewhere.account.by_newest_edition()
    assert (newest.known_from, newest.paid_keys) == (1, ())
    elsewhere.do(Close())
    silent = elsewhere.account.model_copy(update={"timeline": ()}).by_newest_edition()
    assert silent.erasure_owed is not None
    assert silent.erasure_owed.since == silent.opened_at


@pytest.mark.parametrize(("edition", "kept"), [(FIRST, (None, None)), (SECOND, ("cus_9", "pm_good"))])
def test_R28_R25_what_is_kept_of_an_opening_until_stripe_has_it(edition: int, kept: tuple[str | None, ...]) -> None:
    account = machine.open_account(opening(customer_id="cus_9"), utc("2027-01-31T10:00"), edition=edition).account
    assert (account.customer_id, account.first_payment_method) == kept


def test_R28_an_edition_to_come_is_taken_by_new_runs_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a record of the second knows stays as it is."""
    second = Book.open(edition=SECOND).at("2027-02-28T10:00").account
    monkeypatch.setattr(editions, "NEWEST", editions.SECOND + 1)
    assert second.by_newest_edition() == second.model_copy(update={"edition": editions.SECOND + 1})


@pytest.mark.parametrize(("edition", "state"), [(FIRST, "active"), (SECOND, "disabled")])
def test_R13_R22_R28_money_that_comes_late_brings_nobody_back_whom_an_operator_holds(edition: int, state: str) -> None:
    """By the second edition: the term is theirs, and `enable` gives it for nothing."""
    book = Book.open(card="stopped", edition=edition)
    book.do(Disable())
    book.take(InvoiceVoided(payment_key="a1:1", invoice=InvoiceState.PAID), book.now)
    assert book.state == state
    assert book.account.term is not None


def test_R28_a_record_that_names_no_edition_is_of_the_first() -> None:
    """As 0.1.0 wrote them."""
    record = Book.open(edition=SECOND).account.model_dump(mode="json")
    del record["edition"]
    assert Account.model_validate(record).edition == FIRST
    assert OpenAccount.model_fields.keys().isdisjoint({"edition"}), "a person does not choose it"
