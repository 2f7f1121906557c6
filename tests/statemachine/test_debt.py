"""R12: what was not paid before."""

from reprise.statemachine.commands import Cancel, Disable, Enable, ExtendTerm, Reactivate, SetCarts
from reprise.statemachine.money import Plan
from reprise.statemachine.outcomes import Declined, EarlierPayment, InvoiceObserved, InvoiceState, InvoiceVoided
from reprise.statemachine.policy import BillingPolicy
from reprise.statemachine.quotes import Debt
from reprise.statemachine.terms import Term
from tests.statemachine.book import Book, utc
from tests.statemachine.standings import MARCH, found_by_hint, invoice, lapsed, past_due, payment_of


def test_R12_old_debt_is_forgotten_or_a_line_of_its_own() -> None:
    """By policy; either way the old invoice is void."""
    for debt, amount in (("void", 7500), ("collect", 15000)):
        book = Book.open(policy=BillingPolicy(debt=debt)).at("2027-02-20T10:00")
        book.card = "generic_decline"
        book.at("2027-03-07T10:00")
        assert (book.state, book.invoices["a1:2"]) == ("disabled", "void")
        assert book.quote(book.now).amount_due == amount
        book.card = "good"
        book.do(Reactivate(expected_amount=amount))
        assert book.charged == [7500, amount]
        assert book.account.debt is None


def test_R12_a_debt_stays_until_it_is_paid() -> None:
    """Back for free within an extended term, and renewed since: the old renewal is still owed."""
    book = Book.open(policy=BillingPolicy(debt="collect")).at("2027-02-20T10:00")
    book.card = "generic_decline"
    book.at("2027-03-07T10:00")
    book.card = "good"
    book.do(ExtendTerm(days=10))
    book.do(Reactivate(expected_amount=0))
    assert book.at("2027-03-20T10:00").charged == [7500, 7500]
    book.do(Cancel())
    book.at("2027-05-01T10:00")
    book.do(Reactivate(expected_amount=15000))
    assert book.charged == [7500, 7500, 15000]
    assert book.account.debt is None


def test_R12_R20_a_debt_that_makes_the_sum_more_than_stripe_charges_stays_owed() -> None:
    """The month alone is quoted, and can be paid; the debt stands on a later quote that it fits."""
    most = Plan(currency="usd", unit_amount=99_999_999)
    book = Book.open(plan=most, carts=1, policy=BillingPolicy(debt="collect")).at("2027-02-20T10:00")
    book.card = "generic_decline"
    book.at("2027-03-07T10:00")
    book.card = "good"
    book.do(Reactivate(expected_amount=99_999_999))
    assert book.state == "reactivated"
    book.do(SetCarts(carts=0))
    book.do(Cancel())
    assert book.quote(utc("2027-05-01T10:00")).amount_due == 99_999_999


def test_R12_a_debt_is_paid_with_its_own_invoice_too() -> None:
    """Given up, and paid by hand before the invoice could be voided."""
    book = Book.open(policy=BillingPolicy(debt="collect")).at("2027-02-20T10:00")
    book.card = "generic_decline"
    book.at("2027-03-07T09:00")
    deadline = book.deadline
    assert deadline is not None
    book.now = deadline.at
    failed = book._answer(book.take(deadline, book.now)[0])  # type: ignore[arg-type]
    book.pay_by_hand()
    book.perform(book.take(failed, book.now))
    assert (book.state, book.account.debt, book.charged) == ("active", None, [7500, 7500])


def test_R12_every_unpaid_renewal_is_kept_and_collected() -> None:
    """Two of them: each a line of its own; paid once, they are gone."""
    book = past_due(policy=BillingPolicy(debt="collect")).at("2027-03-08T10:00")
    book.card = "good"
    assert [debt.amount for debt in book.account.debts] == [7500]
    book.do(SetCarts(carts=2))
    book.do(Reactivate(expected_amount=12500))
    book.replace_card("generic_decline")
    book.at("2027-04-16T10:00")
    assert [debt.amount for debt in book.account.debts] == [5000]
    book.do(Enable()) if book.account.hold else None
    quote = book.quote(book.now)
    assert [line.amount for line in quote.lines] == [5000, 5000]


def test_R12_a_second_debt_does_not_overwrite_the_first() -> None:
    """Row 15: the first cannot stand on the quote (another currency) and stays owed."""
    book = past_due(policy=BillingPolicy(debt="collect"))
    first = book.at("2027-03-08T10:00").account.debts
    book.found = [invoice("a1:9")]
    book.hint("a1:9")
    book.do(Reactivate(expected_amount=0))
    book.card = "generic_decline"
    book.at("2027-04-16T10:00")
    assert len(book.account.debts) == 2
    assert book.account.debts[0] == first[0]


def test_R12_a_debt_is_owed_once() -> None:
    """Disabled in past_due and then given up: the same unpaid month."""
    book = Book.open(policy=BillingPolicy(debt="collect")).at("2027-02-20T10:00")
    book.replace_card("generic_decline")
    book.at("2027-02-28T10:00")
    book.do(Disable(reason="a check"))
    assert len(book.account.debts) == 1
    book.do(Enable())
    assert book.state == "past_due"
    book.do(Cancel())
    assert [each.amount for each in book.account.debts] == [7500]


def test_R12_an_earlier_payment_in_a_renewals_place_leaves_none_of_its_invoices_to_be_paid() -> None:
    """The retry found the month paid; the open invoice is void."""
    book = past_due()
    book.now = utc("2027-03-01T10:00")
    book.fire_due(book.now)
    book.perform(book.take(EarlierPayment(payment_key="a1:2", found=invoice("a1:1b", period=MARCH)), book.now))
    assert (book.state, book.account.term, book.invoices["a1:2"]) == ("active", MARCH, "void")


def test_R12_a_renewal_that_was_found_paid_is_not_owed() -> None:
    """Whatever the record says of its term."""
    book = past_due(policy=BillingPolicy(debt="collect"))
    other = Term(start=utc("2026-12-31T10:00"), end=utc("2027-01-31T10:00"))
    owed = tuple(Debt(amount=7500, currency="usd", term=term) for term in (MARCH, other))
    book.account = book.account.model_copy(update={"debt": owed[0], "further_debts": owed[1:]})
    found_by_hint(book, invoice("a1:1b", period=MARCH))
    assert (book.state, book.account.debts) == ("active", owed[1:])


def test_R12_R28_only_a_renewal_is_owed() -> None:
    """By edition 1, a void that came too late made a return that was declined a debit of an account in service."""
    book = lapsed(edition=1, policy=BillingPolicy(debt="collect"))
    book.take(Reactivate(), book.now)
    book.take(Declined(payment_key="a1:2", code="generic_decline"), book.now)
    book.take(InvoiceObserved(payment_key=None, invoice=InvoiceState.MISSING, found=(invoice("a1:9"),)), book.now)
    book.do(Reactivate(expected_amount=0))
    book.take(InvoiceVoided(payment_key="a1:2", invoice=InvoiceState.PROCESSING), book.now)
    book.take(InvoiceObserved(payment_key="a1:2", invoice=InvoiceState.OPEN), book.now)
    assert (book.state, payment_of(book).purpose) == ("past_due", "reactivation")
    book.do(Cancel())
    assert (book.state, book.account.debts) == ("disabled", ())
