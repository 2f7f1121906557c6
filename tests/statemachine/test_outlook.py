"""What is told of the future is what the core then does: charges, retries, and until when there is access."""

from datetime import timedelta

from reprise.statemachine.access import access_until
from reprise.statemachine.commands import Cancel, Reactivate, SetCarts
from reprise.statemachine.outcomes import RefundObserved
from reprise.statemachine.outlook import coming_charges, outlook
from reprise.statemachine.policy import BillingPolicy
from tests.statemachine.book import Book, utc
from tests.statemachine.standings import collecting_the_renewal, found_by_hint, invoice, lapsed, past_due


def test_R5_the_charges_that_are_told_are_those_that_come() -> None:
    """Anchored on the 31st: the next three, by day and sum, and nothing of the record has changed by asking."""
    book = Book.open()
    book.do(SetCarts(carts=5))
    before = book.account
    told = coming_charges(book.account, 3)
    assert book.account == before
    assert [each.at for each in told] == [utc("2027-02-28T10:00"), utc("2027-03-31T10:00"), utc("2027-04-30T10:00")]
    assert outlook(book.account, book.now).charges == told
    book.at("2027-04-30T10:00")
    assert book.charged[1:] == [each.quote.amount_due for each in told] == [12500] * 3


def test_R5_nothing_is_told_of_what_is_not_charged() -> None:
    """Cancelled, out of service, without carts, past due, or while a payment is open."""
    book = Book.open()
    book.do(Cancel())
    assert coming_charges(book.account, 3) == ()
    book.at("2027-03-05T00:00")
    assert coming_charges(book.account, 3) == ()
    book.card = "authentication"
    book.do(Reactivate())
    assert coming_charges(book.account, 3) == ()
    for other in (Book.open(carts=0), past_due(), collecting_the_renewal(), Book.open(card="processing")):
        assert coming_charges(other.account, 3) == ()
    clearing = Book.open()
    clearing.card = "processing"
    clearing.at("2027-02-28T10:00")
    assert (clearing.state, coming_charges(clearing.account, 3)) == ("active", ())


def test_R5_R18_charges_are_told_before_the_renewal_is_announced() -> None:
    """That it will be is nothing that the payer pays; a void that is owed neither."""
    announcing = Book.open(policy=BillingPolicy(renewal_upcoming_days=7))
    assert coming_charges(announcing.account, 3) == coming_charges(Book.open().account, 3)
    book = Book.open(card="authentication")
    book.voids_are_refused = True
    book.do(Cancel())
    book.card = "good"
    book.do(Reactivate())
    assert book.account.voids_owed
    assert len(coming_charges(book.account, 3)) == 3


def test_R9_R16_retries_and_the_end_of_access() -> None:
    """E7: the tries that are left, the last of them being where access ends; each is then made."""
    book = Book.open()
    book.card = "insufficient_funds"
    book.at("2027-02-28T10:00")
    told = outlook(book.account, book.now)
    assert told.retries == tuple(utc(f"2027-03-0{day}T10:00") for day in (1, 3, 5, 7))
    assert told.access_until == access_until(book.account) == told.retries[-1]
    book.at("2027-03-03T12:00")
    assert outlook(book.account, book.now).retries == tuple(utc(f"2027-03-0{day}T10:00") for day in (5, 7))


def test_R9_a_card_that_is_not_asked_again_has_no_retries() -> None:
    """E19."""
    book = Book.open()
    book.card = "lost_card"
    book.at("2027-02-28T10:00")
    assert outlook(book.account, book.now).retries == ()


def test_R9_what_stops_for_our_fault_is_tried_next_in_an_hour() -> None:
    """Also a first payment; not once it is given up, nor while a debit clears, nor where there is no payment."""
    assert outlook(Book.open(card="stopped").account, utc("2027-01-31T10:30")).retries == (utc("2027-01-31T11:00"),)
    book = past_due("stopped").at("2027-02-28T11:30")
    assert outlook(book.account, book.now).retries == (utc("2027-02-28T12:00"),)
    book.at("2027-03-20T10:00")
    elsewhere = Book.open(paid_through=utc("2027-02-28T10:00"))
    for other in (book, Book.open(card="authentication"), past_due("processing"), elsewhere):
        assert outlook(other.account, other.now).retries == ()


