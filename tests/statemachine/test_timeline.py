"""R17: every change leaves an entry, and says what moved."""

from reprise.statemachine.commands import SetCarts
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
