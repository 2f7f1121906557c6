"""Every page in every state: axe finds nothing, nothing is cut off on a phone, and a keyboard is enough."""

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import Visits
from tests.browser.shop import Shop
from tests.browser.states import PAGES, STATES, disabled
from tests.browser.test_stories import follows, presses, sees

AXE = (Path(__file__).parent / "axe-4.14.1.min.js").read_text()
PHONE = {"width": 360, "height": 740}
ON_A_PHONE = {"in-service", "declined", "past-due"}
"""The states whose pages axe looks at in a phone's width too: between them they have all that a page can hold."""
DESKTOP = {"width": 1100, "height": 760}


async def violations(page: Page) -> list[str]:
    """Return what axe finds, by all the rules that it has on by default: WCAG and best practices."""
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(AXE)
    found: dict[str, Any] = await page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [f"{page.url}: {each['id']}: {each['nodes'][0]['html']}" for each in found["violations"]]


async def cut_off(page: Page) -> list[str]:
    """Say whether the page is wider than its window."""
    wide: int = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return [f"{page.url}: {wide} pixels too wide"] if wide > 0 else []


@pytest.mark.parametrize("state", STATES)
async def test_every_page_in_this_state(shop: Shop, visit: Visits, state: str) -> None:
    """Axe at a desktop's width, and nothing cut off at a phone's."""
    account = await STATES[state](shop)
    page: Page = await visit(bypass_csp=True)  # axe is put into the page from outside
    await page.goto(await shop.link(account, return_url="https://shop.example.com/settings"))
    found = []
    for path in PAGES.values():
        await page.set_viewport_size(DESKTOP)  # type: ignore[arg-type]
        await page.goto(f"{shop.url}/portal/accounts/{account}{path}")
        if not page.url.endswith(path):
            continue  # a page that does not fit the state leads on to another
        found += await violations(page)
        await page.set_viewport_size(PHONE)  # type: ignore[arg-type]
        found += [*(await violations(page) if state in ON_A_PHONE else []), *await cut_off(page)]
        assert await page.locator("html").get_attribute("lang") == "en"
        await expect(page.get_by_role("heading", level=1)).to_have_count(1)
    assert not found, "\n".join(found)


async def test_the_pages_that_are_no_accounts(shop: Shop, visit: Visits) -> None:
    """Without Billing Access, signed out, a spent link, nowhere; and Stripe's pages in the sandbox."""
    account = await shop.open(payment_method="pm_card_authenticationRequired")
    page: Page = await visit(bypass_csp=True, viewport=PHONE)
    link = await shop.link(account, billing_access=False)
    await page.goto(link)
    found = await violations(page)
    await presses(page, "Sign out")
    await sees(page, "You are signed out")
    found += await violations(page)
    for address in (link, f"{shop.url}/portal/accounts/{account}"):
        await page.goto(address)
        found += [*await violations(page), *await cut_off(page)]
    await page.goto(await shop.link(account))
    await page.goto(f"{shop.url}/portal/nowhere")
    found += await violations(page)
    hosted = (await shop.account(account))["payment"]["action_url"]
    await page.goto(hosted)
    found += [*await violations(page), *await cut_off(page)]
    await follows(page, "Authenticate the payment")
    found += [*await violations(page), *await cut_off(page)]
    await presses(page, "Complete authentication")
    await sees(page, "Paid. Thank you.")
    found += await violations(page)
    await page.goto(f"{shop.url}/portal/accounts/{account}/billing-information")
    found += [*await violations(page), *await cut_off(page)]
    assert not found, "\n".join(found)


async def test_what_comes_while_a_payment_is_made(shop: Shop, visit: Visits) -> None:
    """Under way, and refused because the price changed: states that last for seconds."""
    account = await disabled(shop)
    page: Page = await visit(bypass_csp=True, viewport=PHONE)
    await page.goto(await shop.link(account))
    await page.goto(f"{shop.url}/portal/accounts/{account}/reactivate")
    await shop.do(account, "carts", {"carts": 2}, "PUT")
    await presses(page, "Pay $75.00 and reactivate")
    await sees(page, "The price has changed")
    found = [*await violations(page), *await cut_off(page)]
    fault = await shop.fault(path=r"/v1/invoices/[^/]+/pay", hang=True)
    pressed = asyncio.create_task(presses(page, "Pay $50.00 and reactivate"))
    await shop.until_payment(account, "collecting")
    other = await page.context.new_page()
    for path in ("", "/reactivate", "/subscription", "/history"):
        await other.goto(f"{shop.url}/portal/accounts/{account}{path}")
        found += [*await violations(other), *await cut_off(other)]
    await (await shop.http.delete(f"{shop.stripe}/_sandbox/faults/{fault}")).aclose()
    await pressed
    await sees(page, "In service")
    found += await violations(page)
    assert not found, "\n".join(found)


