"""What tests of the pages share."""

from collections.abc import AsyncIterator

import httpx
import pytest


@pytest.fixture
async def browser(api_url: str) -> AsyncIterator[httpx.AsyncClient]:
    """A browser without a session: it keeps cookies, and follows where it is led."""
    async with httpx.AsyncClient(base_url=api_url, follow_redirects=True, timeout=30, trust_env=False) as made:
        yield made
