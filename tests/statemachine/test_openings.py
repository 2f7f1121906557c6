"""R1, R2, R20, R25: what an account may open with, and how one begins that lived elsewhere."""

from datetime import datetime
from typing import Any

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

from reprise.statemachine import editions
from reprise.statemachine.commands import Email, Reactivate
from reprise.statemachine.emails import ValidEmail, valid_email
from reprise.statemachine.money import Plan
from reprise.statemachine.outcomes import CustomerRegistered
from reprise.statemachine.payments import payment_number
from reprise.statemachine.refusals import Refused
from reprise.statemachine.terms import GivenInstant, Instant, Term, ZoneName, zone_of
from tests.statemachine.book import Book, utc


def test_R25_an_account_that_was_cancelled_elsewhere_runs_out() -> None:
    """Nothing is charged; taken back, it is active as it was."""
    elsewhere: dict[str, Any] = {"paid_through": utc("2027-02-28T10:00"), "cancelled": True}
    book = Book.open(**elsewhere)
    assert (book.state, book.charged) == ("cancelled", [])
    assert [each.type for each in book.account.timeline] == ["account.opened", "account.cancelled"]
    assert book.at("2027-02-28T10:00").state == "disabled"
    taken_back = Book.open(**elsewhere)
    taken_back.do(Reactivate())
    assert taken_back.state == "active"


def test_R25_a_31st_stays_one() -> None:
    """Paid through 28 February with the anchor of 31 January: the next term ends on 31 March."""
    book = Book.open("2027-02-10T10:00", anchor=utc("2027-01-31T10:00"), paid_through=utc("2027-02-28T10:00"))
    book.at("2027-02-28T10:00")
    assert book.account.term == Term(start=utc("2027-02-28T10:00"), end=utc("2027-03-31T10:00"))
    assert book.charged == [7500]


@pytest.mark.parametrize(
    ("changes", "field", "says"),
    [
        ({"anchor": "2027-01-30T10:00", "paid_through": "2027-03-31T10:00"}, "anchor", "2027-03-30T10:00:00Z"),
        ({"anchor": "2027-01-30T10:00"}, "anchor", "give paid_through as well"),
        ({"cancelled": True}, "cancelled", "give paid_through as well"),
        ({"opened_at": "2027-02-01T10:00"}, "opened_at", "in the future"),
        ({"email": "ada@localhost"}, "email", r"should have a period\.$"),
    ],
)
def test_R25_what_does_not_fit_together_is_refused(changes: dict[str, Any], field: str, says: str) -> None:
    """By field, and saying what would fit."""
    given: dict[str, Any] = {
        name: utc(value) if str(value).startswith("2027") else value for name, value in changes.items()
    }
    with pytest.raises(Refused, match=says) as refused:
        Book.open(**given)
    assert refused.value.field == field


def test_R1_what_is_wrong_with_an_email_is_said_in_300_characters_at_the_most() -> None:
    """However much is."""
    with pytest.raises(ValueError, match="Internationalized") as refused:
        valid_email("".join(chr(0xE0 + each) for each in range(60)) + "@example.com")
    assert len(str(refused.value)) == 300


def test_R25_terms_are_counted_across_years() -> None:
    """Paid through 28 February, from 30 November of the year before: the next one ends on 30 March."""
    book = Book.open("2027-02-10T10:00", anchor=utc("2026-11-30T10:00"), paid_through=utc("2027-02-28T10:00"))
    book.at("2027-02-28T10:00")
    assert book.account.term == Term(start=utc("2027-02-28T10:00"), end=utc("2027-03-30T10:00"))


@pytest.mark.parametrize(
    "email", ["jürgen@example.com", "a@test", "a@b", "x@localhost", "a..b@example.com", "a@-x.com", "ada@example", ""]
)
def test_R1_e_mails_that_stripe_refuses_are_none(email: str) -> None:
    """In a sentence with an example."""
    with pytest.raises(ValueError, match="must be an e-mail address"):
        valid_email(email)