async def test_the_checks_can_fail(shop: Shop, visit: Visits) -> None:
    """A picture without a text, and a box that is too wide, are found."""
    page: Page = await visit(bypass_csp=True, viewport=PHONE)
    await page.goto(await shop.link(await shop.open()))
    await page.evaluate("document.querySelector('main').insertAdjacentHTML('beforeend', '<img src=x><hr width=900>')")
    assert "image-alt" in "".join(await violations(page))
    assert await cut_off(page)


async def tabs_to(page: Page, name: str | re.Pattern[str]) -> None:
    """Press Tab until the focus is on what has this name."""
    for _ in range(25):
        await page.keyboard.press("Tab")
        name_of = await page.evaluate(
            "document.activeElement.labels?.[0]?.innerText ?? document.activeElement.innerText"
        )
        if re.search(name, name_of or ""):
            seen = await page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert seen != "none", "the focus is visible"
            return
    raise AssertionError(f"no way to {name} by the keyboard")


@pytest.mark.parametrize("scripts", [False, True], ids=["without-javascript", "with-javascript"])
async def test_a_keyboard_is_enough(shop: Shop, visit: Visits, *, scripts: bool) -> None:
    """Cancel now and come back, without a mouse."""
    account = await shop.open()
    page: Page = await visit(java_script_enabled=scripts)
    await page.goto(await shop.link(account))
    for name, then in (
        ("^Manage Subscription$", "Shopping carts"),
        ("^Cancel subscription$", "When should your shop stop working?"),
    ):
        await tabs_to(page, name)
        await page.keyboard.press("Enter")
        await sees(page, then)
    await tabs_to(page, "At the end of what is paid")
    await page.keyboard.press("ArrowDown")
    await expect(page.get_by_role("radio", name=re.compile("Now"))).to_be_checked()
    await tabs_to(page, "^Cancel subscription$")
    await page.keyboard.press("Enter")
    await sees(page, "Disabled since")
    await tabs_to(page, "^Reactivate$")
    await page.keyboard.press("Enter")
    await sees(page, "No charge")
    await tabs_to(page, "^Reactivate at no charge$")
    await page.keyboard.press("Space")
    await sees(page, "Your account is back in service.")


async def test_after_a_swap_the_focus_is_on_the_new_page(shop: Shop, visit: Visits) -> None:
    """Htmx puts another page in place: its heading has the focus, its title is the window's, its language is set."""
    account = await shop.open()
    page: Page = await visit()
    await page.goto(await shop.link(account))
    for name in ("Manage Subscription", "Invoices", "History"):
        await follows(page, name)
        await expect(page.get_by_role("heading", level=1, name=name)).to_be_focused()
        await expect(page).to_have_title(f"{name} – Profile & Billing")
    await follows(page, "Manage Subscription")
    await page.get_by_label("Number of carts").fill("5")
    await presses(page, "Change")
    await expect(page.get_by_role("status")).to_have_text("The number of carts is changed, from your next payment on.")
    await expect(page.get_by_role("heading", level=1)).to_be_focused()


async def test_the_first_tab_leads_past_the_navigation(shop: Shop, visit: Visits) -> None:
    """Skip to the content."""
    page: Page = await visit()
    await page.goto(await shop.link(await shop.open()))
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")
    focused = await page.evaluate("document.querySelector('main').contains(document.activeElement)")
    assert focused


async def test_nothing_moves_for_those_who_want_it_still(shop: Shop, visit: Visits) -> None:
    """Reduced motion: no transition at all; otherwise there is one."""
    link = await shop.link(account := await disabled(shop))
    page: Page = await visit(reduced_motion="reduce")
    await page.goto(link)
    moving = "[...document.querySelectorAll('*')].some(e => parseFloat(getComputedStyle(e).transitionDuration) > 0)"
    assert not await page.evaluate(moving)
    other: Page = await visit(reduced_motion="no-preference")
    await other.goto(await shop.link(account))
    assert await other.evaluate(moving)
