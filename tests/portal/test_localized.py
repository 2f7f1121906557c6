"""Amounts and dates in the account's currency and zone, and in the browser's language."""

from datetime import UTC, datetime

import pytest
from babel import Locale
from hypothesis import given
from hypothesis import strategies as st

from reprise.portal.localized import LocalFormat, locale_of
from reprise.statemachine.money import CURRENCIES, MAX_AMOUNT, decimals

END = datetime(2027, 2, 28, 10, 0, tzinfo=UTC)


def local(tag: str) -> LocalFormat:
    return LocalFormat(locale_of(tag))


@pytest.mark.parametrize(
    ("amount", "currency", "tag", "written"),
    [
        (7500, "usd", "en-US", "$75.00"),
        (7500, "usd", "de-DE", "75,00 $"),
        (2000, "jpy", "ja", "￥2,000"),
        (2000, "jpy", "en-US", "¥2,000"),
        (2000, "jpy", "de", "2.000 ¥"),
        (1234560, "kwd", "en", "KWD 1,234.560"),
        (0, "eur", "en", "€0.00"),
        (99_999_999, "eur", "fr", "999 999,99 €"),
        (7500, "isk", "en", "ISK 75.00"),
    ],
)
def test_R_money_in_the_reader_s_way(amount: int, currency: str, tag: str, written: str) -> None:
    """The currency's own decimals: yen are never shown as hundredths."""
    assert local(tag).money(amount, currency).replace("\xa0", " ").replace("\u202f", " ") == written


@given(
    st.integers(0, MAX_AMOUNT), st.sampled_from(sorted(CURRENCIES)), st.sampled_from(["en", "de", "fr", "ja", "pt-BR"])
)
def test_no_digit_of_an_amount_is_lost(amount: int, currency: str, tag: str) -> None:
    """Whatever the locale: the digits are the minor units, padded to one whole."""
    digits = "".join(each for each in local(tag).money(amount, currency) if each.isdigit())
    assert digits == str(amount).zfill(decimals(currency) + 1)


@pytest.mark.parametrize(
    ("tag", "zone", "written"),
    [
        ("en-US", "UTC", "Feb 28, 2027, 10:00 AM (UTC)"),
        ("en-GB", "Europe/Berlin", "28 Feb 2027, 11:00 (Europe/Berlin)"),
        ("de", "Asia/Tokyo", "28. Feb. 2027, 19:00 (Asia/Tokyo)"),
        ("en-US", "America/New_York", "Feb 28, 2027, 5:00 AM (America/New York)"),
        ("en-US", "Pacific/Auckland", "Feb 28, 2027, 11:00 PM (Pacific/Auckland)"),
    ],
)
def test_moments_in_the_account_s_zone(tag: str, zone: str, written: str) -> None:
    """The instant is the account's; its writing is the reader's."""
    assert local(tag).moment(END, zone).replace("\u202f", " ") == written


@pytest.mark.parametrize(
    ("header", "chosen"),
    [
        ("", "en"),
        ("de-AT,de;q=0.9,en;q=0.8", "de_AT"),
        ("en;q=0.3, fr;q=0.7", "fr"),
        ("zh-Hant-TW", "zh_Hant_TW"),
        ("xx-YY, pt-ZZ;q=0.5", "pt_BR"),
        ("de;q=0, en", "en"),
        ("*", "en"),
        ("'; DROP TABLE accounts; --", "en"),
        ("de" * 5000, "en"),
    ],
)
def test_the_browser_s_language(header: str, chosen: str) -> None:
    """The best that is known, by the browser's own weights; nothing in a header can break a page."""
    assert locale_of(header) == Locale.parse(chosen)
