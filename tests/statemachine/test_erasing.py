"""R13: what closing leaves of the people of an account: nothing in its record, nothing at Stripe (issue E, row 3)."""

import json
from datetime import timedelta

import pytest

from reprise.statemachine import editions
from reprise.statemachine.account import Account
from reprise.statemachine.commands import (
    Cancel,
    Close,
    Disable,
    Enable,
    Reactivate,
    SetCarts,
    SetEmail,
    SetPaymentMethod,
)
from reprise.statemachine.effects import EraseCustomer, VoidInvoice
from reprise.statemachine.outcomes import CustomerErased, CustomerRegistered
from reprise.statemachine.schedule import DeadlineKind
from reprise.statemachine.timeline import Actor, ActorKind
from tests.statemachine.book import Book, utc

USER = Actor(kind=ActorKind.USER, id="user-ada")
OPERATOR = Actor(kind=ActorKind.OPERATOR, id="operator-bob")
PEOPLE = ("ada", "bob", "owner@example.com", "new@example.com", "moving to Rome", "pay.example.com")


def lived() -> Book:
    """An account that many have had to do with: in its timeline, its payment, its hold."""
    book = Book.open(actor=OPERATOR).at("2027-02-10T10:00")
    book.do(SetCarts(carts=4, actor=USER))
    book.do(SetEmail(email="new@example.com", actor=USER))
    book.do(SetPaymentMethod(payment_method="pm_other", actor=USER))
    book.do(Cancel(when="term_end", feedback="other", reason="moving to Rome", actor=USER))
    book.at("2027-03-05T10:00").card = "authentication"
    book.do(Reactivate(actor=USER))
    book.do(Disable(reason="a call from ada", actor=OPERATOR))
    return book


def erased(book: Book) -> list[EraseCustomer]:
    return [act for act in book.performed if isinstance(act, EraseCustomer)]


def told(book: Book, what: str) -> list[str | None]:
    return [entry.reason for entry in book.account.timeline if entry.type == f"account.{what}"]


@pytest.mark.parametrize("edition", [editions.FIRST, editions.NEWEST])
def test_R13_nothing_in_a_closed_record_says_who_anybody_was(edition: int) -> None:
    """Not in the timeline, the payment, the hold, and not by whom it was closed; sums and terms stay."""
    book = Book.open(edition=edition, actor=OPERATOR) if edition == editions.FIRST else lived()
    before = book.account
    book.do(Close(actor=OPERATOR))
    kept = book.account.model_dump_json()
    assert not [each for each in PEOPLE if each in kept]
    assert book.account.timeline[-1].actor == Actor(kind=ActorKind.OPERATOR)
    assert [(each.type, each.amount, each.term, each.actor.kind) for each in book.account.timeline[:-1]] == [
        (each.type, each.amount, each.term, each.actor.kind) for each in before.timeline
    ]
    assert book.account.closed_with == book.account.sequence > before.closed_with == 0


def test_R13_the_customer_is_erased_once_and_last() -> None:
    """After what is open was voided; nothing is told of it, and nothing more is due."""
    book = Book.open(card="authentication")
    book.do(Close())
    assert [type(act) for act in book.performed[-2:]] == [VoidInvoice, EraseCustomer]
    assert erased(book) == [EraseCustomer(customer_id="cus_1")]
    assert (told(book, "customer_erased"), book.deadline) == ([], None)


def test_R13_without_a_customer_there_is_nobody_to_erase() -> None:
    """Stripe refused to register one: it is not registered now."""
    book = Book.open(key_is_wrong=True)
    book.key_is_wrong = False
    book.do(Close())
    assert (book.account.customer_id, erased(book)) == (None, [])


def test_R28_a_run_of_the_first_edition_erases_nobody_and_its_next_run_does() -> None:
    """Its decisions stay what they were; the new run finds a customer to erase, at once."""
    book = Book.open(edition=editions.FIRST)
    book.do(Close())
    assert (erased(book), book.deadline) == ([], None)
    account = book.account.by_newest_edition()
    assert account.erasure_owed is not None
    later = Book(account, book.now)
    deadline = later.deadline
    assert deadline is not None
    assert (deadline.kind, deadline.at) == (DeadlineKind.ERASURE_DUE, account.timeline[-1].at)
    later.at("2027-02-01T10:00")
    assert (erased(later), later.deadline) == ([EraseCustomer(customer_id="cus_1")], None)
    assert told(later, "customer_erased") == [None]


