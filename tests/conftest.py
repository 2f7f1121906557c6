"""What the suite shares: one Stripe sandbox, one dev server and one API for each process that runs tests."""

import asyncio
import gc
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from threading import Thread

import pytest
from hypothesis import HealthCheck, settings
from temporalio.client import Client

from reprise.stripe_api.event_types import HEEDED
from tests.api_side import WEBHOOK_SECRET, Api, Callers, api_settings, served, token
from tests.browser import chromium
from tests.issuer import Issuer
from tests.product import Product
from tests.stripe_side import StripeSide, a_sandbox
from tests.temporal_side import dev_server
from tests.worker_side import worker_settings

settings.register_profile("suite", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")


stripe_process = pytest.fixture(scope="session")(a_sandbox)


@pytest.fixture
def stripe_side(stripe_process: StripeSide) -> Iterator[StripeSide]:
    """Stripe's side without faults, before and after."""
    stripe_process.no_faults()
    yield stripe_process
    stripe_process.no_faults()


@pytest.fixture
def product() -> Iterator[Product]:
    """The product's webhook endpoint."""
    with closing(Product()) as endpoint:
        yield endpoint


@pytest.fixture(scope="session")
async def temporal() -> AsyncIterator[Client]:
    """A dev server for the session, whose UI has the button Pause; by itself the server does not show it."""
    async with dev_server({"frontend.WorkflowPauseEnabled": "true"}) as client:
        yield client


@pytest.fixture(scope="session")
async def api_url(temporal: Client, stripe_process: StripeSide) -> AsyncIterator[str]:
    """The API, with the sandbox's webhooks coming in."""
    from reprise.web import create_app  # all that the API is made of: tests of the core start without

    async with served(create_app(api_settings(stripe_process, command_wait=8), temporal)) as url:
        hook = {"url": f"{url}/v1/webhooks/stripe", "secret": WEBHOOK_SECRET, "enabled_events": sorted(HEEDED)}
        await asyncio.to_thread(stripe_process.post, "webhook_endpoints", hook)
        yield url


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
    from reprise.worker import account_worker  # as above

    async with account_worker(temporal, worker_settings(stripe_side)):
        yield


@pytest.fixture
def operator(caller: Callers) -> Api:
    return caller(scope="operator")


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    server = Issuer()
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.go_on.set()
    server.shutdown()
    thread.join()
    server.server_close()


def pytest_collection_finish() -> None:
    """Keep the garbage collector from what lasts as long as the process: the modules, and the tests themselves."""
    gc.collect()
    gc.freeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the tests of the pages first: so one process has them, and no other starts a browser and a system."""
    items.sort(key=lambda item: "browser" not in item.path.parts)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the figures that tests have measured, and say aloud when the pages were not looked at."""
    if any(chromium.MISSING in str(report.longrepr) for report in terminalreporter.getreports("skipped")):
        terminalreporter.write_line(chromium.MISSING, red=True, bold=True)
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            if name == "figure":
                terminalreporter.write_line(str(value))
