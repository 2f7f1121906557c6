"""What sums Stripe takes, by currency (docs.stripe.com/currencies#minimum-and-maximum-charge-amounts)."""

from reprise.stripe_sandbox.errors import invalid

MINIMUM = {
    "usd": 50,
    "aed": 200,
    "aud": 50,
    "bgn": 100,
    "brl": 50,
    "cad": 50,
    "chf": 50,
    "czk": 1500,
    "dkk": 250,
    "eur": 50,
    "gbp": 30,
    "hkd": 400,
    "huf": 17500,
    "inr": 50,
    "jpy": 50,
    "mxn": 1000,
    "myr": 200,
    "nok": 300,
    "nzd": 50,
    "pln": 200,
    "ron": 200,
    "sek": 300,
    "sgd": 50,
    "thb": 1000,
}
"""The least that can be charged (docs.stripe.com/currencies#minimum-and-maximum-charge-amounts).

In other currencies it depends on the day's rate to the currency of settlement; the sandbox has none for those.
"""

WHOLE_UNITS_ONLY = frozenset({"isk", "ugx"})
"""Two decimals that must be 00, for backwards compatibility (docs.stripe.com/currencies#special-cases)."""

_DIGITS = {"idr": 12}
_USUAL_DIGITS = 8


def minimum(currency: str) -> int:
    """Return the least sum that can be charged, in the currency's minor unit."""
    return MINIMUM.get(currency, 1)


def maximum(currency: str) -> int:
    """Return the largest sum: eight digits (`PaymentIntent.amount`), in Indonesian rupiah twelve."""
    return int(10 ** _DIGITS.get(currency, _USUAL_DIGITS)) - 1


def check_chargeable(amount: int, currency: str) -> None:
    """Refuse fractions of currencies that have none.

    Raises:
        StripeFailure: 400, in Stripe's words (woocommerce-gateway-stripe 2674).
    """
    if currency in WHOLE_UNITS_ONLY and amount % 100:
        raise invalid(
            f"Invalid amount. Currency {currency.upper()} has become effectively zero-decimal and charged amounts must"
            " be evenly divisible by 100. See https://docs.stripe.com/currencies#zero-decimal for more information.",
            param="amount",
        )
