"""States and payments in plain words: sums and instants as the rules have them, of accounts that the core made."""

from collections.abc import Callable

import pytest

from reprise.portal import content, money, words
from reprise.portal.gallery import standings
from reprise.portal.localized import LocalFormat
from reprise.portal.situation import Situation
from reprise.schemas.payment_methods import PaymentMethodView
from reprise.statemachine.commands import Cancel, ChangePlan, Reactivate, SetCarts
from reprise.statemachine.money import Plan
from tests.portal.situations import DE, EN, VISA, Life, seen, situation_of

YEN = ChangePlan(plan=Plan(currency="jpy", unit_amount=500))


def said(situation: Situation, local: LocalFormat = EN) -> str:
    standing = words.standing(situation, local)
    text = " ".join([standing.headline + ".", *standing.sentences])
    return text.replace("\u202f", " ").replace("\xa0", " ")


def test_R5_in_service() -> None:
    """When it renews, and for how much."""
    assert said(situation_of("in-service")) == "In service. Renews Dec 25, 2026 for $75.00 (3 carts × $25.00)."
    back = standings.lapsed().send(Reactivate())
    assert said(back.situation).startswith("In service. Renews Mar 8, 2027 for $75.00")


def test_R5_nothing_to_pay() -> None:
    """0 carts: it renews all the same, and nothing of it is called paid."""
    free = situation_of("no-carts")
    assert said(free) == "In service. Renews Nov 25, 2026. There is nothing to pay: $0.00 (0 carts × $25.00)."
    assert not money.is_paid_for(free)
    stopped = standings.no_carts().send(Cancel(when="now"))
    assert said(stopped.situation).endswith("Coming back costs nothing.")
    assert "paid" not in said(stopped.situation)


def test_R3_cancelled() -> None:
    """To the instant, and that it can be undone (R4)."""
    assert said(situation_of("cancelled")) == (
        "Cancelled. Works until Dec 25, 2026, 12:00 PM (Berlin time). Nothing more is charged."
        " You can take the cancellation back until then, at no charge."
    )


def test_R9_past_due_says_what_to_pay_until_when_and_why() -> None:
    """By when, with which card it failed and why, each coming try, and the instant at which access ends (R16)."""
    assert said(situation_of("past-due")) == (
        "Pay $75.00 by Nov 1, 2026 to keep your shop running."
        " We could not collect $75.00 with Visa •••• 4242: there is not enough money available."
        " We try again on Oct 26, 2026, Oct 28, 2026, Oct 30, 2026 and Nov 1, 2026."
        " Your shop works until Nov 1, 2026, 12:00 PM (Berlin time)."
    )
    assert "We try once more, on Nov 1, 2026, 12:00 PM (Berlin time)." in said(situation_of("past-due-last-try"))
    assert "We could not collect $75.00: there is no card on file." in said(situation_of("past-due-no-card"))


def test_R9_the_end_that_is_told_is_that_of_access() -> None:
    """The very instant that `/access` compares."""
    late = situation_of("past-due")
    assert late.outlook.access_until == late.outlook.retries[-1]
    assert EN.moment(late.outlook.access_until, "Europe/Berlin") in words.standing(late, EN).sentences[-1]


def test_R10_a_renewal_to_be_confirmed_has_not_failed() -> None:
    """A payment to confirm: nothing is called failed."""
    told = said(situation_of("past-due-to-confirm"))
    assert told.startswith("Confirm a payment. Your bank wants you to confirm the payment of $75.00.")
    assert "fail" not in told
    assert "Your shop works until Nov 1, 2026" in told


@pytest.mark.parametrize("name", ["past-due-our-fault", "first-payment-our-fault"])
def test_R8_our_own_fault_asks_nothing_of_the_payer(name: str) -> None:
    """It is ours, and when it is tried again; no bank and no card is blamed."""
    told = said(situation_of(name))
    assert "is delayed on our side. You need do nothing. We try again at " in told
    assert "bank" not in told
    assert "card" not in told


