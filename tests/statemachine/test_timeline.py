"""R17: every change leaves an entry, and says what moved."""

import pytest
from pydantic import ValidationError

from reprise.statemachine.account import AccountState
from reprise.statemachine.commands import SetCarts
from reprise.statemachine.deadlines import deadline_of
from reprise.statemachine.payments import OwedVoid
from reprise.statemachine.policy import BillingPolicy
from reprise.statemachine.timeline import TimelineEntry
from reprise.statemachine.unknown import READING
from tests.statemachine.book import Book, utc
from tests.statemachine.standings import due, entries, found_by_hint, invoice, lapsed, past_due, payment_of


def test_R17_every_change_leaves_an_entry_and_the_last_hundred_stay() -> None:
    """Sequence without gaps; every one announced."""
    book = Book.open()
    for carts in range(1, 251):
        book.do(SetCarts(carts=carts + 3))
    account = book.account
    assert account.sequence == 252
    assert [entry.sequence for entry in account.timeline] == list(range(153, 253))
    assert book.announced == list(range(1, 253))


def test_R17_a_past_due_link_that_somebody_voided_is_taken_back_and_told() -> None:
    """The retries stay where they were."""
    book = past_due("authentication").at("2027-03-02T09:00")
    book.invoices["a1:2"] = "void"
    book.hint("a1:2")
    assert (book.state, payment_of(book).status, payment_of(book).action_url) == ("past_due", "declined", None)
    assert entries(book.account, "payment_declined")[-1].decline_code == "invoice_voided"
    assert payment_of(book).next_attempt_at == utc("2027-03-03T10:00")


def test_R17_what_moves_money_says_how_many_carts_at_which_price() -> None:
    """Also where nobody waited for it, as its invoice has it; 0 carts are 0 times their price."""
    book = lapsed()
    found_by_hint(book, invoice("a1:9").model_copy(update={"quantity": 3, "unit_amount": 2500}))
    received = entries(book.account, "payment_received")[-1]
    assert (received.amount, received.carts, received.unit_amount) == (7500, 3, 2500)
    free = Book.open()
    free.do(SetCarts(carts=0))
    renewed = entries(free.at("2027-03-01T10:00").account, "renewed")[-1]
    assert (renewed.amount, renewed.carts, renewed.unit_amount) == (0, 0, 2500)


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
    assert due(past_due("lost_card")) == "payment retry 4 of 4: the bank refuses this card"
    assert due(past_due("stopped").at("2027-03-01T09:30")) == "payment retry after a fault of ours"


def test_R8_of_several_voids_the_first_that_is_due_is_made_first() -> None:
    """Whatever their order."""
    account = Book.open().account
    owed = [
        OwedVoid(payment_key=f"a1:{n}", invoice_id=None, since=utc("2027-02-01T10:00"), next_attempt_at=utc(at))
        for n, at in ((1, "2027-02-02T10:00"), (2, "2027-02-01T11:00"), (3, "2027-02-03T10:00"))
    ]
    deadline = deadline_of(account.model_copy(update={"voids_owed": tuple(owed)}))
    assert deadline is not None
    assert (deadline.at, deadline.summary) == (
        utc("2027-02-01T11:00"),
        "void a1:2, which Stripe has refused so far",
    )


def test_R18_nothing_is_announced_of_an_account_that_has_no_term() -> None:
    book = Book.open(card="generic_decline", policy=BillingPolicy(renewal_upcoming_days=7))
    assert (book.account.term, book.deadline) == (None, None)


def test_R13_a_closed_account_tries_no_payment_again() -> None:
    """Whatever its last payment was about to do."""
    account = Book.open(card="stopped").account
    closed = account.model_copy(update={"state": AccountState.CLOSED})
    assert deadline_of(account) is not None
    assert deadline_of(closed) is None


def test_R17_what_a_later_release_adds_is_kept_where_it_is_read_and_refused_where_it_is_given() -> None:
    """A state, a kind of actor: as the text that it is; what is no text at all is refused everywhere."""
    known = Book.open().account.timeline[-1].model_dump(mode="json")
    later = known | {"to_state": "paused", "actor": {"kind": "robot"}, "type": "account.paused"}
    read = TimelineEntry.model_validate(later, context=READING)
    assert (read.to_state, read.actor.kind, read.type) == ("paused", "robot", "account.paused")
    assert TimelineEntry.model_validate(known, context=READING).to_state is AccountState.ACTIVE
    for context in (None, {}, {"reading": False}, {"another": True}):
        with pytest.raises(ValidationError, match="to_state"):
            TimelineEntry.model_validate(later, context=context)
    with pytest.raises(ValidationError, match="to_state"):
        TimelineEntry.model_validate(known | {"to_state": 7}, context={"reading": True})
    assert TimelineEntry.model_validate(later, context={"reading": True}) == read
