"""What a person does on a page, and sees there."""

import re

import pytest
from playwright.async_api import Page, expect

BOTH = pytest.mark.parametrize("scripts", [False, True], ids=["without-javascript", "with-javascript"])
"""By a browser that runs no scripts, and by one that does."""


async def sees(page: Page, *texts: str | re.Pattern[str]) -> None:
    for text in texts:
        await expect(page.locator("main")).to_contain_text(text)


async def presses(page: Page, name: str | re.Pattern[str]) -> None:
    await page.get_by_role("button", name=name).click()


async def follows(page: Page, name: str | re.Pattern[str]) -> None:
    await page.get_by_role("link", name=name).first.click()


async def pays(page: Page, amount: str) -> None:
    """Press the button that says a sum and a card."""
    await presses(page, re.compile(rf"Pay {re.escape(amount)} with"))


async def uses_card(page: Page, label: str) -> None:
    """Enter another card at Stripe, which leads back by itself."""
    await page.get_by_label("New card").select_option(label=label)
    await presses(page, "Use this card")
    await sees(page, "Your card is changed.")


async def elsewhere(page: Page, name: str | re.Pattern[str]) -> Page:
    """Follow a link that opens a new tab, and return that."""
    async with page.context.expect_page() as opened:
        await page.get_by_role("link", name=name).first.click()
    return await opened.value
