"""R18: what an entry says to whoever is told of it, and the renewal that is announced before it comes."""

import pytest

from reprise.statemachine.commands import Cancel, ExtendTerm, Reactivate, SetCarts
from reprise.statemachine.policy import BillingPolicy
from reprise.statemachine.schedule import DeadlineKind
from tests.statemachine.book import Book, utc
from tests.statemachine.standings import entries

A_WEEK_BEFORE = BillingPolicy(renewal_upcoming_days=7)


def test_R18_every_entry_says_until_when_the_account_may_work_after_it() -> None:
    """So that a receiver need not know the chart: E1, E2, E4."""
    book = Book.open()
    book.at("2027-02-10T10:00").do(Cancel())
    book.at("2027-04-15T12:00").do(Reactivate())
    said = {entry.type: entry.access_until for entry in book.account.timeline}
    assert said == {
        "account.opened": None,  # its first payment is under way
        "account.activated": utc("2027-03-07T10:00"),  # the term's end, and the days of the retries
        "account.cancelled": utc("2027-02-28T10:00"),
        "account.disabled": None,
        "account.reactivated": utc("2027-05-22T12:00"),
    }


def test_R18_a_renewal_is_announced_before_it_comes() -> None:
    """Once a term, by the policy's days, with what it will cost and for which term."""
    book = Book.open(policy=A_WEEK_BEFORE).at("2027-02-20T10:00")
    book.do(SetCarts(carts=5))
    assert book.deadline is not None
    assert (book.deadline.kind, book.deadline.at) == (DeadlineKind.RENEWAL_UPCOMING, utc("2027-02-21T10:00"))
    book.at("2027-03-25T00:00")
    upcoming = entries(book.account, "renewal_upcoming")
    assert [entry.at for entry in upcoming] == [utc("2027-02-21T10:00"), utc("2027-03-24T10:00")]
    costs = [(entry.amount, entry.currency, entry.carts, entry.unit_amount) for entry in upcoming]
    assert costs == [(12500, "usd", 5, 2500)] * 2
    assert upcoming[0].term is not None
    assert upcoming[0].term.start == utc("2027-02-28T10:00")
    assert book.charged == [7500, 12500]


def test_R18_no_renewal_is_announced_that_does_not_come() -> None:
    """Off by default; not of a cancelled account, nor of one that costs nothing; again once it does."""
    for book in (Book.open(), Book.open(policy=A_WEEK_BEFORE, carts=0)):
        assert not entries(book.at("2027-02-28T00:00").account, "renewal_upcoming")
    book = Book.open(policy=A_WEEK_BEFORE)
    book.do(Cancel())
    book.at("2027-02-27T10:00")
    assert not entries(book.account, "renewal_upcoming")
    book.do(Reactivate())
    book.at("2027-02-27T10:01")
    assert [entry.at for entry in entries(book.account, "renewal_upcoming")] == [utc("2027-02-27T10:00")]


def test_R18_a_term_that_is_extended_is_announced_anew() -> None:
    """Its renewal comes on another day."""
    book = Book.open(policy=A_WEEK_BEFORE).at("2027-02-22T10:00")
    book.do(ExtendTerm(days=10))
    book.at("2027-03-03T10:00")
    assert [entry.at for entry in entries(book.account, "renewal_upcoming")] == [
        utc("2027-02-21T10:00"),
        utc("2027-03-03T10:00"),
    ]


def test_R18_a_renewal_that_is_due_already_is_not_upcoming() -> None:
    """No worker ran for a week: the renewal itself is what is told."""
    book = Book.open(policy=A_WEEK_BEFORE)
    book.now = utc("2027-03-01T10:00")
    book.perform(book.fire_due(book.now))
    assert [entry.type for entry in book.account.timeline[-1:]] == ["account.renewed"]
    assert not entries(book.account, "renewal_upcoming")


@pytest.mark.parametrize("days", [0, 28, 1.5, "7"])
def test_R20_days_before_a_renewal_are_whole_and_within_any_month(days: object) -> None:
    """A month has 28 days at the least."""
    with pytest.raises(ValueError, match="renewal_upcoming_days"):
        BillingPolicy.model_validate({"renewal_upcoming_days": days})