@pytest.mark.parametrize("email", ["ada@example.com", "a.b+c@mail.example.co.uk", "ada@shop.test"])
def test_R1_e_mails_that_stripe_takes_stay_as_they_are(email: str) -> None:
    """To the letter."""
    assert valid_email(email) == email


def test_R8_an_account_is_told_from_an_earlier_one_of_its_id() -> None:
    """By its life, which the caller makes."""
    assert Book.open().account.life == "life-1"


def test_R1_an_e_mail_says_how_long_it_may_be() -> None:
    """In the schema, too."""
    assert TypeAdapter(ValidEmail).json_schema()["maxLength"] == 254


class _Given(BaseModel):
    at: GivenInstant | None = None
    kept: Instant | None = None
    zone: ZoneName = "UTC"


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"at": "1999-12-31T23:59:59Z"}, "between the years 2000 and 2200"),
        ({"at": 0}, "offset from UTC"),
        ({"kept": "1989-12-31T00:00:00Z"}, "out of every subscription's time"),
        ({"kept": "2300-01-01T00:00:00Z"}, "out of every subscription's time"),
        ({"zone": "Mars/Olympus"}, "IANA"),
        ({"zone": "Factory"}, "IANA"),
    ],
)
def test_R20_absurd_times_and_zones_are_refused(given: dict[str, Any], says: str) -> None:
    """Before anything is computed with them."""
    with pytest.raises(ValidationError, match=says):
        _Given.model_validate(given)


@pytest.mark.parametrize("moment", ["1990-01-01T00:00:00Z", "2299-12-31T23:59:59Z"])
def test_what_a_record_holds_is_within_every_subscriptions_time(moment: str) -> None:
    """Both ends of it."""
    assert _Given.model_validate({"kept": moment}).kept is not None


def test_R2_a_term_runs_forward() -> None:
    """No record holds one that does not."""
    for end in (utc("2027-01-31T10:00"), utc("2027-01-31T09:00")):
        with pytest.raises(ValidationError, match="must end after it starts"):
            Term(start=utc("2027-01-31T10:00"), end=end)


def test_R20_a_currency_is_one_that_stripe_charges_in() -> None:
    """The sentence names it, cut short, and an example."""
    with pytest.raises(ValidationError, match=r"'xyzxyzxyzxyzxyzxyzxy' is not a currency .* 'usd'"):
        Plan(currency="xyz" * 10, unit_amount=1)


@pytest.mark.parametrize(
    ("key", "number"), [("a1:7", 7), ("a:b:12", 12), ("a1", 0), ("a1:", 0), (None, 0), ("a1:²", 0), ("a1:-3", 0)]
)
def test_R8_a_key_names_its_payment_by_number(key: str | None, number: int) -> None:
    """What is no key of ours names none."""
    assert payment_number(key) == number


@pytest.mark.parametrize("edition", [editions.FIRST, editions.SECOND])
def test_R5_a_free_account_renews_for_nothing(edition: int) -> None:
    """Month by month, with an entry each."""
    book = Book.open(edition=edition, carts=0).at("2027-03-31T10:00")
    assert (book.state, book.charged) == ("active", [])
    renewed = [each.at for each in book.account.timeline if each.type == "account.renewed"]
    assert renewed == [utc("2027-02-28T10:00"), utc("2027-03-31T10:00")]


@pytest.mark.parametrize(("edition", "told"), [(editions.FIRST, 0), (editions.SECOND, 1)])
def test_R1_R8_a_customer_that_cannot_be_registered_is_told_once(edition: int, told: int) -> None:
    """By the second edition; until then the account needs one."""
    book = Book.open(edition=edition, key_is_wrong=True)
    assert book.account.needs_registration
    entries = [each for each in book.account.timeline if each.type == "account.customer_not_registered"]
    assert len(entries) == told
    assert not Book.open().account.needs_registration
    assert Book.open().account.model_copy(update={"first_payment_method": "pm_good"}).needs_registration


def test_instants_are_kept_in_whole_seconds() -> None:
    """As Stripe keeps them."""
    given = _Given(at=datetime.fromisoformat("2027-01-31T10:00:00.900000+00:00"))
    assert given.at == utc("2027-01-31T10:00")


