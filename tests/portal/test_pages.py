"""What pages offer and say, in every standing, without a server: by what may be done (R3, R14)."""

import re

import pytest

from reprise.portal import content
from reprise.portal.content import Wrong
from reprise.portal.gallery.routes import BRANDING, NAMES, _content, fits
from reprise.portal.gallery.standings import LIVES
from reprise.portal.situation import AtStripe, Situation
from reprise.statemachine.account import AccountState
from reprise.statemachine.commands import Cancel, Reactivate
from tests.portal.situations import EN, rendered, seen, situation_of, standings


def overview(name: str, notice: str | None = None) -> str:
    return rendered(content.overview(situation_of(name), EN, notice))


def subscription(name: str) -> str:
    return rendered(content.subscription(situation_of(name), EN))


def reactivate(name: str) -> str:
    return rendered(content.reactivation(situation_of(name), EN))


def cancelling(name: str, *, at_once: bool = False) -> str:
    return rendered(content.cancelling(situation_of(name), EN, at_once=at_once), branding=BRANDING)


def buttons(html: str) -> list[str]:
    """What can be pressed or followed in the content of a page, in order."""
    main = html[html.index("<main") :]
    plain = re.sub(r'<span class="(?:aside|busy)">.*?</span>', "", main)
    found = re.findall(r'<(?:button|a class="button[^"]*")[^>]*>(.*?)</(?:button|a)>', plain, re.DOTALL)
    return [re.sub(r"<[^>]+>", "", each).strip() for each in found]


@pytest.mark.parametrize("name", ["renewing", "renewal-clearing"])
def test_R14_cancelling_is_not_offered_while_money_may_be_moving(name: str) -> None:
    """It would be refused; the page says when it can be done."""
    shown = subscription(name)
    assert "You can cancel as soon as it is known how it turned out." in shown
    assert 'href="/b/cancel"' not in shown


@pytest.mark.parametrize(
    ("name", "offered"),
    [
        ("in-service", "/b/cancel"),
        ("past-due", "/b/cancel"),
        ("cancelled", "/b/resume"),
        ("renewal-failed", "/b/reactivate"),
    ],
)
def test_R3_R4_R6_what_can_be_done_is_offered(name: str, offered: str) -> None:
    """One way out of each state."""
    assert offered in subscription(name)


def test_R13_what_only_support_can_do_is_not_offered() -> None:
    """Neither coming back nor leaving; but the way to support, where the product has one."""
    shown = subscription("held-by-support")
    assert "contact support to come back" in shown
    assert "/b/reactivate" not in shown
    page = rendered(content.overview(situation_of("held-by-support"), EN), branding=BRANDING)
    assert buttons(page) == ["Contact support"]
    assert 'href="https://shop.example.com/help"' in page


@pytest.mark.parametrize(
    ("name", "offered"),
    [
        ("in-service", ["Manage Subscription"]),
        ("cancelled", ["Take the cancellation back"]),
        ("past-due", ["Pay $75.00 now", "Change card"]),
        ("past-due-lost-card", ["Pay $75.00 now", "Change card"]),
        ("past-due-no-card", ["Pay $75.00 now", "Add a card"]),
        ("past-due-to-confirm", ["Confirm the payment", "Change card"]),
        ("past-due-our-fault", []),
        ("first-payment-our-fault", []),
        ("lapsed", ["Reactivate for $75.00"]),
        ("stopped-now", ["Reactivate"]),
        ("debt-kept", ["Reactivate for $150.00"]),
        ("to-confirm", ["Confirm the payment"]),
        ("paying", ["See how it goes"]),
        ("renewing", ["See how it goes"]),
        ("carts-changed", ["Manage Subscription", "Undo"]),
        ("card-expires", ["Manage Subscription", "Change card"]),
        ("closed", []),
    ],
)
def test_R9_R10_what_the_overview_offers(name: str, offered: list[str]) -> None:
    """What helps, and nothing else: no card is asked for where the fault is ours."""
    assert buttons(overview(name)) == offered


def test_the_overview_says_which_card_is_charged_and_what_comes() -> None:
    """The card with its expiry and a way to change it; the last payment with its receipt; the next three payments."""
    shown = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", overview("in-service")))
    assert "Visa •••• 4242 , expires 04/28 · Change" in shown
    assert "Last payment $75.00 paid with Visa •••• 4242 on Nov 25. Receipt" in shown
    assert "Coming payments Dec 25 : $75.00 Jan 25, 2027 : $75.00 Feb 25, 2027 : $75.00" in shown
    assert "/b/invoices/in_shop-42_3" in overview("in-service")


