"""R23: the customer at Stripe may be gone (E22)."""

from reprise.statemachine.commands import Close
from reprise.statemachine.effects import RetrieveInvoice
from reprise.statemachine.outcomes import CustomerDeleted, EmailChanged, InvoiceObserved, InvoiceState
from tests.statemachine.book import Book, utc
from tests.statemachine.standings import entries, payment_of


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


def test_R23_the_account_looks_when_its_customer_is_said_to_be_deleted() -> None:
    """In any state but closed; the look registers it anew."""
    book = Book.open()
    looks = book.hinted(customer_deleted=True)
    assert looks == (RetrieveInvoice(payment_key="a1:1", invoice_id=payment_of(book).invoice_id),)
    paid = InvoiceObserved(payment_key="a1:1", invoice=InvoiceState.PAID, customer_id="cus_2", email_refused="Not one.")
    book.perform(book.take(paid, book.now))
    assert book.account.customer_id == "cus_2"
    replaced, email = book.account.timeline[-2:]
    assert (replaced.type, replaced.reason) == (
        "account.customer_replaced",
        "the customer was deleted at Stripe; now cus_2",
    )
    assert (email.type, email.reason) == ("account.email_refused", "Not one.")
    book.do(Close())
    assert book.hinted(customer_deleted=True) == ()


def test_R23_a_closed_account_gets_no_new_customer() -> None:
    """A look that was under way while it was closed."""
    book = Book.open()
    book.do(Close())
    before = book.account
    look = InvoiceObserved(payment_key="a1:1", invoice=InvoiceState.PAID, customer_id="cus_9")
    assert book.take(look, book.now) == ()
    assert book.account == before


def test_R23_a_customer_that_was_made_anew_is_known_though_its_email_was_refused() -> None:
    """What comes next is asked for the new one."""
    book = Book.open()
    book.perform(book.take(EmailChanged(email="x@example.com", refused="no", customer_id="cus_2"), book.now))
    assert (book.account.customer_id, book.account.email) == ("cus_2", "owner@example.com")
    assert len(entries(book.account, "customer_replaced")) == 1