def test_R9_a_card_that_the_bank_refuses_for_good() -> None:
    """E19: nobody is told that it is tried again; a lost card reads as one that was declined without a reason."""
    lost = said(situation_of("past-due-lost-card"))
    assert "Please use another card: this one is not asked again." in lost
    assert "We try" not in lost
    plain = Life().open().with_card("revocation_of_authorization").after(days=30, hours=2)
    assert lost == said(plain.situation)


def test_R6_out_of_service() -> None:
    """Since when, why, and what coming back costs: the quote's sum, or nothing within the term."""
    assert said(situation_of("lapsed")) == (
        "Your shop has stopped. Disabled since Dec 25, 2026. Coming back costs $75.00 for the upcoming month."
    )
    five = standings.lapsed().send(SetCarts(carts=5))
    assert "Coming back costs $125.00 for the upcoming month." in said(five.situation)
    assert "Coming back costs nothing: it is paid until Dec 25, 2026" in said(situation_of("stopped-now"))
    assert "contact support" in said(situation_of("held-by-support"))
    assert "The first payment failed: the card has expired." in said(situation_of("first-payment-failed"))
    assert said(situation_of("closed")) == "Closed. This account is closed for good."


def test_R9_a_renewal_that_failed_for_good_is_owed_no_more() -> None:
    """Void: nobody owes it. Under `debt: collect` it is owed, and told apart from the month to come (R12)."""
    assert "Your renewal of Oct 25, 2026 failed. That invoice is cancelled; you do not owe it." in said(
        situation_of("renewal-failed")
    )
    owed = said(situation_of("debt-kept"))
    assert "Your renewal of Oct 25, 2026 failed. It is still owed, and paid when you come back." in owed
    assert "Coming back costs $150.00: $75.00 for the upcoming month, and $75.00 that is still unpaid." in owed
    assert "$150.00 for the upcoming month" not in owed


def test_R8_a_payment_under_way() -> None:
    """Neither in service nor failed: it says so."""
    assert said(situation_of("paying")).startswith("Payment under way")
    assert said(situation_of("to-confirm")).startswith("Confirm a payment")
    assert said(situation_of("renewing")) == (
        "In service. We are collecting $75.00 for the next month. Your shop goes on working meanwhile."
    )


@pytest.mark.parametrize(
    ("life", "headline", "follows"),
    [
        (standings.clearing, "Payment on its way", "Your shop works again as soon as it has arrived."),
        (standings.renewal_clearing, "In service", "Your shop goes on working meanwhile."),
        (
            lambda: standings.past_due().with_card("bank").after(days=1),
            "Payment on its way",
            "Your shop goes on working meanwhile.",
        ),
    ],
)
def test_R21_a_payment_that_takes_days(life: Callable[[], Life], headline: str, follows: str) -> None:
    """Neither paid nor failed: who has it now, how long it takes, and whether the shop works meanwhile."""
    told = said(life().situation)
    assert told.startswith(headline)
    assert "Your bank is transferring $75.00" in told
    assert "This takes a few days." in told
    assert told.endswith(follows)


def test_R26_an_open_payment_is_in_its_own_currency() -> None:
    """After a change of the plan to yen, 75 dollars are not 7,500 yen; the new price is told beside it."""
    for live in (standings.past_due, standings.past_due_to_confirm):
        life = live().send(YEN)
        assert "¥" not in said(life.situation)
        assert money.amount_of(life.situation.account, EN) == "$75.00"
    assert money.price(life.situation.account, EN) == "¥1,500 (3 carts × ¥500)"


def test_yen_are_whole() -> None:
    """E11: 2000 yen."""
    assert said(situation_of("in-yen")) == "In service. Renews Dec 25, 2026 for ¥2,000 (4 carts × ¥500)."


# ---------------------------------------------------------------------- what is paid, and what comes