def test_R1_paid_elsewhere_is_active_until_then_and_keeps_that_anchor() -> None:
    """Nothing is collected; the renewal follows the anchor."""
    book = Book.open(paid_through=utc("2027-03-30T08:00"))
    assert (book.state, book.charged) == ("active", [])
    assert book.account.term == Term(start=utc("2027-01-31T10:00"), end=utc("2027-03-30T08:00"))
    book.at("2027-03-30T08:00")
    assert book.charged == [7500]
    assert book.account.term == Term(start=utc("2027-03-30T08:00"), end=utc("2027-04-30T08:00"))


@pytest.mark.parametrize("through", ["2027-01-10T08:00", "2027-01-31T10:00"])
def test_R1_paid_until_the_past_opens_disabled_to_be_reactivated(through: str) -> None:
    """disabled/cancelled, nothing collected; also where the paid term ends at this very moment."""
    book = Book.open(paid_through=utc(through))
    assert (book.state, book.account.disabled_reason, book.charged) == ("disabled", "cancelled", [])
    book.do(Reactivate())
    assert (book.state, book.charged) == ("reactivated", [7500])


def test_R1_a_declined_first_payment_disables() -> None:
    """disabled/first_payment_failed; the invoice is void; coming back is a reactivation."""
    book = Book.open(card="generic_decline")
    assert (book.state, book.account.disabled_reason) == ("disabled", "first_payment_failed")
    assert book.invoices == {"a1:1": "void"}
    book.replace_card("good")
    book.do(Reactivate(expected_amount=7500))
    assert (book.state, book.charged) == ("reactivated", [7500])


@pytest.mark.parametrize(("length", "taken"), [(254, True), (255, False)])
def test_R1_a_loose_e_mail_has_254_characters_at_most(length: int, taken: bool) -> None:
    email = f"a@{'b' * (length - 2)}"
    if taken:
        assert TypeAdapter(Email).validate_python(email) == email
    else:
        with pytest.raises(ValidationError, match="254"):
            TypeAdapter(Email).validate_python(email)


@pytest.mark.parametrize(("length", "taken"), [(64, True), (65, False)])
def test_R1_what_stands_before_the_at_sign_has_64_characters_at_most(length: int, taken: bool) -> None:
    """RFC 5321, 4.5.3.1.1."""
    email = f"{'a' * length}@example.com"
    if taken:
        assert TypeAdapter(ValidEmail).validate_python(email) == email
    else:
        with pytest.raises(ValidationError, match="too long"):
            TypeAdapter(ValidEmail).validate_python(email)


def test_R2_a_zone_knows_its_name() -> None:
    """Whoever writes an instant with it writes the zone's name."""
    assert (zone_of("Europe/Berlin").key, str(zone_of("Asia/Tokyo"))) == ("Europe/Berlin", "Asia/Tokyo")


def test_R25_an_account_keeps_the_day_it_was_opened_elsewhere() -> None:
    book = Book.open(paid_through=utc("2027-02-10T10:00"), opened_at=utc("2024-05-01T10:00"))
    assert book.account.opened_at == utc("2024-05-01T10:00")
    just_now = Book.open(paid_through=utc("2027-02-10T10:00"), opened_at=utc("2027-01-31T10:00"))
    assert just_now.account.opened_at == just_now.now


def test_R25_what_was_cancelled_elsewhere_tells_its_term() -> None:
    book = Book.open(paid_through=utc("2027-02-10T10:00"), cancelled=True)
    assert [(entry.type, entry.term) for entry in book.account.timeline[1:]] == [
        ("account.cancelled", book.account.term)
    ]
    assert book.account.term is not None


def test_R1_why_stripe_refused_an_e_mail_is_told() -> None:
    book = Book.open(paid_through=utc("2027-02-10T10:00"))
    book.perform(book.take(CustomerRegistered(customer_id="cus_1", email_refused="Invalid e-mail"), book.now))
    last = book.account.timeline[-1]
    assert (last.type, last.reason) == ("account.email_refused", "Invalid e-mail")
