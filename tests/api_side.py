"""The API, as tests see it: served over real HTTP, asked by callers of every kind; and what opens an account."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx
import uvicorn
from starlette.types import ASGIApp

from reprise.http.minting import mint
from reprise.serving import Connection, config, listen
from reprise.settings import ApiSettings
from tests.plain_http import plain_client
from tests.stripe_side import StripeSide

SECRET = "a secret of the tests, long enough for any of the HMAC algorithms: 64 bytes"
WEBHOOK_SECRET = "whsec_dGVzdHMgb2YgdGhlIGFwaSBvdmVyIGh0dHA="

Json = dict[str, Any]

OPERATORS_ONLY = ["disable", "enable", "extend", "plan", "close"]
"""Commands that neither billing users nor the product's backend may send."""


def api_settings(stripe: StripeSide, **changes: Any) -> ApiSettings:
    given = {
        "STRIPE_API_KEY": "sk_test_reprise",
        "stripe_url": stripe.url,
        "jwt_secret": SECRET,
        "STRIPE_WEBHOOK_SECRET": WEBHOOK_SECRET,
        "limit_wrong_tokens": "",  # many tests share one address
        "limit_sign_ins": "",
        "limit_callers": "",
        **changes,
    }
    return ApiSettings(**given)


@asynccontextmanager
async def served(
    app: ASGIApp, http: type[Connection] = Connection, *, trusted_proxies: str | None = None
) -> AsyncIterator[str]:
    """Serve an application on a free port, over real HTTP, as it is served in production."""
    listener = listen("127.0.0.1", 0)
    server = uvicorn.Server(config(app, http, trusted_proxies=trusted_proxies, lifespan="on"))
    running = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await running
        listener.close()


class Api:
    """The API as one caller sees it."""

    def __init__(self, url: str, token: str | None) -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self.http = plain_client(base_url=url, headers=headers, timeout=30)
        self.url = url

    async def ask(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.http.request(method, path, json=body, headers=sent)

    async def get(self, path: str) -> Json:
        answer = await self.ask("GET", path)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


def token(*accounts: str, scope: str = "billing", sub: str = "tester", ttl: timedelta = timedelta(hours=1)) -> str:
    return mint(SECRET, sub=sub, scope=scope, accounts=list(accounts), ttl=ttl)


Callers = Callable[..., Api]


def new_account(**changes: Any) -> Json:
    return {
        "account_id": f"shop-{uuid.uuid4().hex[:12]}",
        "email": "owner@example.com",
        "carts": 3,
        "plan": {"currency": "usd", "unit_amount": 2500},
        "payment_method": "pm_card_visa",
        **changes,
    }