def test_R11_what_is_paid_now_is_told_apart_from_what_comes() -> None:
    """Three carts are paid, seven come; the way back is the three."""
    change = money.change_ahead(situation_of("carts-changed"), EN.at(situation_of("carts-changed").now))
    assert change == money.ChangeAhead("Now: 3 carts, paid to Dec 25.", "From Dec 25: 7 carts, $175.00.", 3)
    undone = standings.carts_changed().send(SetCarts(carts=3))
    assert money.change_ahead(undone.situation, EN) is None
    assert money.change_ahead(situation_of("in-service"), EN) is None


def test_R11_carts_added_while_none_are_paid() -> None:
    """Nothing is called paid that was not."""
    change = money.change_ahead(standings.no_carts().send(SetCarts(carts=2)).situation, EN)
    assert change is not None
    assert change.now == "Now: 0 carts, until Nov 25, 2026."


def test_R11_coming_back_within_the_term_buys_nothing() -> None:
    """Stopped, carts changed, back for nothing: what is paid is what was paid."""
    back = standings.stopped_now().send(SetCarts(carts=7)).send(Reactivate())
    change = money.change_ahead(back.situation, EN)
    assert change is not None
    assert (change.now, change.undo) == ("Now: 3 carts, paid to Dec 25, 2026.", 3)


def test_R6_a_payment_is_told_with_its_card_for_a_day() -> None:
    """`$75.00 paid with Visa •••• 4242 on Dec 25`: by the invoice's own charge, whatever card is on file by now."""
    paid = situation_of("just-paid")
    other = seen(standings.just_paid(), payment_method=PaymentMethodView(brand="amex", last4="0005"))
    for each in (paid, other):
        last = each.outlook.just_paid
        assert last is not None
        told = money.paid_with(last, each, EN.at(each.now)).replace("\xa0", " ")
        assert told == "$75.00 paid with Visa •••• 4242 on Nov 25."
    assert situation_of("in-service").outlook.just_paid is None


@pytest.mark.parametrize(
    ("month", "year", "warning"),
    [
        (11, 2026, "Mastercard •••• 4444 expires 11/26, before your payment of Dec 25."),
        (12, 2026, None),
        (1, 2027, None),
        (10, 2026, "Mastercard •••• 4444 expired 10/26. Add another card before your payment of Nov 25."),
        (12, 2025, "Mastercard •••• 4444 expired 12/25. Add another card before your payment of Nov 25."),
    ],
)
def test_R9_a_card_that_expires_before_the_next_payments(month: int, year: int, warning: str | None) -> None:
    """It works through the last day of its month; nobody is warned of what lies beyond the next term."""
    card = PaymentMethodView(brand="mastercard", last4="4444", exp_month=month, exp_year=year)
    situation = seen(standings.card_expires(), payment_method=card)
    told = money.expiry_warning(situation, EN.at(situation.now))
    assert (told or "").replace("\xa0", " ") == (warning or "")


def test_R9_a_card_that_no_payment_needs_is_not_warned_of() -> None:
    """Cancelled: nothing is charged any more."""
    card = PaymentMethodView(brand="visa", last4="4242", exp_month=12, exp_year=2026)
    assert money.expiry_warning(seen(standings.cancelled(), payment_method=card), EN) is None
    assert money.expiry_warning(seen(standings.in_service(), payment_method=VISA), EN) is None


def test_R3_what_is_given_up_is_counted_in_days() -> None:
    """Paid days that are left, the one that has begun included."""
    assert money.days_given_up(Life().open().situation) == 31
    assert money.days_given_up(situation_of("in-service")) == 16
    assert money.days_given_up(situation_of("no-carts")) == 0


def test_R11_what_a_number_of_carts_would_cost() -> None:
    """Before it is saved: from when, and how much; what cannot be, is said."""
    situation = situation_of("in-service")
    assert content.carts_preview(situation, EN, "7").values["costs"] == "From Dec 25: 7 carts, $175.00."
    assert situation.account.carts == 3
    for typed in ("-1", "x", "", "10001", "²"):
        assert content.carts_preview(situation, EN, typed).values["costs"].startswith("Carts must be a whole number")
    assert "Warenkörbe" in content.carts_preview(situation, DE, "7").values["costs"]
