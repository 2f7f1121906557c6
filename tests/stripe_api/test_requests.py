"""The line in the log for each request to Stripe: what was asked of which object, how it was answered, how long."""

import asyncio
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import stripe
from structlog.testing import capture_logs

from reprise.stripe_api import requests
from reprise.stripe_api.client import stripe_client
from tests.stripe_side import StripeSide


@pytest.fixture
def logs(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """What is logged; each request takes 123.44 ms by the clock."""
    instants = iter([10.0, 10.12344] * 10)
    monkeypatch.setattr(requests, "time", SimpleNamespace(perf_counter=lambda: next(instants)))
    with capture_logs() as told:
        yield told


async def test_a_request_is_told_without_its_parameters(client: stripe.StripeClient, logs: list[Any]) -> None:
    """With Stripe's id of it, whether Stripe does it or refuses."""
    await client.v1.customers.list_async({"email": "ada@example.com"})
    with pytest.raises(stripe.InvalidRequestError):
        await client.v1.customers.retrieve_async("cus_NeverThere")
    ids = [each.pop("stripe_request_id") for each in logs]
    assert all(each.startswith("req_") for each in ids)
    asked = {"event": "stripe request", "log_level": "info", "method": "GET", "ms": 123.4}
    assert logs == [
        {**asked, "path": "/v1/customers", "status": 200},
        {**asked, "path": "/v1/customers/cus_NeverThere", "status": 404},
    ]


async def test_a_request_that_is_not_answered_says_why(stripe_side: StripeSide, logs: list[Any]) -> None:
    """What the library hides behind an error of its own; or that nobody waits any more."""
    untold = {"event": "stripe request", "log_level": "warning", "method": "POST", "ms": 123.4, "status": None}
    told = {**untold, "path": "/v1/customers"}
    async with stripe_client(stripe_side.settings(stripe_retries=0)) as client:
        stripe_side.fault(path="/v1/customers", drop_connection=True)
        with pytest.raises(stripe.APIConnectionError):
            await client.v1.customers.create_async()
        assert logs == [{**told, "why": "RemoteProtocolError"}]
        held = stripe_side.hold(path="/v1/customers")
        asking = asyncio.create_task(client.v1.customers.create_async())
        await stripe_side.hit(held)
        asking.cancel()
        await asyncio.wait([asking])
        stripe_side.let_go(held)
    assert asking.cancelled()
    assert logs[1:] == [{**told, "why": "CancelledError"}]
