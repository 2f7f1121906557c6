"""`make screenshots`: every page in every state, in desktop and phone width, as PNG files."""

import asyncio
import os
import sys
import tempfile
from pathlib import Path

from playwright.async_api import Browser

from tests.browser import chromium
from tests.browser.shop import Shop, opened
from tests.browser.states import PAGES, STATES

WIDTHS = {"desktop": {"width": 1100, "height": 760}, "phone": {"width": 390, "height": 844}}
AT_ONCE = asyncio.Semaphore(3)


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
    """The pages that are no account's."""
    account = await shop.open()
    for width, viewport in WIDTHS.items():
        context = await browser.new_context(viewport=viewport)  # type: ignore[arg-type]
        page = await context.new_page()
        link = await shop.link(account, billing_access=False, ask="Grace Hopper")
        await page.goto(link)
        await page.screenshot(path=into / f"no-billing-access-{width}.png", full_page=True)
        await page.get_by_role("button", name="Sign out").click()
        await page.screenshot(path=into / f"signed-out-{width}.png", full_page=True)
        await page.goto(link)
        await page.screenshot(path=into / f"spent-link-{width}.png", full_page=True)
        await context.close()


async def main(into: Path) -> None:
    with tempfile.TemporaryDirectory() as data:
        async with opened(Path(data)) as shop, chromium.browser() as browser:
            await asyncio.gather(*(picture(shop, browser, state, into) for state in STATES))
            await others(shop, browser, into)


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    asyncio.run(main(folder))
    print(f"{len(list(folder.glob('*.png')))} screenshots in {folder}", flush=True)
    os._exit(0)  # Temporal's client now and then aborts the interpreter's own shutdown