def test_R28_what_0_1_0_left_of_people_in_a_payment_goes_with_the_next_run() -> None:
    """The timeline of an account that it closed names nobody, and stays."""
    book = lived()
    old = book.account
    book.do(Close())
    closed = book.account.model_copy(update={"edition": editions.FIRST, "payment": old.payment, "customer_id": None})
    assert "user-ada" in closed.model_dump_json()
    account = closed.by_newest_edition()
    assert not [each for each in PEOPLE if each in account.model_dump_json()]
    assert (account.timeline, account.erasure_owed) == (closed.timeline, None)
    assert account.by_newest_edition() == account


def test_R13_a_refused_erasure_is_told_once_and_tried_daily_until_it_is_done() -> None:
    """As with a wrong key: told to operators, and told when it is done."""
    book = Book.open().at("2027-02-10T10:00")
    book.key_is_wrong = True
    book.do(Close())
    assert told(book, "customer_not_erased") == ["Invalid API Key provided"]
    deadline = book.deadline
    assert deadline is not None
    assert (deadline.kind, deadline.at) == (DeadlineKind.ERASURE_DUE, utc("2027-02-11T10:00"))
    assert "erase the customer" in deadline.summary
    book.at("2027-02-13T10:00")
    assert (len(erased(book)), len(told(book, "customer_not_erased"))) == (4, 1)
    book.key_is_wrong = False
    book.at("2027-02-14T10:00")
    assert (told(book, "customer_erased"), book.deadline, len(erased(book))) == ([None], None, 5)
    assert book.account.erasure_owed is None


def test_R13_after_a_month_it_is_given_up_and_operators_are_told_what_to_do() -> None:
    """31 tries in all; nothing loops."""
    book = Book.open().at("2027-02-10T10:00")
    book.key_is_wrong = True
    book.do(Close())
    book.at("2027-03-12T09:59:59")
    assert (len(erased(book)), len(told(book, "customer_not_erased"))) == (30, 1)
    book.at("2027-03-12T10:00")
    given_up = "given up: erase the customer in Stripe's dashboard (Invalid API Key provided)"
    assert told(book, "customer_not_erased") == ["Invalid API Key provided", given_up]
    assert (len(erased(book)), book.deadline) == (31, None)


def test_R8_the_earliest_of_what_is_owed_goes_first() -> None:
    """A refused void is tried hourly, the erasing beside it daily; where both are due, the invoice goes first."""
    book = Book.open()
    book.card = "insufficient_funds"
    book.at("2027-02-28T10:00").key_is_wrong = True
    book.do(Close())
    deadline = book.deadline
    assert deadline is not None
    assert (deadline.kind, deadline.at) == (DeadlineKind.VOID_DUE, utc("2027-02-28T11:00"))
    del book.performed[:]
    book.at("2027-03-01T10:00")
    assert [type(act) for act in book.performed] == [VoidInvoice] * 24 + [EraseCustomer]


def test_what_stripe_says_of_erasing_an_account_that_is_open_changes_nothing() -> None:
    """Nobody asked; and a customer that appears for a closed one is not taken up."""
    book = Book.open()
    before = book.account
    assert book.take(CustomerErased(customer_id="cus_1", refused="no"), book.now) == ()
    assert book.account == before
    book.do(Close())
    closed = book.account
    assert book.take(CustomerRegistered(customer_id="cus_2"), book.now + timedelta(days=1)) == ()
    assert book.account == closed


def test_an_older_record_without_what_is_owed_still_loads() -> None:
    """A field that was added has its default."""
    record = json.loads(Book.open().account.model_dump_json())
    del record["erasure_owed"]
    assert type(Book.open().account).model_validate(record).erasure_owed is None


def test_R13_enable_after_closing_is_refused_though_the_hold_is_gone() -> None:
    """Final, whatever was held."""
    book = lived()
    book.do(Close())
    assert book.account.hold is None
    with pytest.raises(Exception, match="closed for good"):
        book.do(Enable())


def test_R13_what_says_who_anybody_was_is_left_out_and_nothing_else() -> None:
    """Of a record that holds all of it."""
    account = lived().account.model_copy(update={"first_payment_method": "pm_first", "hold_owed": "disputed: ada"})
    people = {"email", "first_payment_method", "hold", "hold_owed"}
    assert all(getattr(account, name) for name in people)
    bare = account.without_people()
    changed = {name for name in Account.model_fields if getattr(bare, name) != getattr(account, name)}
    assert changed == people | {"payment", "timeline"}
    assert not any(getattr(bare, name) for name in people)
