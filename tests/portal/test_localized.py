"""Amounts and dates in the account's currency and zone, and in the browser's language."""

from datetime import UTC, datetime

import pytest
from babel import Locale
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from reprise.portal.languages import catalogues
from reprise.portal.localized import LocalFormat, locale_of
from reprise.schemas.payment_methods import PaymentMethodView
from reprise.statemachine.money import CURRENCIES, MAX_AMOUNT, decimals
from reprise.statemachine.terms import ZONES

END = datetime(2027, 2, 28, 10, 0, tzinfo=UTC)


def local(tag: str) -> LocalFormat:
    return LocalFormat(Locale.parse(tag, sep="-"))


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
        ("en-US", "Etc/UTC", "Feb 28, 2027, 10:00 AM (UTC)"),
        ("en-GB", "Europe/Berlin", "28 Feb 2027, 11:00 (Berlin time)"),
        ("de", "Europe/Berlin", "28. Feb. 2027, 11:00 (Ortszeit Berlin)"),
        ("de", "Asia/Tokyo", "28. Feb. 2027, 19:00 (Ortszeit Tokio)"),
        ("en-US", "America/New_York", "Feb 28, 2027, 5:00 AM (New York time)"),
        ("en-US", "America/Argentina/Buenos_Aires", "Feb 28, 2027, 7:00 AM (Buenos Aires time)"),
        ("en-US", "Pacific/Auckland", "Feb 28, 2027, 11:00 PM (Auckland time)"),
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
        ("en-GB", "en_GB"),
        ("en;q=0.3, de;q=0.7", "de"),
        ("fr, de;q=0.5", "de"),
        ("fr", "en"),
        ("zh-Hant-TW", "en"),
        ("xx-YY, de-ZZ;q=0.5", "de_DE"),
        ("de;q=0, en", "en"),
        ("*", "en"),
        ("'; DROP TABLE accounts; --", "en"),
        ("de" * 5000, "en"),
    ],
)
def test_the_browser_s_language(header: str, chosen: str) -> None:
    """The best that the pages are written in, by the browser's own weights: never words in one, dates in another."""
    assert locale_of(header) == Locale.parse(chosen)


def test_days_of_this_year_are_written_short() -> None:
    """By the account's own clock and zone; every other year is named."""
    now = datetime(2027, 1, 5, tzinfo=UTC)
    assert local("en-US").at(now).date(END, "UTC") == "Feb 28"
    assert local("de").at(now).date(END, "UTC") == "28. Feb."
    assert local("en-US").at(datetime(2026, 12, 31, 23, 30, tzinfo=UTC)).date(END, "Europe/Berlin") == "Feb 28"
    assert local("en-US").at(datetime(2026, 12, 31, 22, 30, tzinfo=UTC)).date(END, "Europe/Berlin") == "Feb 28, 2027"


def test_every_zone_has_a_name_in_every_language() -> None:
    """None fails, and none is shown as the database's path."""
    for zone in sorted(ZONES):
        for language in catalogues():
            name = local(language).zone(zone)
            assert name
            assert "/" not in name
            assert "_" not in name


@pytest.mark.parametrize(
    ("method", "told", "expiry"),
    [
        (PaymentMethodView(brand="visa", last4="4242", exp_month=4, exp_year=2028), "Visa •••• 4242", "04/28"),
        (
            PaymentMethodView(brand="amex", last4="0005", exp_month=12, exp_year=2030),
            "American Express •••• 0005",
            "12/30",
        ),
        (PaymentMethodView(brand="STRIPE TEST BANK", last4="6789"), "STRIPE TEST BANK •••• 6789", None),
        (PaymentMethodView(brand="brand_new", last4="1111"), "brand new •••• 1111", None),
    ],
)
def test_a_card_as_its_holder_knows_it(method: PaymentMethodView, told: str, expiry: str | None) -> None:
    """Brand and last digits; what does not expire says nothing of it."""
    assert (local("en").card(method) or "").replace("\xa0", " ") == told
    assert local("en").expiry(method) == expiry


def test_texts_are_escaped_in_pages() -> None:
    """What somebody typed stands in a sentence as text; markup of ours stays markup."""
    said = local("en").markup(
        "Signed in as %(name)s to account %(account)s. Not you?", name="<b>", account=Markup("<i>a</i>")
    )
    assert said == "Signed in as &lt;b&gt; to account <i>a</i>. Not you?"
    assert local("de").markup("Profile & Billing") == "Profil &amp; Abrechnung"
