"""What a reader sees in their own way: words in their language, amounts, days and zones as they are written there."""

import copy
import re
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from gettext import NullTranslations
from typing import Any

from babel import Locale, UnknownLocaleError
from babel.dates import format_skeleton, format_time, get_timezone_location
from babel.numbers import format_decimal
from markupsafe import Markup, escape

from reprise.portal.languages import FALLBACK as LANGUAGE
from reprise.portal.languages import is_written_in, texts_of
from reprise.schemas.payment_methods import PaymentMethodView
from reprise.statemachine.money import decimals
from reprise.statemachine.terms import zone_of

FALLBACK = Locale(LANGUAGE)

_CODE_AT_NUMBER = re.compile(r"([A-Z])(?=\d)")
"""CLDR sets a code apart from its number; Babel's pattern is the one for symbols."""

_CHOICE = re.compile(r"\s*([A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*)\s*(?:;\s*q=([01](?:\.\d{0,3})?))?\s*")

_UTC = re.compile(r"UTC|UCT|GMT|Zulu|Greenwich|Universal|Etc/.*")
"""Zones that no place goes by."""

_BRANDS = {
    "visa": "Visa",
    "mastercard": "Mastercard",
    "amex": "American Express",
    "diners": "Diners Club",
    "discover": "Discover",
    "jcb": "JCB",
    "unionpay": "UnionPay",
    "cartes_bancaires": "Cartes Bancaires",
    "eftpos_au": "eftpos",
}
"""Brands by Stripe's names (docs.stripe.com/api/payment_methods/object#payment_method_object-card-brand)."""


def locale_of(accept_language: str) -> Locale:
    """Return the best locale for an `Accept-Language` header that the pages are written in; English where none is."""
    choices = map(_CHOICE.fullmatch, accept_language[:500].split(","))
    wanted = [(float(match[2] or 1), match[1]) for match in choices if match]
    for quality, tag in sorted(wanted, key=lambda each: -each[0]):
        parts = tag.split("-")
        for length in range(len(parts), 0, -1):
            try:
                locale = Locale.parse("-".join(parts[:length]), sep="-")
            except (UnknownLocaleError, ValueError):
                continue
            if quality > 0 and is_written_in(locale):
                return locale
    return FALLBACK


@dataclass(frozen=True)
class LocalFormat:
    """How one reader has words, amounts and instants written: all of a page in one language."""

    locale: Locale
    now: datetime | None = None
    """When it is read: days of the same year are written without it. None: years are always written."""

    def at(self, now: datetime | None) -> "LocalFormat":
        """Return the same for somebody who reads at `now`."""
        return replace(self, now=now)

    # ------------------------------------------------------------------ words

    @cached_property
    def _texts(self) -> NullTranslations:
        return texts_of(self.locale)

    @property
    def language(self) -> str:
        """The page's language, as HTML names it."""
        return str(self.locale).replace("_", "-")

    @property
    def direction(self) -> str:
        """`ltr` or `rtl`."""
        return self.locale.text_direction

    def text(self, message: str, **parts: Any) -> str:
        """Return a message in the reader's language, with its `%(parts)s`.

        A day that is written short may end in a full stop, as in German: that one ends the sentence, too.
        """
        said = self._texts.gettext(message)
        return (said % parts).replace("..", ".") if parts else said

    def count(self, one: str, many: str, n: int, **parts: Any) -> str:
        """Return a message about `n` things, which `%(n)s` writes."""
        return self._texts.ngettext(one, many, n) % {"n": self.number(n), **parts}

    def markup(self, message: str, **parts: Any) -> Markup:
        """Return a message for a page: parts that are no markup are escaped, and so is the message."""
        said = escape(self._texts.gettext(message))
        return said % parts if parts else said

    # ------------------------------------------------------------------ amounts

    def money(self, amount: int, currency: str) -> str:
        """Return an amount in minor units: `$75.00`, `¥2,000`; with exactly the currency's decimals at Stripe."""
        places = decimals(currency)
        pattern = copy.copy(self.locale.currency_formats["standard"])
        pattern.frac_prec = (places, places)
        value = Decimal(amount).scaleb(-places)
        written = str(pattern.apply(value, self.locale, currency=currency.upper(), currency_digits=False))
        return _CODE_AT_NUMBER.sub("\\1\N{NO-BREAK SPACE}", written)

    def number(self, count: int) -> str:
        """Return a count."""
        return format_decimal(count, locale=self.locale)

    def carts(self, count: int) -> str:
        """Return a number of carts with its noun."""
        return self.count("%(n)s cart", "%(n)s carts", count)

    # ------------------------------------------------------------------ instants

    def date(self, at: datetime, zone: str) -> str:
        """Return the day in a zone: `Feb 28, 2027`; `Feb 28` for who reads it in that year."""
        tzinfo = zone_of(zone)
        this_year = self.now is not None and self.now.astimezone(tzinfo).year == at.astimezone(tzinfo).year
        return str(format_skeleton("MMMd" if this_year else "yMMMd", at, tzinfo=tzinfo, locale=self.locale))

    def moment(self, at: datetime, zone: str) -> str:
        """Return the day, the time and the zone that it is told in: `Feb 28, 2027, 11:00 (Berlin time)`."""
        time = format_time(at, "short", tzinfo=zone_of(zone), locale=self.locale)
        return self.text("%(day)s, %(time)s (%(zone)s)", day=self.date(at, zone), time=time, zone=self.zone(zone))

    def zone(self, zone: str) -> str:
        """Return a zone as people call it, by its city; UTC where no city goes by it."""
        if _UTC.fullmatch(zone):
            return zone.removeprefix("Etc/")
        city = get_timezone_location(zone, locale=self.locale, return_city=True).rpartition("/")[2]
        return self.text("%(city)s time", city=city)

    def paid_days(self, count: int) -> str:
        """Return a number of days that are paid."""
        return self.count("%(n)s paid day", "%(n)s paid days", count)

    # ------------------------------------------------------------------ payment methods

    def card(self, method: PaymentMethodView | None) -> str | None:
        """Return a payment method as its holder knows it: `Visa •••• 4242`."""
        if method is None:
            return None
        brand = _BRANDS.get(method.brand, method.brand.replace("_", " "))
        return f"{brand}\N{NO-BREAK SPACE}••••\N{NO-BREAK SPACE}{method.last4}"

    def expiry(self, method: PaymentMethodView) -> str | None:
        """Return when a card expires, as it is printed on it: `04/28`."""
        if method.exp_month is None or method.exp_year is None:
            return None
        return f"{method.exp_month:02d}/{method.exp_year % 100:02d}"
