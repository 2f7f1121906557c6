"""The seed's two stories, by hand in a real browser, without and with JavaScript."""

import re

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import Visits
from tests.browser.shop import Shop
from tests.browser.states import disabled, on_its_way

BOTH = pytest.mark.parametrize("scripts", [False, True], ids=["without-javascript", "with-javascript"])


async def sees(page: Page, *texts: str | re.Pattern[str]) -> None:
    for text in texts:
        await expect(page.locator("main")).to_contain_text(text)


async def presses(page: Page, name: str | re.Pattern[str]) -> None:
    await page.get_by_role("button", name=name).click()


async def follows(page: Page, name: str | re.Pattern[str]) -> None:
    await page.get_by_role("link", name=name).first.click()


async def uses_card(page: Page, label: str) -> None:
    """Change the card on Stripe's customer portal, and come back."""
    await page.get_by_label("New card").select_option(label=label)
    await presses(page, "Use this card")
    await follows(page, "Return")


@BOTH
async def test_an_owner_manages_and_cancels(shop: Shop, visit: Visits, *, scripts: bool) -> None:
    """Log in, edit billing information, look at an invoice, cancel, change one's mind, cancel (R3, R4, R11)."""
    account = await shop.open()
    page: Page = await visit(java_script_enabled=scripts)
    await page.goto(await shop.link(account, return_url=f"{shop.url}/healthz"))
    await sees(page, "In service", re.compile(r"Renews .* for \$75\.00 \(3 carts × \$25\.00\)\."))

    await follows(page, "Manage Subscription")
    await page.get_by_label("Number of carts").fill("4")
    await presses(page, "Change")
    await sees(page, "The number of carts is changed, from your next payment on.", "$100.00 (4 carts × $25.00)")
    await follows(page, "Edit billing information")
    await page.get_by_label("Name").fill("Ada's Shop")
    await presses(page, "Save")
    await uses_card(page, "Mastercard 4444, succeeds")
    await sees(page, "In service")

    await follows(page, "Invoices")
    await expect(page.get_by_role("row")).to_have_count(2)
    await sees(page, "$75.00", "Paid")
    await follows(page, "View invoice")
    await sees(page, "75.00 USD", "Paid. Thank you.")
    await page.go_back()

    await follows(page, "Manage Subscription")
    await follows(page, "Cancel subscription")
    end = page.get_by_role("radio", name=re.compile("At the end of what is paid"))
    await expect(end).to_be_checked()
    await presses(page, "Cancel subscription")
    await sees(page, "Your subscription is cancelled.", "Works until", "Nothing more is charged.")
    await presses(page, "Take the cancellation back")
    await sees(page, "Nothing was charged.", "In service")
    await follows(page, "Manage Subscription")
    await follows(page, "Cancel subscription")
    await presses(page, "Cancel subscription")
    await sees(page, "Cancelled", "Works until")

    await follows(page, "History")
    await sees(page, "Account opened with 3 carts.")
    told = await page.locator("main").get_by_role("listitem").all_inner_texts()
    assert [each.split(";")[0].split("\n")[0] for each in told if "You" in each] == [
        "Cancelled",
        "Cancellation taken back, at no charge.",
        "Cancelled",
        "Changed to 4 carts, from the next payment on.",
    ]
    await follows(page, "Back to your shop")
    await expect(page).to_have_url(f"{shop.url}/healthz")
    assert await shop.charged(account) == [7500]


@BOTH
async def test_a_lapsed_owner_comes_back(shop: Shop, visit: Visits, *, scripts: bool) -> None:
    """E4, E6: months later: what it costs, a decline with what to do, another card, and one charge (R6, R7)."""
    account = await disabled(shop)
    await shop.do(account, "carts", {"carts": 5}, "PUT")
    await shop.card(account, await shop.bad_card())
    page: Page = await visit(java_script_enabled=scripts)
    await page.goto(await shop.link(account))
    await sees(page, "Disabled since", "Coming back costs $125.00 for the upcoming month.")
    await follows(page, "Reactivate for $125.00")
    await sees(page, "5 × $25.00", "To pay now", "$125.00")
    await presses(page, "Pay $125.00 and reactivate")
    await sees(page, "The payment failed: there is not enough money available.", "Nothing was charged.")
    assert await shop.charged(account) == [7500]

    await follows(page, "Change the card")
    await uses_card(page, "Visa 4242, succeeds")
    await follows(page, "Reactivate for $125.00")
    await presses(page, "Pay $125.00 and reactivate")
    await sees(page, "Your account is back in service.", re.compile(r"Renews .* for \$125\.00"))
    assert await shop.charged(account) == [7500, 12500]
    await shop.until(account, state="reactivated")

    await page.reload()
    await sees(page, "In service")
    await page.go_back()
    await sees(page, "There is nothing to bring back.")
    await page.wait_for_load_state()
    await page.go_forward()
    await sees(page, "Monthly price")
    await page.reload()
    await sees(page, "In service")
    assert await shop.charged(account) == [7500, 12500]


