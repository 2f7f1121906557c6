"""R6, R7, R8, R12: quotes are exact, and a payment's key is given once."""

from hypothesis import given
from hypothesis import strategies as st

from reprise.statemachine.money import CURRENCIES, Plan, decimals, formatted
from reprise.statemachine.payments import payment_key
from reprise.statemachine.quotes import Debt, upfront_quote
from reprise.statemachine.terms import nth_term
from tests.statemachine.book import Book, utc

TERM = nth_term(utc("2027-01-31T10:00"), 0, "UTC")
plans = st.builds(Plan, currency=st.sampled_from(sorted(CURRENCIES)), unit_amount=st.integers(0, 9_000))


@given(plan=plans, carts=st.integers(0, 10_000), owed=st.integers(0, 10_000), other=st.booleans())
def test_R7_a_quote_is_the_sum_of_its_lines_and_of_nothing_else(plan: Plan, carts: int, owed: int, other: bool) -> None:
    """Carts × unit amount, and a debt in the same currency as a line of its own."""
    currency = "eur" if other and plan.currency != "eur" else plan.currency
    debt = Debt(amount=owed, currency=currency, term=TERM)
    quote = upfront_quote(plan, carts, TERM, (debt,))
    counted = owed if currency == plan.currency else 0
    assert quote.amount_due == carts * plan.unit_amount + counted
    assert quote.amount_due == sum(line.amount for line in quote.lines)
    assert all(line.amount == line.quantity * line.unit_amount for line in quote.lines)
    assert (quote.carts, quote.unit_amount, quote.currency, quote.term) == (
        carts,
        plan.unit_amount,
        plan.currency,
        TERM,
    )


def test_R12_a_quote_tells_its_debts_from_the_month() -> None:
    """By the term that a line is for."""
    debt = Debt(amount=4_000, currency="usd", term=nth_term(utc("2027-01-31T10:00"), 1, "UTC"))
    quote = upfront_quote(Plan(currency="usd", unit_amount=2_500), 3, TERM, (debt,))
    assert [(line.amount, line.period) for line in quote.debts] == [(4_000, debt.term)]
    assert (quote.amount_due, quote.for_term) == (11_500, 7_500)


@given(account=st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", fullmatch=True), n=st.integers(1, 10**6))
def test_R8_a_key_says_whose_payment_it_is_and_which(account: str, n: int) -> None:
    """No two payments share one."""
    key = payment_key(account, n)
    assert key.rsplit(":", 1) == [account, str(n)]
    assert key != payment_key(account, n + 1)


def test_R8_keys_count_the_accounts_payments() -> None:
    """First month, three renewals: 1 to 4."""
    book = Book.open().at("2027-05-01T10:00")
    assert [key for key, _ in book.charges] == ["a1:1", "a1:2", "a1:3", "a1:4"]


@given(amount=st.integers(-(10**9), 10**9), currency=st.sampled_from(sorted(CURRENCIES)))
def test_money_is_never_shown_wrong(amount: int, currency: str) -> None:
    """Read back, the text is the amount: yen have no decimals, dinars three."""
    number, code = formatted(amount, currency).split(" ")
    assert code == currency.upper()
    assert int(number.replace(".", "")) == amount
    assert len(number.partition(".")[2]) == decimals(currency)
