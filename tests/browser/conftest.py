"""Tests of the pages run the whole system and a real browser, shared by all tests of a process."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest
from playwright.async_api import Browser, ConsoleMessage, Page, expect

from tests.browser import chromium
from tests.browser.gallery import gallery_served
from tests.browser.shop import Shop, opened

expect.set_options(timeout=chromium.PATIENCE)


@pytest.fixture(scope="session")
async def shop(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shop]:
    """The embedded system."""
    if chromium.path() is None:
        pytest.skip(chromium.MISSING)
    async with opened(tmp_path_factory.mktemp("shop")) as running:
        yield running


@pytest.fixture(scope="session")
async def chrome() -> AsyncIterator[Browser]:
    """Debian's Chromium."""
    if chromium.path() is None:
        pytest.skip(chromium.MISSING)
    async with chromium.browser() as started:
        yield started


@pytest.fixture(scope="session")
async def gallery() -> AsyncIterator[str]:
    """Where the gallery is served, without Temporal and Stripe."""
    async with gallery_served() as url:
        yield url


Visits = Callable[..., Any]


@pytest.fixture
async def visit(chrome: Browser) -> AsyncIterator[Visits]:
    """Open browsers of one person each; what a page's console complains of fails the test."""
    complaints: list[str] = []

    def heard(said: ConsoleMessage) -> None:
        if said.type == "error" and not _is_refusal(said):
            complaints.append(said.text)

    async with AsyncExitStack() as contexts:

        async def person(**options: Any) -> Page:
            context = await chrome.new_context(**{"viewport": {"width": 1100, "height": 760}, **options})
            context.set_default_timeout(chromium.PATIENCE)
            contexts.push_async_callback(context.close)
            page = await context.new_page()
            page.on("console", heard)
            page.on("pageerror", lambda error: complaints.append(str(error)))
            return page

        yield person
    assert not complaints


def _is_refusal(said: ConsoleMessage) -> bool:
    """The console tells of every answer from 400 on; what a page makes of it is seen on the page."""
    return said.text.startswith("Failed to load resource: the server responded with a status of 4")
