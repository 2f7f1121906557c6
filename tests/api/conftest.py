"""API tests run over real HTTP, on Temporal's dev server, with a worker and the Stripe sandbox."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx
import pytest
import uvicorn
from starlette.types import ASGIApp
from temporalio.client import Client

from reprise.http.minting import mint
from reprise.serving import Connection, config, listen
from reprise.settings import ApiSettings
from reprise.web import create_app
from reprise.worker import account_worker
from tests.stripe_side import StripeSide
from tests.workflows.conftest import worker_settings
from tests.workflows.dev_server import dev_server

SECRET = "a secret of the tests, long enough for any of the HMAC algorithms: 64 bytes"
WEBHOOK_SECRET = "whsec_dGVzdHMgb2YgdGhlIGFwaSBvdmVyIGh0dHA="

Json = dict[str, Any]


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
        self.http = httpx.AsyncClient(base_url=url, headers=headers, timeout=30, trust_env=False)
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


@pytest.fixture(scope="session")
async def temporal() -> AsyncIterator[Client]:
    """A dev server for the session, whose UI has the button Pause; by itself the server does not show it."""
    async with dev_server({"frontend.WorkflowPauseEnabled": "true"}) as client:
        yield client


@pytest.fixture(scope="session")
async def api_url(temporal: Client, stripe_process: StripeSide) -> AsyncIterator[str]:
    """The API, with the sandbox's webhooks coming in."""
    async with served(create_app(api_settings(stripe_process, command_wait=8), temporal)) as url:
        hook = {"url": f"{url}/v1/webhooks/stripe", "secret": WEBHOOK_SECRET}
        await asyncio.to_thread(stripe_process.post, "webhook_endpoints", hook)
        yield url


Callers = Callable[..., Api]


@pytest.fixture
async def caller(api_url: str) -> AsyncIterator[Callers]:
    """Make callers: operators, or billing users of some accounts."""
    made: list[Api] = []

    def make(*accounts: str, scope: str = "billing", sub: str = "tester", bearer: str | None = None) -> Api:
        made.append(Api(api_url, bearer or token(*accounts, scope=scope, sub=sub)))
        return made[-1]

    yield make
    for each in made:
        await each.http.aclose()


@pytest.fixture
async def worker(temporal: Client, stripe_side: StripeSide) -> AsyncIterator[None]:
    async with account_worker(temporal, worker_settings(stripe_side)):
        yield


@pytest.fixture
def operator(caller: Callers) -> Api:
    return caller(scope="operator")


def new_account(**changes: Any) -> Json:
    return {
        "account_id": f"shop-{uuid.uuid4().hex[:12]}",
        "email": "owner@example.com",
        "carts": 3,
        "plan": {"currency": "usd", "unit_amount": 2500},
        "payment_method": "pm_card_visa",
        **changes,
    }
