"""Reconciliations look at everything there is: Temporal, Stripe's side and the API are these tests' own."""

import socket
from collections.abc import AsyncIterator

import pytest
from temporalio.client import Client

from reprise.client import AsyncClient
from reprise.temporal.connection import connect
from reprise.web import create_app
from reprise.worker import account_worker
from tests.api_side import api_settings, served, token
from tests.stripe_side import StripeSide, a_sandbox
from tests.temporal_side import dev_server
from tests.worker_side import worker_settings

stripe_process = pytest.fixture(scope="module")(a_sandbox)


@pytest.fixture(scope="module")
async def temporal() -> AsyncIterator[Client]:
    """A dev server whose UI has the button that pauses a workflow, and that suggests a new run early."""
    settings = {"frontend.WorkflowPauseEnabled": "true", "limit.historyCount.suggestContinueAsNew": "60"}
    async with dev_server(settings) as client:
        yield client


@pytest.fixture(scope="module")
def metrics_address() -> str:
    """Where the worker's metrics are."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{free.getsockname()[1]}"


@pytest.fixture(scope="module")
async def api(temporal: Client, stripe_process: StripeSide, metrics_address: str) -> AsyncIterator[AsyncClient]:
    """The API as an operator's program sees it, with a worker behind it, and no webhooks of Stripe's coming in."""
    at_work = await connect(temporal.service_client.config.target_host, metrics=metrics_address)
    app = create_app(api_settings(stripe_process), temporal)
    settings = worker_settings(stripe_process, reconcile_requests_per_second=100)
    async with (
        account_worker(at_work, settings),
        served(app) as url,
        AsyncClient(url, token(scope="operator")) as client,
    ):
        yield client