def test_a_payment_is_told_for_a_day() -> None:
    """`$75.00 paid with Visa •••• 4242 on Nov 25. Receipt`; not where the account has stopped since."""
    told = r'role="status">\$75\.00 paid with Visa •••• 4242 on Nov 25\.'
    assert re.search(told, overview("just-paid"))
    assert not re.search(told, overview("in-service"))
    stopped = standings.just_paid().send(Cancel(when="now"))
    assert not re.search(told, rendered(content.overview(stopped.situation, EN)))


def test_R26_the_billing_email_is_that_of_now() -> None:
    """Changed at Stripe, it is shown as it is there; Stripe being away, as the record has it."""
    changed = seen(standings.in_service(), email="new@shop.example.com")
    assert "new@shop.example.com" in rendered(content.overview(changed, EN))
    assert 'value="new@shop.example.com"' in rendered(content.subscription(changed, EN))
    away = overview("stripe-away")
    assert "ada@shop.example.com" in away
    assert "It cannot be shown right now." in away
    assert "No card on file" not in away


def test_R12_a_debt_is_no_upcoming_month() -> None:
    """Lines that do not overlap: the month to come with its days, and the renewal that is owed by its day."""
    shown = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", reactivate("debt-kept")))
    assert "3 carts, the upcoming month Nov 9 to Dec 9 3 × $25.00 $75.00" in shown
    assert "Unpaid renewal of Oct 25 $75.00" in shown
    assert "To pay now $150.00" in shown


def test_R6_who_has_pressed_nothing_is_not_told_that_a_payment_failed() -> None:
    """A renewal that failed is told as that; a return that was declined is an alert, with what to do."""
    failed = reactivate("renewal-failed")
    assert "Your renewal of Oct 25 failed. That invoice is cancelled; you do not owe it." in failed
    assert 'role="alert"' not in failed
    assert "The payment failed" not in failed
    declined = reactivate("declined")
    assert 'role="alert"' in declined
    assert "The payment failed: there is not enough money available." in declined
    again = standings.renewal_failed().send(Reactivate())
    assert "The payment failed" in rendered(content.reactivation(again.situation, EN))


def test_R6_who_has_watched_a_payment_succeed_is_welcomed() -> None:
    """Not "there is nothing to bring back": what was paid, and its receipt."""
    shown = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", reactivate("back-again")))
    assert "You are back. $75.00 paid with Visa •••• 4242 on Feb 8. Receipt" in shown


@pytest.mark.parametrize(
    ("name", "offered"),
    [
        ("lapsed", ["Pay $75.00 with Visa •••• 4242", "Use another card"]),
        ("lapsed-without-card", ["Add a card"]),
        ("stopped-now", ["Reactivate at no charge"]),
        ("to-confirm", ["Confirm the payment", "I have confirmed it", "Call the payment off"]),
        ("clearing", []),
    ],
)
def test_R7_what_the_reactivation_page_offers(name: str, offered: list[str]) -> None:
    """The button says the sum and the card; another card leads back to the same quote."""
    assert buttons(reactivate(name)) == offered
    if "Use another card" in offered or "Add a card" in offered:
        assert 'href="/b/payment-method?to=reactivate"' in reactivate(name)


def test_R7_where_stripe_is_away_the_price_is_still_shown() -> None:
    """The button says the sum; which card it is, nobody can say now."""
    life = standings.lapsed()
    away = Situation(life.account, life.now, AtStripe(is_known=False))
    assert "Pay $75.00 and reactivate" in buttons(rendered(content.reactivation(away, EN)))


def test_R3_cancelling_says_when_and_what_stays() -> None:
    """The day on the button, a quieter way to stop at once; invoices, settings and what the product adds stay."""
    shown = cancelling("in-service")
    assert buttons(shown) == ["Cancel on Dec 25", "Keep it"]
    assert re.search(r'<a class="reach" href="/b/cancel\?when=now">Stop my shop now…</a>', shown)
    assert "Your invoices, your settings and this page stay" in shown
    assert "Your product feeds and mappings stay for a year." in shown
    assert 'name="feedback"' in shown
    assert shown.count('<option value="') == 9


