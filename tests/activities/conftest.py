"""What tests of the activities share: payers, one registered with a good card; what was asked of Stripe meanwhile."""

import asyncio
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import stripe

from tests.activities.payer import Payer
from tests.stripe_side import StripeSide, a_sandbox

stripe_process = pytest.fixture(scope="package")(a_sandbox)  # nobody else speaks to it: some faults count requests


@pytest.fixture
async def payer(stripe_side: StripeSide) -> Payer:
    here = Payer(stripe_side)
    await here.register()
    return here


@pytest.fixture
def time_outs(monkeypatch: pytest.MonkeyPatch) -> list[float | None]:
    """Note the seconds of each time-out that is begun, which goes on as ever."""
    noted: list[float | None] = []
    begin = asyncio.timeout

    def note(seconds: float | None) -> asyncio.Timeout:
        noted.append(seconds)
        return begin(seconds)

    monkeypatch.setattr(asyncio, "timeout", note)
    return noted


@dataclass(frozen=True)
class Sent:
    """One request to Stripe. `key`: our idempotency key; the library makes one by itself where we give none."""

    call: str
    params: dict[str, str]
    key: str | None = None


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[Sent]:
    """Note what goes out to Stripe, which answers as ever."""
    noted: list[Sent] = []
    send = stripe.HTTPXClient.request_async

    async def note(self: Any, method: str, url: str, headers: Mapping[str, str], post_data: Any = None) -> Any:
        at, key = urlsplit(url), headers.get("Idempotency-Key")
        params = dict(parse_qsl(post_data or at.query, keep_blank_values=True))
        noted.append(Sent(f"{method.upper()} {at.path}", params, None if _is_random(key) else key))
        return await send(self, method, url, headers, post_data)

    monkeypatch.setattr(stripe.HTTPXClient, "request_async", note)
    return noted


def _is_random(key: str | None) -> bool:
    try:
        return str(uuid.UUID(key)) == key
    except (TypeError, ValueError):
        return False
