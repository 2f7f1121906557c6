"""What people do by mistake, or on purpose: nobody pays twice, and nobody sees what is not theirs."""

import asyncio
import re
import time

from playwright.async_api import Page, expect

from reprise.http.keys import Keys
from reprise.sessions.hand_over import HandOver, PortalUser, Seal
from reprise.settings import ApiSettings
from tests.browser.by_hand import BOTH, follows, pays, presses, sees
from tests.browser.conftest import Visits
from tests.browser.shop import Shop
from tests.browser.states import disabled


@BOTH
async def test_R14_two_tabs_press_reactivate_at_once(shop: Shop, visit: Visits, *, scripts: bool) -> None:
    """E12: one charge, and both tabs end on an account in service."""
    account = await disabled(shop)
    one: Page = await visit(java_script_enabled=scripts)
    await one.goto(await shop.link(account))
    other = await one.context.new_page()
    for tab in (one, other):
        await tab.goto(f"{shop.url}/portal/accounts/{account}/reactivate")
    await shop.fault(path=r"/v1/invoices/[^/]+/pay", delay_seconds=1)
    await asyncio.gather(*(pays(tab, "$75.00") for tab in (one, other)))
    for tab in (one, other):
        await sees(tab, "In service", "Renews")
    assert await shop.charged(account) == [7500, 7500]


async def test_R14_two_people_press_reactivate_at_once(shop: Shop, visit: Visits) -> None:
    """E12 with two sessions, two users: one charge, both right."""
    account = await disabled(shop)
    people: list[Page] = [await visit(), await visit()]
    for each in people:
        await each.goto(await shop.link(account))
        await follows(each, "Reactivate for $75.00")
    for each in people:  # both see the price before either of them pays
        await sees(each, "To pay now")
    await shop.fault(path=r"/v1/invoices/[^/]+/pay", delay_seconds=1)
    await asyncio.gather(*(pays(each, "$75.00") for each in people))
    for each in people:
        await sees(each, "In service")
    assert await shop.charged(account) == [7500, 7500]


@BOTH
async def test_a_double_click_pays_once(shop: Shop, visit: Visits, *, scripts: bool) -> None:
    """The form carries its command's key (R14)."""
    account = await disabled(shop)
    page: Page = await visit(java_script_enabled=scripts)
    await page.goto(await shop.link(account))
    await follows(page, "Reactivate for $75.00")
    await page.get_by_role("button", name=re.compile(r"Pay \$75\.00 with")).dblclick()
    await sees(page, "In service", "Renews")
    assert await shop.charged(account) == [7500, 7500]


@BOTH
async def test_R14_back_to_the_paid_form_and_pressed_again(shop: Shop, visit: Visits, *, scripts: bool) -> None:
    """A page kept from before the payment: its button does nothing more."""
    account = await disabled(shop)
    page: Page = await visit(java_script_enabled=scripts)
    await page.goto(await shop.link(account))
    await follows(page, "Reactivate for $75.00")
    kept = await page.context.new_page()
    await kept.goto(f"{shop.url}/portal/accounts/{account}/reactivate")
    await pays(page, "$75.00")
    await sees(page, "You are back.")
    await pays(kept, "$75.00")
    await sees(kept, "Your account is in service. Nothing more was charged.")
    await kept.reload()
    await sees(kept, "In service")
    assert await shop.charged(account) == [7500, 7500]


@BOTH
async def test_R7_a_stale_quote_is_shown_anew(shop: Shop, visit: Visits, *, scripts: bool) -> None:
    """The carts changed after the page was shown: the new sum, a new button, and no charge before it is pressed."""
    account = await disabled(shop)
    page: Page = await visit(java_script_enabled=scripts)
    await page.goto(await shop.link(account))
    await follows(page, "Reactivate for $75.00")
    await sees(page, "To pay now")
    await shop.do(account, "carts", {"carts": 4}, "PUT")
    await pays(page, "$75.00")
    await sees(page, "The price has changed since this page was shown. Nothing was charged.")
    assert await shop.charged(account) == [7500]
    await pays(page, "$100.00")
    await sees(page, "You are back.")
    assert await shop.charged(account) == [7500, 10000]


async def test_R6_the_term_ends_while_the_page_is_open(shop: Shop, visit: Visits) -> None:
    """Taking a cancellation back was free when shown; it is not any more, so the price is shown first."""
    account = await shop.open()
    await shop.do(account, "cancel")
    page: Page = await visit()
    await page.goto(await shop.link(account))
    await expect(page.get_by_role("button", name="Take the cancellation back")).to_be_visible()
    await shop.move(account)
    await presses(page, "Take the cancellation back")
    await sees(page, "To pay now", "$75.00")
    assert await shop.charged(account) == [7500]