@BOTH
async def test_R10_an_owner_confirms_at_the_bank(shop: Shop, visit: Visits, *, scripts: bool) -> None:
    """The page leads to the bank; called off, nothing is charged; confirmed, the shop works (R14)."""
    account = await disabled(shop)
    await shop.card(account, "pm_card_authenticationRequired")
    page: Page = await visit(java_script_enabled=scripts)
    await page.goto(await shop.link(account))
    await follows(page, "Reactivate for $75.00")
    await presses(page, "Pay $75.00 and reactivate")
    await sees(page, "One step to go", "Your bank wants you to confirm the payment of $75.00.")
    await presses(page, "Call the payment off")
    await sees(page, "The payment is called off. Nothing was charged.")
    await follows(page, "Reactivate for $75.00")
    await presses(page, "Pay $75.00 and reactivate")
    address = page.url
    await follows(page, "Confirm the payment")
    await follows(page, "Authenticate the payment")
    await presses(page, "Complete authentication")
    await sees(page, "Paid. Thank you.")
    await shop.until(account, state="reactivated")
    await page.goto(address)
    await sees(page, "In service")
    assert await shop.charged(account) == [7500, 7500]


async def test_R9_an_owner_pays_a_failed_renewal_by_hand(shop: Shop, visit: Visits) -> None:
    """The page says when it is tried again; the hosted invoice settles it."""
    account = await shop.open()
    await shop.card(account, await shop.bad_card())
    await shop.move(account)
    await shop.until(account, state="past_due")
    page: Page = await visit()
    await page.goto(await shop.link(account))
    await sees(page, "Payment failed", "We try again on", "Your shop goes on working meanwhile.")
    await follows(page, "See the open invoice")
    await follows(page, "Pay invoice")
    await page.get_by_label("Pay with").select_option(label="Test card: Visa 4242, succeeds")
    await presses(page, "Pay 75.00 USD")
    await sees(page, "Paid. Thank you.")
    await shop.until(account, state="active")
    await page.goto(f"{shop.url}/portal/accounts/{account}")
    await sees(page, "In service")
    assert await shop.charged(account) == [7500, 7500]


async def test_R21_an_owner_pays_by_bank_transfer(shop: Shop, visit: Visits) -> None:
    """E13: days pass, the page says who has the money; then the shop works, paid once."""
    account = await on_its_way(shop)
    page: Page = await visit()
    await page.goto(await shop.link(account))
    await sees(page, "Payment on its way", "Your bank is transferring $75.00. This takes a few days.")
    await follows(page, "See how it goes")
    await sees(page, "You need do nothing.")
    await shop.settle()
    await shop.until(account, state="reactivated")
    await page.goto(f"{shop.url}/portal/accounts/{account}")
    await sees(page, "In service", re.compile(r"Renews .* for \$75\.00"))
    assert await shop.charged(account) == [7500]


async def test_E24_an_owner_stops_at_once_after_cancelling(shop: Shop, visit: Visits) -> None:
    """The second thoughts of somebody who has cancelled: out of service now, and the paid time stays theirs."""
    account = await shop.open()
    await shop.do(account, "cancel")
    page: Page = await visit()
    await page.goto(await shop.link(account))
    await follows(page, "Manage Subscription")
    await follows(page, "Stop the shop now instead")
    await sees(page, "Stop your shop now?", "the paid time stays yours")
    await presses(page, "Stop now")
    await sees(page, "your shop has stopped", "Coming back costs nothing")


async def test_R26_an_owner_changes_the_billing_email(shop: Shop, visit: Visits) -> None:
    """On Manage Subscription; shown on the overview."""
    account = await shop.open()
    page: Page = await visit()
    await page.goto(await shop.link(account))
    await follows(page, "Manage Subscription")
    await page.get_by_label("Billing e-mail").fill("new.owner@example.com")
    await presses(page, "Save e-mail")
    await sees(page, "Your billing e-mail is changed.")
    await follows(page, "Overview")
    await sees(page, "new.owner@example.com")


async def test_R6_within_the_term_it_is_free(shop: Shop, visit: Visits) -> None:
    """E5: cancelled now; the page says that coming back costs nothing."""
    account = await shop.open()
    page: Page = await visit()
    await page.goto(await shop.link(account))
    await follows(page, "Manage Subscription")
    await follows(page, "Cancel subscription")
    await page.get_by_role("radio", name=re.compile("Now")).check()
    await presses(page, "Cancel subscription")
    await sees(page, "Disabled since", "Coming back costs nothing: it is paid until")
    await follows(page, "Reactivate")
    await presses(page, "Reactivate at no charge")
    await sees(page, "In service")
    assert await shop.charged(account) == [7500]