def test_R3_stopping_at_once_says_what_is_given_up() -> None:
    """In days, and until when it would have worked; before the button."""
    shown = cancelling("in-service", at_once=True)
    plain = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", shown))
    assert "You give up 16 paid days: your shop stops working at once, instead of on Dec 25, 12:00 PM" in plain
    assert buttons(shown) == ["Stop my shop now", "Keep it"]
    free = cancelling("no-carts", at_once=True)
    assert "paid day" not in free
    assert "Your shop stops working at once, instead of on" in free


def test_R3_a_past_due_account_ends_at_once() -> None:
    """E9: what it means, and one button."""
    shown = cancelling("past-due")
    assert buttons(shown) == ["Cancel now", "Keep it"]
    assert "the open invoice is void" in shown


def test_R3_afterwards_there_is_a_way_back_on_the_same_page() -> None:
    """What happened, and the button that takes it back."""
    stopped = rendered(content.overview(situation_of("stopped-now"), EN, "stopped"))
    assert "Your subscription is cancelled, and your shop has stopped." in stopped
    assert buttons(stopped) == ["Reactivate"]
    cancelled = rendered(content.overview(situation_of("cancelled"), EN, "cancelled"))
    assert "Your subscription is cancelled. Your shop works until Dec 25, 12:00 PM (Berlin time)." in cancelled
    assert buttons(cancelled) == ["Take the cancellation back"]


def test_R11_the_notice_says_from_when_and_how_much() -> None:
    """After carts were changed."""
    shown = rendered(content.subscription(situation_of("carts-changed"), EN, "carts"))
    assert "The number of carts is changed. From Dec 25: 7 carts, $175.00." in shown


def test_R20_what_is_wrong_is_said_at_its_field_with_what_was_typed() -> None:
    """The sentence belongs to the field, which keeps its text."""
    wrong = Wrong({"email": content.NO_EMAIL}, {"email": 'a"b'})
    page = content.subscription(situation_of("in-service"), EN, wrong=wrong)
    shown = rendered(page)
    assert page.status == 422
    assert '<p class="error" id="email-error" role="alert">The e-mail must be' in shown
    assert 'value="a&#34;b" aria-invalid="true" aria-describedby="email-error"' in shown
    assert 'id="carts-error"' not in shown


def test_what_opens_elsewhere_says_so_and_takes_nothing_along() -> None:
    """Invoices and confirmations open in a new tab: the page stays, and watches."""
    for name in ("past-due", "past-due-to-confirm", "to-confirm"):
        shown = reactivate(name) if name == "to-confirm" else overview(name)
        links = re.findall(r'<a [^>]*target="_blank"[^>]*>.*?</a>', shown)
        assert links
        assert all('rel="noopener"' in each and "(opens in a new tab)" in each for each in links)


def test_an_open_page_watches_and_asks_no_more_than_it_is_told() -> None:
    """Only where something is awaited: the address that it asks is given."""
    page = content.overview(situation_of("past-due"), EN)
    assert 'hx-get="/w?seen=1"' in rendered(page, watched="/w?seen=1")
    assert "hx-trigger" not in rendered(page)


def test_what_people_write_is_set_apart_from_the_text_around_it() -> None:
    """`<bdi>`: a name in another script does not turn the sentence around."""
    shown = overview("in-service")
    assert "<bdi>Ada</bdi>" in shown
    assert "<bdi>ada@shop.example.com</bdi>" in shown


@pytest.mark.parametrize("name", LIVES)
def test_every_page_of_the_gallery(name: str) -> None:
    """Each is whole: one heading, every form with the session's token, no id twice, nothing inline."""
    for page in NAMES:
        if not fits(name, page):
            continue
        html = rendered(_content(situation_of(name), EN, name, page, None), branding=BRANDING)
        assert html.count("<h1") == 1
        ids = re.findall(r'\bid="([^"]+)"', html)
        assert len(ids) == len(set(ids)), page
        forms = re.findall(r'<form[^>]*method="post".*?</form>', html, re.DOTALL)
        assert all('name="forms_token"' in each for each in forms)
        assert not re.search(r"<script(?![^>]*src=)|\son\w+=|style=", html)
        labels = set(re.findall(r'<label for="(\w+)"', html))
        fields = re.findall(r"<(?:input|select|textarea)(?![^>]*hidden)[^>]* id=\"(\w+)\"", html)
        assert set(fields) <= labels


def test_the_gallery_has_every_state_of_the_chart() -> None:
    """A new state needs its standing here."""
    shown = {situation_of(each).account.state for each in LIVES}
    assert shown == set(AccountState) - {AccountState.NEW}
