"""R3, R20: what is taken from Stripe's documents, beside what they and its library say."""

import re
from typing import get_args

import pytest
from stripe.params import SubscriptionCancelParamsCancellationDetails

from reprise.statemachine.commands import Feedback
from reprise.statemachine.money import CURRENCIES, decimals, formatted, least, step

LEAST = """
    USD 0.50, AED 2.00, AUD 0.50, BGN 1.00, BRL 0.50, CAD 0.50, CHF 0.50, CZK 15.00, DKK 2.50, EUR 0.50, GBP 0.30,
    HKD 4.00, HUF 175.00, INR 0.50, JPY 50, MXN 10.00, MYR 2.00, NOK 3.00, NZD 0.50, PLN 2.00, RON 2.00, SEK 3.00,
    SGD 0.50, THB 10.00
"""
"""docs.stripe.com/currencies#minimum-and-maximum-charge-amounts"""

ZERO_DECIMAL = "BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF".split()
THREE_DECIMAL = "BHD JOD KWD OMR TND".split()
"""docs.stripe.com/currencies#zero-decimal and #three-decimal"""


def test_R20_the_smallest_charges_are_those_that_stripe_names() -> None:
    """In its own words: amounts in major units. Where it names none, one minor unit."""
    named = dict(each.split() for each in LEAST.replace("\n", " ").split(","))
    for currency in CURRENCIES:
        amount = formatted(least(currency), currency).split()[0]
        assert amount == named.get(currency.upper(), formatted(1, currency).split()[0]), currency
    assert set(named) <= {each.upper() for each in CURRENCIES}


@pytest.mark.parametrize("currency", sorted(CURRENCIES))
def test_R20_decimals_are_those_that_stripe_says(currency: str) -> None:
    """Kronur and shillings have decimals that must be zero; of dinars the last digit must be."""
    code = currency.upper()
    assert decimals(currency) == (0 if code in ZERO_DECIMAL else 3 if code in THREE_DECIMAL else 2)
    assert step(currency) == (100 if code in {"ISK", "UGX"} else 10 if code in THREE_DECIMAL else 1)


def test_R3_what_leavers_may_choose_is_stripes_list() -> None:
    """The same words, so that a survey of both can be read as one."""
    theirs = SubscriptionCancelParamsCancellationDetails.__annotations__["feedback"]
    assert set(get_args(Feedback)) == set(re.findall(r"'([a-z_]+)'", str(theirs)))
