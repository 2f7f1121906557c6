"""Temporal's own UI, as an operator uses it: its lists, an account's details, and updates that are sent by hand."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, FrameLocator, Locator, Page

from reprise.local.temporal_ui import links
from tests.browser import chromium
from tests.browser.shop import Shop
from tests.browser.states import cancelled, in_service, past_due, refused_for_good

COLUMNS = ("AccountState", "DeclineCode", "StateSince", "NextAction")
LEFT_OUT = ("Run ID", "Type", "Start", "End")


class TemporalUi:
    """The UI in one browser."""

    def __init__(self, shop: Shop, page: Page) -> None:
        self.shop, self.page = shop, page
        self.url = shop.system.addresses.temporal_ui
        page.set_default_timeout(chromium.PATIENCE)

    async def list_of(self, what: str) -> Locator:
        """Open one of the links that `reprise dev` prints; return the rows' links to accounts."""
        await self.page.goto(links(self.url)[what])
        rows = self.page.get_by_role("link", name="account-")
        await rows.first.wait_for()
        return rows

    async def choose_columns(self) -> None:
        """Let the list show why, since when, what is next, and until when."""
        await self.page.get_by_test_id("workflows-summary-table-configuration-button").click()
        for name in LEFT_OUT:
            await self.page.get_by_role("button", name=f"Remove {name} column").click()
        for name in COLUMNS:
            await self.page.get_by_role("button", name=f"Add {name} column").click()
        await self.page.reload()  # the browser keeps them
        await self.page.get_by_role("link", name="account-").first.wait_for()

    async def account(self, account_id: str) -> None:
        """Open an account's workflow."""
        await self.page.goto(f"{self.url}/namespaces/default/workflows/account-{account_id}")
        await self.page.get_by_role("button", name="More Actions").wait_for()

    async def details(self) -> FrameLocator:
        """Open the tab where an account's details stand; return them, rendered: the UI keeps Markdown in a frame."""
        await self.page.get_by_text("User Metadata").click()
        shown = self.page.frame_locator("iframe").last
        await shown.get_by_text("Waiting for:").wait_for()
        return shown

    async def write_update(self, name: str, sent: str = "") -> Locator:
        """Open the form that sends an update and fill it in; return it."""
        await self.page.get_by_role("button", name="More Actions").click()
        await self.page.get_by_role("menuitem", name="Send an Update").click()
        form = self.page.get_by_role("dialog")
        await form.get_by_test_id("update-select-button").click()
        await self.page.get_by_role("option").filter(has=self.page.get_by_text(name, exact=True)).click()
        if sent:
            await form.locator(".cm-content").click()
            await self.page.keyboard.insert_text(sent)
        return form

    async def send_update(self, name: str, sent: str = "") -> Locator:
        """Send an update; return its form, which shows a refusal."""
        form = await self.write_update(name, sent)
        await form.get_by_role("button", name="Submit").click()
        return form


@asynccontextmanager
async def temporal_ui(shop: Shop, browser: Browser) -> AsyncIterator[TemporalUi]:
    context = await browser.new_context(viewport={"width": 1600, "height": 900}, device_scale_factor=1)
    try:
        yield TemporalUi(shop, await context.new_page())
    finally:
        await context.close()


async def pictures(shop: Shop, browser: Browser, into: Path) -> None:
    """Picture what docs/operating.md tells of."""
    account = await past_due(shop)
    for bring_about in (refused_for_good, in_service, cancelled):
        await bring_about(shop)
    async with temporal_ui(shop, browser) as ui:
        await ui.list_of("past due")
        await ui.choose_columns()
        await ui.page.screenshot(path=into / "ops-list.png", clip={"x": 280, "y": 145, "width": 1300, "height": 230})
        await ui.account(account)
        await ui.details()
        await ui.page.screenshot(path=into / "ops-details.png", clip={"x": 928, "y": 270, "width": 650, "height": 430})
        await ui.account(account)
        form = await ui.write_update("disable", '{"reason": "chargeback, ticket 4711", "actor": "grace@example.com"}')
        await form.screenshot(path=into / "ops-update.png")
        await ui.account(account)
        form = await ui.send_update("carts", '{"carts": "many"}')
        await form.get_by_text("Nothing was changed").wait_for()
        await form.screenshot(path=into / "ops-refused.png")
