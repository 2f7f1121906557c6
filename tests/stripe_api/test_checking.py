"""R8, E16: which invoices are for their quote, and what is said of those that are not."""

from typing import Any

import pytest
import stripe

from reprise.stripe_api.checking import Wrong, check
from tests.stripe_api.one_invoice import PAYMENT, invoice, line


def checked(lines: list[dict[str, Any]], **changes: Any) -> Wrong | None:
    """Check an invoice, and its lines, against the quote of three carts for 25.00 USD each."""
    seen = stripe.Invoice.construct_from(invoice(**changes), None)
    return check(seen, [stripe.InvoiceLineItem.construct_from(each, None) for each in lines], PAYMENT)


@pytest.mark.parametrize(
    ("lines", "changes", "reason"),
    [
        ([line()], {"total": 7499}, "Invoice in_1 comes to 7499 usd, but the quote of payment shop:1 to 7500 usd."),
        ([line()], {"currency": "eur"}, "Invoice in_1 comes to 7500 eur, but the quote of payment shop:1 to 7500 usd."),
        ([], {}, "Invoice in_1 has 0 lines instead of 1."),
        ([line(), line(amount=0)], {}, "Invoice in_1 has 2 lines instead of 1."),
        ([line(metadata={})], {}, "Invoice in_1 lacks line 0 of its quote."),
        ([line(metadata={"line": "1"})], {}, "Invoice in_1 lacks line 0 of its quote."),
        ([line(quantity=1)], {}, "Line 0 of invoice in_1 is 1 for 7500 usd instead of 3 for 7500 usd."),
        ([line(amount=2500)], {}, "Line 0 of invoice in_1 is 3 for 2500 usd instead of 3 for 7500 usd."),
        ([line(currency="eur")], {}, "Line 0 of invoice in_1 is 3 for 7500 eur instead of 3 for 7500 usd."),
    ],
)
def test_R8_an_invoice_that_is_not_for_its_quote_is_spoilt(
    lines: list[dict[str, Any]], changes: dict[str, Any], reason: str
) -> None:
    """Another one in its place would be right; operators hear what is wrong with it."""
    wrong = checked(lines, **changes)
    assert wrong is not None
    assert wrong.spoilt
    assert wrong.reason.startswith(f"{reason} Nothing was charged.")


@pytest.mark.parametrize(
    ("balance", "due"),
    [
        (0, 7500), (-1, 7499), (-2000, 5500), (-7450, 50), (-7500, 0), (-10000, 0),
        (-2000, 7500),  # a credit that Stripe leaves alone
        (2000, 7500),
    ],
)  # fmt: skip
def test_E16_a_credit_may_pay_a_part_or_all(balance: int, due: int) -> None:
    """The rest is what Stripe charges at least, or nothing."""
    assert checked([line()], starting_balance=balance, amount_due=due) is None


@pytest.mark.parametrize(
    ("balance", "due", "reason"),
    [
        (1, 7501, "owes 0.01 USD on their Stripe balance, so that 75.01 USD would be charged instead of 75.00 USD"),
        (
            -7451,
            49,
            "Of payment shop:1, 75.00 USD, the customer's credit pays 74.51 USD, and the rest is less than the",
        ),
        (-7499, 1, "Of payment shop:1, 75.00 USD, the customer's credit pays 74.99 USD, and the rest is less than the"),
        (-2000, 5000, "the customer's credit pays 20.00 USD"),
        (0, 5000, "the customer's credit pays 0.00 USD"),
    ],
)
def test_E16_what_is_due_beside_the_quote_stops_it(balance: int, due: int, reason: str) -> None:
    """More than quoted, less than can be charged, or a part that no credit pays: another invoice would be no better."""
    wrong = checked([line()], starting_balance=balance, amount_due=due)
    assert wrong is not None
    assert not wrong.spoilt
    assert reason in wrong.reason
