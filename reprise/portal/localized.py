"""Amounts and instants as a reader expects them: in the account's currency and zone, in the browser's language."""

import copy
import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_skeleton, format_time
from babel.numbers import format_decimal

from reprise.statemachine.money import decimals

FALLBACK = Locale("en")

_CODE_AT_NUMBER = re.compile(r"([A-Z])(?=\d)")
"""CLDR sets a code apart from its number; Babel's pattern is the one for symbols."""

_CHOICE = re.compile(r"\s*([A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*)\s*(?:;\s*q=([01](?:\.\d{0,3})?))?\s*")


def locale_of(accept_language: str) -> Locale:
    """Return the best locale for an `Accept-Language` header; English where none is known."""
    choices = map(_CHOICE.fullmatch, accept_language[:500].split(","))
    wanted = [(float(match[2] or 1), match[1]) for match in choices if match]
    for quality, tag in sorted(wanted, key=lambda each: -each[0]):
        parts = tag.split("-")
        for length in range(len(parts), 0, -1):
            try:
                if quality > 0:
                    return Locale.parse("-".join(parts[:length]), sep="-")
            except (UnknownLocaleError, ValueError):
                continue
    return FALLBACK


@dataclass(frozen=True)
class LocalFormat:
    """How one reader has amounts and instants written."""

    locale: Locale

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

    def date(self, at: datetime, zone: str) -> str:
        """Return the day in a zone: `Feb 28, 2027`."""
        return str(format_skeleton("yMMMd", at, tzinfo=ZoneInfo(zone), locale=self.locale))

    def moment(self, at: datetime, zone: str) -> str:
        """Return the day, the time and the zone that it is told in: `Feb 28, 2027, 10:00 AM (UTC)`."""
        time = format_time(at, "short", tzinfo=ZoneInfo(zone), locale=self.locale)
        return f"{self.date(at, zone)}, {time} ({zone.replace('_', ' ')})"