def test_R11_what_an_older_entry_does_not_say_is_not_made_up() -> None:
    """0.1.0 wrote no carts with what was paid: the opening does. Without a term nothing is paid for."""
    book = Book.open(carts=4)
    book.do(SetCarts(carts=5))
    opened, *later = book.account.timeline
    old = tuple(each.model_copy(update={"carts": None}) for each in later)
    paid = outlook(book.account.model_copy(update={"timeline": (opened, *old)}), book.now).paid_for
    assert paid is not None
    assert paid.carts == 4
    assert outlook(Book.open(card="generic_decline").account, book.now).paid_for is None


def test_R22_money_that_buys_nothing_changes_nothing_of_what_is_paid_for() -> None:
    """It is the last payment all the same; sums of what comes, fails or goes back are none."""
    book = Book.open(policy=BillingPolicy(renewal_upcoming_days=7)).at("2027-02-22T10:00")
    book.refunds["re_1"] = RefundObserved(
        object_id="re_1", kind="refund", ours=True, status="ok", amount=5, currency="usd"
    )
    book.hint(refund_id="re_1")
    book.do(Cancel(when="now"))
    book.do(Reactivate())
    told = outlook(book.account, book.now)
    assert told.last_payment is not None
    assert (told.last_payment.type, told.just_paid) == ("account.activated", None)
    found_by_hint(book, invoice("a1:9").model_copy(update={"quantity": 8, "unit_amount": 100}))
    told = outlook(book.account, book.now)
    assert told.last_payment is not None
    assert told.paid_for is not None
    assert (told.last_payment.type, told.paid_for.carts) == ("account.payment_received", 3)
    elsewhere = Book.open(paid_through=utc("2027-02-28T10:00"))
    assert outlook(elsewhere.account, elsewhere.now).just_paid is None


def test_R11_what_is_paid_for_is_what_was_bought() -> None:
    """Not what a change of carts makes of it, coming back for nothing, or the news of a renewal; that buys anew."""
    book = Book.open(policy=BillingPolicy(renewal_upcoming_days=1))
    book.do(SetCarts(carts=7))
    book.do(Cancel(when="now"))
    book.do(Reactivate())
    paid = outlook(book.account, book.now).paid_for
    assert paid is not None
    assert (paid.carts, paid.unit_amount, paid.currency) == (3, 2500, "usd")
    book.at("2027-02-27T10:00")
    assert book.account.timeline[-1].type == "account.renewal_upcoming"
    assert outlook(book.account, book.now).paid_for == paid
    book.at("2027-02-28T10:00")
    renewed = outlook(book.account, book.now).paid_for
    assert renewed is not None
    assert renewed.carts == 7
    back = lapsed()
    back.do(SetCarts(carts=5))
    back.do(Reactivate())
    bought = outlook(back.account, back.now).paid_for
    assert bought is not None
    assert bought.carts == 5


def test_R12_a_renewal_that_failed_for_good() -> None:
    """Its due day; owed only under `debt: collect`. A return that was declined after it is another matter."""
    for debt, owed in (("void", False), ("collect", True)):
        book = Book.open(policy=BillingPolicy.model_validate({"debt": debt}))
        book.card = "insufficient_funds"
        book.at("2027-03-08T00:00")
        told = outlook(book.account, book.now)
        assert (told.failed_renewal, told.owes) == (utc("2027-02-28T10:00"), owed)
        book.do(Reactivate())
        assert outlook(book.account, book.now).failed_renewal is None
    paid_late = past_due()
    paid_late.voids_are_refused = True
    paid_late.at("2027-03-08T00:00").pay_by_hand()
    paid_late.hint("a1:2")
    assert paid_late.account.disabled_reason == "payment_failed"
    assert outlook(paid_late.account, paid_late.now).failed_renewal is None
    left = past_due()
    assert outlook(left.account, left.now).failed_renewal is None
    left.do(Cancel())
    assert outlook(left.account, left.now).failed_renewal is None


def test_R8_a_payment_is_news_for_a_day() -> None:
    """Then it is the last payment, no more."""
    book = Book.open()
    assert outlook(book.account, book.now + timedelta(hours=23)).just_paid is not None
    later = outlook(book.account, book.now + timedelta(hours=24))
    assert later.just_paid is None
    assert later.last_payment is not None
    assert later.last_payment.amount == 7500


def test_R12_the_lines_of_a_quote_are_told_apart() -> None:
    """The month to come, and what renewals left unpaid."""
    book = Book.open(policy=BillingPolicy(debt="collect"))
    book.card = "insufficient_funds"
    book.at("2027-03-10T00:00")
    quote = book.quote(book.now)
    assert (quote.amount_due, quote.for_term, [each.amount for each in quote.debts]) == (15000, 7500, [7500])
