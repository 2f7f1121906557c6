"""Every page in every state: axe finds nothing, nothing is cut off on a phone, and a keyboard is enough."""

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.browser.by_hand import follows, pays, presses, sees
from tests.browser.conftest import Visits
from tests.browser.gallery import SAMPLE, SCHEMES, WIDTHS, all_pages
from tests.browser.shop import Shop
from tests.browser.states import disabled

AXE = (Path(__file__).parent / "axe-4.14.1.min.js").read_text()
PHONE = {"width": 360, "height": 740}


async def violations(page: Page) -> list[str]:
    """Return what axe finds, by all the rules that it has on by default: WCAG and best practices."""
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(AXE)
    found: dict[str, Any] = await page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [f"{page.url}: {each['id']}: {each['nodes'][0]['html']}" for each in found["violations"]]


TARGETS = """() => [...document.querySelectorAll("main a, main button, main input:not([type=hidden]), nav a, summary")]
  .filter(each => each.checkVisibility() && !each.closest(".aside"))
  .map(each => [each.innerText || each.name, each.getBoundingClientRect()])
  .filter(([, box]) => box.height < 43.5 || box.width < 24)
  .map(([name, box]) => `${name}: ${Math.round(box.width)}x${Math.round(box.height)}`)"""


async def too_small(page: Page) -> list[str]:
    """Say which targets are lower than 44 pixels (w3.org/TR/WCAG22/#target-size-enhanced)."""
    return [f"{page.url}: {each}" for each in await page.evaluate(TARGETS)]


async def cut_off(page: Page) -> list[str]:
    """Say whether the page is wider than its window."""
    wide: int = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return [f"{page.url}: {wide} pixels too wide"] if wide > 0 else []


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (320, "dark")])
async def test_the_pages_of_the_gallery(gallery: str, visit: Visits, width: int, scheme: str) -> None:
    """In a wide window and in a narrow one, light and dark: axe finds nothing, and nothing is off the screen."""
    page: Page = await visit(bypass_csp=True, viewport={"width": width, "height": 800}, color_scheme=scheme)
    found = []
    for each in SAMPLE:
        await page.goto(f"{gallery}/{each}")
        found += [*await violations(page), *await cut_off(page), *await too_small(page)]
    assert not found, "\n".join(found)


@pytest.mark.long
@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS.values())
async def test_every_standing_in_every_width_and_scheme(gallery: str, visit: Visits, width: int, scheme: str) -> None:
    """All pages, built alike or not; in German, whose words are longer, nothing is off the screen either."""
    page: Page = await visit(bypass_csp=True, viewport={"width": width, "height": 800}, color_scheme=scheme)
    german: Page = await visit(viewport={"width": width, "height": 800}, color_scheme=scheme, locale="de-DE")
    found = []
    for each in all_pages():
        await page.goto(f"{gallery}/{each}")
        await german.goto(f"{gallery}/{each}")
        found += [*await violations(page), *await cut_off(page), *await too_small(page), *await cut_off(german)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("width", [640, 195])
async def test_at_twice_the_size(gallery: str, visit: Visits, width: int) -> None:
    """At 200 % a window has half its pixels: 1280 and 390 (w3.org/TR/WCAG22/#reflow); nothing is off the screen."""
    page: Page = await visit(viewport={"width": width, "height": 600})
    for each in ("overview", "invoices", "history"):
        await page.goto(f"{gallery}/past-due/{each}")
        assert not await cut_off(page)


async def test_a_page_prints_as_a_statement(gallery: str, visit: Visits) -> None:
    """Whose account and as of when; no navigation, no button."""
    page: Page = await visit()
    await page.goto(f"{gallery}/in-service/invoices")
    await page.emulate_media(media="print")
    await expect(page.get_by_text("Account shop-42, as of Dec 10, 2026")).to_be_visible()
    await expect(page.get_by_role("navigation")).to_be_hidden()
    await expect(page.get_by_role("button", name="Sign out")).to_be_hidden()
    await expect(page.get_by_text("$75.00").first).to_be_visible()


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
    await pays(page, "$75.00")
    await sees(page, "The price has changed")
    found = [*await violations(page), *await cut_off(page)]
    fault = await shop.fault(path=r"/v1/invoices/[^/]+/pay", hang=True)
    pressed = asyncio.create_task(pays(page, "$50.00"))
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
        ("^Cancel subscription$", "What stays"),
        ("^Stop my shop now…$", "You give up"),
    ):
        await tabs_to(page, name)
        await page.keyboard.press("Enter")
        await sees(page, then)
    await tabs_to(page, "^Stop my shop now$")
    await page.keyboard.press("Enter")
    await sees(page, "Disabled since")
    await tabs_to(page, "^Reactivate$")
    await page.keyboard.press("Enter")
    await sees(page, "No charge")
    await tabs_to(page, "^Reactivate at no charge$")
    await page.keyboard.press("Space")
    await sees(page, "You are back. Nothing was charged.")


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
    await expect(page.get_by_role("status")).to_have_text(
        re.compile(r"The number of carts is changed\. From .*: 5 carts, \$125\.00\.")
    )
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