async def test_a_slow_payment_is_waited_for(shop: Shop, visit: Visits) -> None:
    """Stripe is slow: the page says that the payment is under way, and shows by itself how it went."""
    account = await disabled(shop)
    page: Page = await visit()
    await page.goto(await shop.link(account))
    await follows(page, "Reactivate for $75.00")
    fault = await shop.fault(path=r"/v1/invoices/[^/]+/pay", hang=True)
    pressed = asyncio.create_task(pays(page, "$75.00"))
    other = await page.context.new_page()
    await shop.until_payment(account, "collecting")
    await other.goto(f"{shop.url}/portal/accounts/{account}/reactivate")
    await sees(other, "Payment under way", "We are collecting $75.00.")
    await (await shop.http.delete(f"{shop.stripe}/_sandbox/faults/{fault}")).aclose()
    await sees(other, "In service")
    await pressed
    await sees(page, "In service")
    assert await shop.charged(account) == [7500, 7500]


async def test_R19_without_billing_access(shop: Shop, visit: Visits) -> None:
    """A page that says whom to ask, and no button but the one to leave."""
    account = await shop.open()
    page: Page = await visit()
    await page.goto(await shop.link(account, billing_access=False, ask="Grace Hopper"))
    await sees(page, "No Billing Access", "Ask Grace Hopper to grant it to you")
    assert await page.get_by_role("button").all_inner_texts() == ["Sign out"]
    await expect(page.get_by_role("navigation")).to_have_count(0)
    for path in ("/subscription", "/cancel", "/reactivate", "/invoices", "/history", "/billing-information"):
        answer = await page.goto(f"{shop.url}/portal/accounts/{account}{path}")
        assert answer is not None
        assert answer.status == 403
        await sees(page, "No Billing Access")
    assert (await shop.account(account))["state"] == "active"


@BOTH
async def test_R19_a_reused_and_an_expired_link(shop: Shop, visit: Visits, *, scripts: bool) -> None:
    """Each says what to do; neither signs anybody in."""
    account = await shop.open()
    first: Page = await visit(java_script_enabled=scripts)
    link = await shop.link(account)
    await first.goto(link)
    await sees(first, "In service")
    second: Page = await visit(java_script_enabled=scripts)
    user = PortalUser(id="user-7", name="Ada", billing_access=True)
    over = HandOver(session="over", account_id=account, user=user, expires=time.time() - 1)
    settings = ApiSettings(STRIPE_API_KEY="sk_test_reprise", jwt_secret=shop.system.secrets.jwt_secret)
    for spent in (link, f"{shop.url}/portal/sign-in/{Seal(Keys(settings)).link(over)}"):
        await second.goto(spent)
        await sees(second, "This link has been used", "A sign-in link works once, within five minutes.")
        answer = await second.goto(f"{shop.url}/portal/accounts/{account}")
        assert answer is not None
        assert answer.status == 401
        await sees(second, "Please sign in again")


async def test_R19_another_accounts_id_in_the_address(shop: Shop, visit: Visits) -> None:
    """As if there were no such account."""
    mine, theirs = await shop.open(), await shop.open()
    page: Page = await visit()
    await page.goto(await shop.link(mine))
    shown = []
    for account in (theirs, "none"):
        answer = await page.goto(f"{shop.url}/portal/accounts/{account}/subscription")
        assert answer is not None
        assert answer.status == 404
        shown.append((await page.content()).replace(account, "…"))
    assert shown[0] == shown[1]
    await follows(page, "Overview")
    await sees(page, "In service")


async def test_signing_out(shop: Shop, visit: Visits) -> None:
    """Back shows nothing of the account any more."""
    account = await shop.open()
    page: Page = await visit()
    await page.goto(await shop.link(account))
    await presses(page, "Sign out")
    await sees(page, "You are signed out")
    assert await page.context.cookies() == []
    await page.go_back()
    await sees(page, "Please sign in again")


async def test_amounts_and_dates_are_the_readers(shop: Shop, visit: Visits) -> None:
    """E11: yen without decimals, in the account's zone, as a German browser wants them."""
    account = await shop.open(
        plan={"currency": "jpy", "unit_amount": 500},
        timezone="Asia/Tokyo",
        carts=4,
        paid_through="2027-02-27T16:30:00Z",
    )
    page: Page = await visit(locale="de-DE")
    await page.goto(await shop.link(account))
    said = re.sub(r"\s", " ", await page.locator("main").inner_text())
    assert "2.000 ¥ (4 Warenkörbe × 500 ¥)" in said
    assert re.search(r"28\. Feb\.( 2027)?", said)  # half past one in the night, in Tokyo
    assert "01:30 (Ortszeit Tokio)" in said


async def test_nothing_personal_in_addresses(shop: Shop, visit: Visits) -> None:
    """No name, e-mail or id of a user in any address that the browser asks for, nor in the API's log."""
    account = await shop.open(email="ada.secret@example.com")
    page: Page = await visit()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    user = {"id": "ada-lovelace-1815", "name": "Ada Lovelace", "billing_access": True}
    await page.goto(str((await shop.do(account, "portal-sessions", {"user": user}))["url"]))
    for name in ("Manage Subscription", "Invoices", "History"):
        await follows(page, name)
        await expect(page.get_by_role("heading", level=1)).to_have_text(name)
    logs = "".join(each.read_text() for each in shop.data.glob("logs/*.log"))
    assert len(asked) > 5
    for text in (*asked, logs):
        assert not re.search("lovelace|ada.secret|owner@", text, re.IGNORECASE)
