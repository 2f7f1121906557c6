"""The seed's two stories, by hand in a real browser, without and with JavaScript."""

import re

from playwright.async_api import Page, expect

from tests.browser.by_hand import BOTH, elsewhere, follows, pays, presses, sees, uses_card
from tests.browser.conftest import Visits
from tests.browser.shop import Shop
from tests.browser.states import disabled, on_its_way, past_due


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
    await sees(
        page, re.compile(r"The number of carts is changed\. From .*: 4 carts, \$100\.00\."), "Now: 3 carts, paid to"
    )
    await follows(page, "Edit billing information")
    await page.get_by_label("Name").fill("Ada's Shop")
    await presses(page, "Save")
    await follows(page, "Return")
    await follows(page, "Change card")
    await uses_card(page, "Mastercard 4444, succeeds")
    await sees(page, re.compile("Mastercard.*4444, expires 12/34"))

    await follows(page, "Invoices")
    await expect(page.get_by_role("row")).to_have_count(2)
    await sees(page, "$75.00", "Paid")
    invoice = await elsewhere(page, "View invoice")
    await sees(invoice, "75.00 USD", "Paid. Thank you.")
    await invoice.close()

    await follows(page, "Manage Subscription")
    await follows(page, "Cancel subscription")
    await sees(page, "What stays")
    await presses(page, re.compile("Cancel on"))
    await sees(page, "Your subscription is cancelled.", "Works until", "Nothing more is charged.")
    await presses(page, "Take the cancellation back")
    await sees(page, "Nothing was charged.", "In service")
    await follows(page, "Manage Subscription")
    await follows(page, "Cancel subscription")
    await presses(page, re.compile("Cancel on"))
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
    await pays(page, "$125.00")
    await sees(page, "The payment failed: there is not enough money available.", "Nothing was charged.")
    assert await shop.charged(account) == [7500]

    await follows(page, "Use another card")
    await uses_card(page, "Mastercard 4444, succeeds")
    await sees(page, "To pay now", "$125.00")
    await pays(page, "$125.00")
    await sees(
        page,
        "You are back.",
        re.compile(r"\$125\.00 paid with Mastercard.*4444"),
        re.compile(r"Renews .* for \$125\.00"),
    )
    assert await shop.charged(account) == [7500, 12500]
    await shop.until(account, state="reactivated")

    await page.reload()
    await sees(page, "In service")
    await page.go_back()
    await sees(page, "You are back.", "Receipt")
    await page.wait_for_load_state()
    await page.go_forward()
    await sees(page, "Coming payments")
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
    await pays(page, "$75.00")
    await sees(page, "Confirm a payment", "Your bank wants you to confirm the payment of $75.00.")
    await presses(page, "Call the payment off")
    await sees(page, "The payment is called off. Nothing was charged.")
    await follows(page, "Reactivate for $75.00")
    await pays(page, "$75.00")
    bank = await elsewhere(page, "Confirm the payment")
    await follows(bank, "Authenticate the payment")
    await presses(bank, "Complete authentication")
    await sees(bank, "Paid. Thank you.")
    await shop.until(account, state="reactivated")
    if not scripts:
        await follows(page, "I have confirmed it")
    await sees(page, "You are back.", "$75.00 paid with Visa", "In service")
    assert await shop.charged(account) == [7500, 7500]


@BOTH
async def test_R9_an_owner_pays_a_failed_renewal_by_hand(shop: Shop, visit: Visits, *, scripts: bool) -> None:
    """What to pay, until when, why; the coming tries; the open invoice in a new tab, and the page knows by itself."""
    account = await past_due(shop)
    page: Page = await visit(java_script_enabled=scripts)
    await page.goto(await shop.link(account))
    await sees(
        page, re.compile(r"Pay \$75\.00 by .* to keep your shop running"), "We could not collect $75.00 with Visa"
    )
    await sees(page, "there is not enough money available", "We try again on", "Your shop works until")
    invoice = await elsewhere(page, "Pay $75.00 now")
    await invoice.get_by_label("Pay with").select_option(label="Test card: Visa 4242, succeeds")
    await presses(invoice, "Pay 75.00 USD")
    await sees(invoice, "Paid. Thank you.")
    await shop.until(account, state="active")
    if not scripts:
        await follows(page, "I have paid: look again")
    await sees(page, "In service", "$75.00 paid with")
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
    await follows(page, "Stop my shop now…")
    await sees(page, "Stop your shop now?", "You give up", "The time until then stays yours")
    await presses(page, "Stop my shop now")
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
    await follows(page, "Stop my shop now…")
    await sees(page, re.compile(r"You give up \d+ paid days"))
    await presses(page, "Stop my shop now")
    await sees(page, "Your shop has stopped", "Disabled since", "Coming back costs nothing: it is paid until")
    await follows(page, "Reactivate")
    await presses(page, "Reactivate at no charge")
    await sees(page, "In service")
    assert await shop.charged(account) == [7500]


async def test_R11_what_carts_will_cost_is_said_while_one_types(shop: Shop, visit: Visits) -> None:
    """Beside the field, before anything is saved; without JavaScript a button says it."""
    account = await shop.open()
    page: Page = await visit()
    await page.goto(await shop.link(account))
    await follows(page, "Manage Subscription")
    await page.get_by_label("Number of carts").fill("7")
    await expect(page.locator("#costs")).to_have_text(re.compile(r"From .*: 7 carts, \$175\.00\."))
    plain: Page = await visit(java_script_enabled=False)
    await plain.goto(await shop.link(account))
    await follows(plain, "Manage Subscription")
    await plain.get_by_label("Number of carts").fill("8")
    await presses(plain, "Show what it costs")
    await expect(plain.locator("#costs")).to_have_text(re.compile(r"From .*: 8 carts, \$200\.00\."))
    await expect(plain.get_by_label("Number of carts")).to_have_value("8")
    assert (await shop.account(account))["carts"] == 3


async def test_R20_what_is_wrong_is_said_at_its_field(shop: Shop, visit: Visits) -> None:
    """At the page's own address, with what was typed; then mended there."""
    account = await shop.open()
    page: Page = await visit()
    await page.goto(await shop.link(account))
    await follows(page, "Manage Subscription")
    await page.get_by_label("Billing e-mail").fill("ada@shop")
    await presses(page, "Save e-mail")
    field = page.get_by_label("Billing e-mail")
    await expect(field).to_have_attribute("aria-invalid", "true")
    await expect(field).to_have_value("ada@shop")
    await expect(page.locator("#email-error")).to_contain_text("must be an e-mail address")
    assert page.url.endswith("/subscription")
    await field.fill("ada@shop.example.com")
    await presses(page, "Save e-mail")
    await sees(page, "Your billing e-mail is changed.")
