"""What tests of the pages share."""

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.plain_http import plain_client


@pytest.fixture
async def browser(api_url: str) -> AsyncIterator[httpx.AsyncClient]:
    """A browser without a session: it keeps cookies, and follows where it is led."""
    async with plain_client(base_url=api_url, follow_redirects=True, timeout=30) as made:
        yield made
