"""`make screenshots`: every page in every state, in desktop and phone width, as PNG files; those of the documents."""

import asyncio
import os
import shutil
import sys
import tempfile
from pathlib import Path

from playwright.async_api import Browser, Page

from tests.browser import chromium, temporal_ui
from tests.browser.shop import Shop, opened
from tests.browser.states import PAGES, STATES, disabled

WIDTHS = {"desktop": {"width": 1100, "height": 760}, "phone": {"width": 390, "height": 844}}
AT_ONCE = asyncio.Semaphore(3)
IN_DOCS = Path("docs/screenshots")
README = {
    "in-service-overview-desktop": "overview",
    "in-service-cancel-desktop": "cancel",
    "disabled-reactivate-desktop": "reactivate",
}


async def picture(shop: Shop, browser: Browser, state: str, into: Path) -> None:
    async with AT_ONCE:
        await taken(shop, browser, state, into)


async def taken(shop: Shop, browser: Browser, state: str, into: Path) -> None:
    account = await STATES[state](shop)
    for width, viewport in WIDTHS.items():
        context = await browser.new_context(viewport=viewport, device_scale_factor=1)  # type: ignore[arg-type]
        page = await context.new_page()
        await page.goto(await shop.link(account, return_url="https://shop.example.com/settings"))
        for name, path in PAGES.items():
            await page.goto(f"{shop.url}/portal/accounts/{account}{path}")
            if page.url.endswith(path):  # a page that does not fit the state leads on to another
                await page.screenshot(path=into / f"{state}-{name}-{width}.png", full_page=True)
        await context.close()


async def others(shop: Shop, browser: Browser, into: Path) -> None:
    """The pages that are no account's, those that last for seconds, and Stripe's pages in the sandbox."""
    for width, viewport in WIDTHS.items():
        context = await browser.new_context(viewport=viewport)  # type: ignore[arg-type]
        page = await context.new_page()

        async def shot(name: str, page: Page = page, width: str = width) -> None:
            await page.screenshot(path=into / f"{name}-{width}.png", full_page=True)

        account = await disabled(shop)
        link = await shop.link(account, billing_access=False, ask="Grace Hopper")
        await page.goto(link)
        await shot("no-billing-access")
        await page.get_by_role("button", name="Sign out").click()
        await page.get_by_text("You are signed out").wait_for()
        await shot("signed-out")
        await page.goto(link)
        await shot("spent-link")

        await page.goto(await shop.link(account))
        await page.goto(f"{shop.url}/portal/accounts/{account}/reactivate")
        await shop.do(account, "carts", {"carts": 2}, "PUT")
        await page.get_by_role("button", name="Pay $75.00 and reactivate").click()
        await page.get_by_text("The price has changed").wait_for()
        await shot("price-changed")
        await shop.card(account, "pm_card_authenticationRequired")
        fault = await shop.fault(path=r"/v1/invoices/[^/]+/pay", hang=True)
        pressed = asyncio.create_task(page.get_by_role("button", name="Pay $50.00 and reactivate").click())
        await shop.until_payment(account, "collecting")
        other = await context.new_page()
        await other.goto(f"{shop.url}/portal/accounts/{account}/reactivate")
        await shot("payment-under-way", other)
        await (await shop.http.delete(f"{shop.stripe}/_sandbox/faults/{fault}")).aclose()
        await pressed

        await other.get_by_role("link", name="Confirm the payment").click()
        await shot("stripe-invoice", other)
        await other.get_by_role("link", name="Authenticate the payment").click()
        await shot("stripe-authentication", other)
        await other.goto(f"{shop.url}/portal/accounts/{account}/billing-information")
        await shot("stripe-portal", other)
        await context.close()


async def main(into: Path) -> None:
    with tempfile.TemporaryDirectory() as data:
        async with opened(Path(data)) as shop, chromium.browser() as browser:
            await asyncio.gather(*(picture(shop, browser, state, into) for state in STATES))
            await others(shop, browser, into)
            await temporal_ui.pictures(shop, browser, IN_DOCS)


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    if chromium.path() is None:
        sys.exit(chromium.MISSING)
    IN_DOCS.mkdir(parents=True, exist_ok=True)
    asyncio.run(main(folder))
    for shown, name in README.items():
        shutil.copyfile(folder / f"{shown}.png", IN_DOCS / f"{name}.png")
    print(f"{len(list(folder.glob('*.png')))} screenshots in {folder}, those of the documents in {IN_DOCS}", flush=True)
    os._exit(0)  # Temporal's client now and then aborts the interpreter's own shutdown
