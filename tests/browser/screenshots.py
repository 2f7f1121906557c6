"""`make screenshots`: every page of every standing in the gallery, wide, narrow, light, dark; those of the documents.

Pages of Stripe's side in the sandbox, and those that are no account's, are pictured in a running system.
"""

import asyncio
import os
import shutil
import sys
import tempfile
from pathlib import Path

from playwright.async_api import Browser, Page

from tests.browser import chromium, temporal_ui
from tests.browser.gallery import WIDTHS, all_pages, gallery_served
from tests.browser.shop import Shop, opened
from tests.browser.states import disabled
from tests.docs.pages import picture, pictured

PICTURED = (("desktop", "light"), ("phone", "light"), ("small", "dark"))
IN_DOCS = Path("docs/screenshots")
README = {
    "carts-changed-overview-desktop-light": "overview",
    "in-service-cancel-desktop-light": "cancel",
    "lapsed-reactivate-desktop-light": "reactivate",
}


async def standings(browser: Browser, gallery: str, into: Path) -> None:
    """Picture the gallery."""
    for name, scheme in PICTURED:
        context = await browser.new_context(
            viewport={"width": WIDTHS[name], "height": 760},
            color_scheme=scheme,  # type: ignore[arg-type] # one of the two
            device_scale_factor=1,
        )
        page = await context.new_page()
        for each in all_pages():
            await page.goto(f"{gallery}/{each}")
            await page.screenshot(path=into / f"{each.replace('/', '-')}-{name}-{scheme}.png", full_page=True)
        await context.close()


async def others(shop: Shop, browser: Browser, into: Path) -> None:
    """The pages that are no account's, and Stripe's pages in the sandbox."""
    for name in ("desktop", "phone"):
        context = await browser.new_context(viewport={"width": WIDTHS[name], "height": 760})
        page = await context.new_page()

        async def shot(what: str, page: Page = page, width: str = name) -> None:
            await page.screenshot(path=into / f"{what}-{width}.png", full_page=True)

        account = await disabled(shop)
        link = await shop.link(account, billing_access=False, ask="Grace Hopper")
        await page.goto(link)
        await shot("no-billing-access")
        await page.get_by_role("button", name="Sign out").click()
        await page.get_by_text("You are signed out").wait_for()
        await shot("signed-out")
        await page.goto(link)
        await shot("spent-link")

        await shop.card(account, "pm_card_authenticationRequired")
        awaiting = await shop.do(account, "reactivate")
        await page.goto(awaiting["payment"]["action_url"])
        await shot("stripe-invoice")
        await page.get_by_role("link", name="Authenticate the payment").click()
        await shot("stripe-authentication")
        await page.goto(await shop.link(account))
        await page.goto(f"{shop.url}/portal/accounts/{account}/billing-information")
        await shot("stripe-portal")
        await page.goto(f"{shop.url}/portal/accounts/{account}/payment-method")
        await shot("stripe-new-card")
        await context.close()


async def main(into: Path) -> None:
    async with chromium.browser() as browser:
        async with gallery_served() as gallery:
            await standings(browser, gallery, into)
        with tempfile.TemporaryDirectory() as data:
            async with opened(Path(data)) as shop:
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
    pages = {picture(standing, each): f"{standing}-{each}" for standing, seen in pictured().items() for each in seen}
    shutil.rmtree(next(iter(pages)).parent, ignore_errors=True)
    for kept, shown in pages.items():
        kept.parent.mkdir(exist_ok=True)
        shutil.copyfile(folder / f"{shown}-phone-light.png", kept)
    print(f"{len(list(folder.glob('*.png')))} screenshots in {folder}, those of the documents in {IN_DOCS}", flush=True)
    os._exit(0)  # Temporal's client now and then aborts the interpreter's own shutdown
