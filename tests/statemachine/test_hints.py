"""R15: hints make the account poll Stripe, and decide nothing."""

from reprise.statemachine.outcomes import InvoiceState, InvoiceVoided, Paid
from tests.statemachine.book import Book
from tests.statemachine.standings import cancelled, collecting_the_renewal, lapsed, past_due, waiting


def test_R15_hints_never_decide() -> None:
    """In every state: a hint alone changes nothing; an answer about an old payment neither."""
    for book in (Book.open(), cancelled(), past_due(), lapsed(), waiting()):
        before = book.account.model_copy(update={"payment": None})
        book.card = "generic_decline" if book.state == "past_due" else book.card
        book.hint()
        book.take(Paid(payment_key="a1:99"), book.now)
        book.take(InvoiceVoided(payment_key="a1:1", invoice=InvoiceState.PAID), book.now)
        assert book.account.model_copy(update={"payment": None}) == before


def test_R15_a_hint_while_an_attempt_is_under_way_is_left_to_it() -> None:
    """The attempt sees what the hint is about; so does a first customer that is still to be registered."""
    book = collecting_the_renewal()
    assert book.hinted("a1:2") == ()
    assert Book.open(key_is_wrong=True).hinted("a1:1") == ()
