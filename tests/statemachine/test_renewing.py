"""R5: what happens when a term ends."""

from typing import Any

import pytest

from reprise.statemachine.money import Plan
from reprise.statemachine.terms import Term
from tests.statemachine.book import Book, utc
from tests.statemachine.standings import cancelled


@pytest.mark.parametrize(
    "free", [{"carts": 0}, {"plan": Plan(currency="usd", unit_amount=0)}], ids=["no-carts", "free-plan"]
)
def test_R5_a_term_of_nothing_renews_without_an_invoice(free: dict[str, Any]) -> None:
    """Active from the start, renewed for ever, nothing invoiced."""
    book = Book.open(**free).at("2027-06-15T10:00")
    assert (book.state, book.invoices) == ("active", {})
    assert book.account.term == Term(start=utc("2027-05-31T10:00"), end=utc("2027-06-30T10:00"))


def test_R5_R16_a_worker_that_comes_a_day_late_disables_and_access_had_ended_with_the_term() -> None:
    """Nobody settled the term's end until 1 March: `AccessUntil` said no since 28 February, and the state follows."""
    book = cancelled()
    assert book.access_until == utc("2027-02-28T10:00")
    book.perform(book.fire_due(utc("2027-03-01T10:00")))
    assert (book.state, book.account.disabled_reason, book.charged) == ("disabled", "cancelled", [7500])
