"""The history in words: every kind of entry that the core can note, what it moved, and who did it."""

from typing import Any

import pytest
from babel import Locale

from reprise.portal import history
from reprise.portal.localized import LocalFormat
from reprise.statemachine.terms import Term
from reprise.statemachine.timeline import STRIPE, Actor, ActorKind, EntryType, TimelineEntry
from tests.portal.entries import END, START, entry
from tests.portal.situations import situation_of

EN = LocalFormat(Locale("en"))


def told(kind: str, **facts: Any) -> str:
    return history.told(entry(kind, **{"amount": 7500, "currency": "usd", **facts}), "UTC", EN)


KINDS = {each.value.removeprefix("account.") for each in EntryType}


def test_R17_every_kind_of_entry_has_its_own_sentence() -> None:
    """Each type that the core can note is told in words."""
    plain = {kind: f"{kind.replace('_', ' ').capitalize()}." for kind in KINDS}
    said = {kind: told(kind, carts=3) for kind in KINDS}
    assert not {kind for kind in KINDS if said[kind] == plain[kind]}
    assert len(set(said.values())) == len(said), "no two read alike"


def test_R17_a_type_of_a_later_release_is_told_by_its_name() -> None:
    """Workers are exchanged before the API: what it does not know yet is shown, and fails nothing."""
    later = entry("moved_to_mars")
    assert TimelineEntry.model_validate_json(later.model_dump_json()) == later
    assert history.told(later, "UTC", EN) == "Moved to mars."


def test_R17_nothing_written_for_operators_is_shown() -> None:
    """A reason of theirs, or Stripe's answer to a request of ours, is not for the payer."""
    operator = Actor(kind=ActorKind.OPERATOR, id="op")
    assert told("disabled", reason="suspected fraud", actor=operator) == "Disabled by support."
    for kind in KINDS - {"disabled", "refunded", "disputed"}:
        assert "sk_live" not in told(kind, reason="Invalid API Key provided: sk_live", carts=3), kind


def test_R8_what_a_credit_balance_paid_is_told() -> None:
    """E16: 7500 = 5500 + 2000."""
    parts = told("renewed", charged=5500, from_balance=2000, term=Term(start=START, end=END))
    assert parts == "Renewed for $75.00 ($55.00 charged, $20.00 from your credit); paid until Feb 28, 2027."
    assert told("activated") == "First month paid: $75.00."


def test_R22_money_that_came_unasked() -> None:
    """It buys a term, or is to be paid back: the two are not told alike."""
    assert told("payment_received", term=Term(start=START, end=END)).endswith("arrived; paid until Feb 28, 2027.")
    due = told("payment_received", reason="the account is closed: refund it", actor=STRIPE)
    assert due == "A payment of $75.00 arrived that buys nothing any more. It is to be paid back to you."


@pytest.mark.parametrize(
    ("kind", "reason", "sentence"),
    [
        ("refunded", "succeeded: requested_by_customer", "$75.00 was paid back to you."),
        ("refunded", None, "$75.00 was paid back to you."),
        ("refunded", "pending", "A refund of $75.00 is on its way to you."),
        ("refunded", "failed", "A refund of $75.00 did not go through."),
        ("disputed", "needs_response: fraudulent", "A payment of $75.00 is disputed at your bank."),
        ("disputed", "won: fraudulent", "The dispute about a payment of $75.00 is over: the payment stands."),
        ("disputed", "lost", "The dispute about a payment of $75.00 is over: the money went back to you."),
    ],
)
def test_R24_refunds_and_disputes(kind: str, reason: str | None, sentence: str) -> None:
    """By Stripe's status, in words."""
    assert told(kind, reason=reason) == sentence


def test_R26_entries_keep_the_currency_they_were_in() -> None:
    """Whatever the plan is now."""
    assert told("payment_declined", amount=500, currency="jpy", decline_code="expired_card") == (
        "A payment of ¥500 failed: the card has expired. Nothing was charged."
    )


def test_who_did_it() -> None:
    """The reader, another user, the product's own backend, support, the payment service, or time itself."""
    mine = entry("cancelled", actor=Actor(kind=ActorKind.USER, id="user-7"))
    assert history.who(mine, "user-7", EN) == "You"
    assert history.who(mine, "user-8", EN) == "A user of your shop"
    assert history.who(entry("opened", actor=Actor(kind=ActorKind.PRODUCT, id="b")), "user-7", EN) == "Your shop"
    assert history.who(entry("disabled", actor=Actor(kind=ActorKind.OPERATOR)), "user-7", EN) == "Support"
    assert history.who(entry("disabled"), "user-7", EN) == "Automatic"
    assert history.who(entry("payment_received", actor=STRIPE), "user-7", EN) == "Payment service"


def shown(name: str) -> list[history.Told]:
    seen = situation_of(name)
    return history.history(seen.record.timeline, seen, "user-7", EN)


def test_R17_what_happens_alike_several_times_is_told_once() -> None:
    """How often, from when to when; never what moved money, and only in a row."""
    failed = next(each for each in shown("renewal-failed") if each.sentence.startswith("A payment of $75.00 failed"))
    assert (failed.times, failed.first.day, failed.last.day) == (4, 26, 1)
    paid = [each for each in shown("in-service") if "paid until" in each.sentence]
    assert len(paid) == 2
    assert {each.times for each in paid} == {1}


def test_R17_what_was_paid_says_with_which_card() -> None:
    """And has its receipt; what moved nothing has none."""
    newest, *_, oldest = shown("in-service")
    assert newest.sentence.replace("\xa0", " ") == "Renewed for $75.00; paid until Dec 25, 2026. Visa •••• 4242."
    assert newest.invoice_id == "in_shop-42_3"
    assert (oldest.sentence, oldest.who, oldest.invoice_id) == ("Account opened with 3 carts.", "Your shop", None)
