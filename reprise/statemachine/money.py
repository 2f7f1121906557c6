"""Currencies and amounts: always integers in the currency's minor unit, as Stripe counts it."""

from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field

from reprise.statemachine.frozen import Frozen
from reprise.statemachine.unknown import KeptWhenRead

ZERO_DECIMAL = frozenset("bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf".split())
"""Currencies whose minor unit is the whole (docs.stripe.com/currencies#zero-decimal)."""

THREE_DECIMAL = frozenset("bhd jod kwd omr tnd".split())
"""Currencies with thousandths; Stripe wants the last digit 0 (docs.stripe.com/currencies#three-decimal)."""

WHOLE_UNITS = frozenset({"isk", "ugx"})
"""Currencies that Stripe counts with two decimals but charges in whole units only
(docs.stripe.com/currencies#special-cases)."""

_TWO_DECIMAL = frozenset(
    """
    aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bmd bnd bob brl bsd bwp byn bzd cad cdf chf cny
    cop crc cve czk dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gtq gyd hkd hnl htg huf idr ils inr isk
    jmd kes kgs khr kyd kzt lak lbp lkr lrd lsl mad mdl mkd mmk mnt mop mur mvr mwk mxn myr mzn nad ngn nio
    nok npr nzd pab pen pgk php pkr pln qar ron rsd rub sar sbd scr sek sgd shp sle sos srd std szl thb tjs
    top try ttd twd tzs uah ugx usd uyu uzs wst xcd yer zar zmw
    """.split()
)

CURRENCIES = ZERO_DECIMAL | THREE_DECIMAL | _TWO_DECIMAL

MINIMUMS = {
    "aed": 200, "aud": 50, "bgn": 100, "brl": 50, "cad": 50, "chf": 50, "czk": 1500, "dkk": 250, "eur": 50, "gbp": 30,
    "hkd": 400, "huf": 17500, "inr": 50, "jpy": 50, "mxn": 1000, "myr": 200, "nok": 300, "nzd": 50, "pln": 200,
    "ron": 200, "sek": 300, "sgd": 50, "thb": 1000, "usd": 50,
}  # fmt: skip
"""The smallest amounts that Stripe charges, where it names one (docs.stripe.com/currencies#minimum-and-maximum-charge-
amounts). Elsewhere the minimum is that of the settlement currency after conversion, which cannot be known here."""

_MAX, _MAX_IDR = 99_999_999, 999_999_999_999

MAX_AMOUNT = _MAX_IDR
"""More than this Stripe charges at once in no currency."""


def most(currency: str) -> int:
    """Return the largest amount that Stripe charges at once: eight digits, twelve in rupiah
    (docs.stripe.com/currencies#minimum-and-maximum-charge-amounts).
    """  # noqa: D205 - the source belongs to the fact
    return _MAX_IDR if currency == "idr" else _MAX


def least(currency: str) -> int:
    """Return the smallest amount above 0 that Stripe charges, as far as it is known."""
    return MINIMUMS.get(currency, 1)


def step(currency: str) -> int:
    """Return what a price in `currency` must be a multiple of, in minor units."""
    if currency in WHOLE_UNITS:
        return 100
    return 10 if currency in THREE_DECIMAL else 1


def decimals(currency: str) -> int:
    """Return how many decimal places the minor unit of `currency` stands for: 0, 2 or 3."""
    if currency in ZERO_DECIMAL:
        return 0
    return 3 if currency in THREE_DECIMAL else 2


def formatted(amount: int, currency: str) -> str:
    """Return an amount in minor units as plain text with its code: `75.00 USD`, `2000 JPY`."""
    places = decimals(currency)
    sign, digits = ("-" if amount < 0 else ""), str(abs(amount)).zfill(places + 1)
    number = f"{digits[:-places]}.{digits[-places:]}" if places else digits
    return f"{sign}{number} {currency.upper()}"


def _known(currency: str) -> str:
    if currency not in CURRENCIES:
        raise ValueError(f"{currency[:20]!r} is not a currency that Stripe charges in, such as 'usd'")
    return currency


Currency = Annotated[
    str,
    BeforeValidator(lambda code: code.lower() if isinstance(code, str) else code),
    AfterValidator(_known),
    KeptWhenRead,
    Field(json_schema_extra={"enum": sorted(CURRENCIES)}),
]
"""A three-letter ISO 4217 code, kept in lower case as Stripe writes it."""

Amount = Annotated[int, Field(strict=True, ge=0, le=MAX_AMOUNT)]
"""An amount of money in minor units."""

CartCount = Annotated[int, Field(strict=True, ge=0, le=10_000)]
"""How many carts an account has (R1: 0 to 10 000)."""


class Plan(Frozen):
    """What one cart costs a month."""

    model_config = ConfigDict(extra="forbid")

    currency: Currency
    unit_amount: Annotated[Amount, Field(description="Price of one cart and month, in minor units.")]
