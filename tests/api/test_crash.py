"""E10 whole: API, dev server, Stripe, and a worker that is killed with the payer's money just taken."""

import asyncio
import os
import signal
import subprocess
import sys

from temporalio.client import Client

from reprise.worker import account_worker
from tests.api_side import Api, new_account
from tests.stripe_side import StripeSide
from tests.waiting import until
from tests.worker_side import worker_process, worker_settings


async def test_E10_the_worker_dies_after_stripe_took_the_money(
    temporal: Client, stripe_side: StripeSide, operator: Api
) -> None:
    """Reactivated, charged once, one invoice; by Stripe's clock three days later, when it has forgotten every key.

    Takes the minute after which Temporal gives a dead worker's attempt to another.
    """
    victim = worker_process(temporal, stripe_side)
    body = new_account(paid_through="2026-01-15T10:00:00Z")
    path = f"/v1/accounts/{body['account_id']}"
    await operator.ask("POST", "/v1/accounts", body)
    fault = stripe_side.fault(method="POST", path=r"/v1/invoices/[^/]+/pay", when="after", hang=True)
    pressed = asyncio.create_task(operator.ask("POST", f"{path}/reactivate"))
    await stripe_side.hit(fault)
    victim.send_signal(signal.SIGKILL)
    victim.wait()
    stripe_side.no_faults()
    stripe_side.advance(3 * 24 * 3600)
    assert (await pressed).status_code in {202, 503}
    async with account_worker(temporal, worker_settings(stripe_side)):
        await until(
            lambda: operator.ask("GET", path),
            lambda it: it.json().get("state") == "reactivated",
            seconds=120,
            every=0.5,
        )
    assert stripe_side.charged(body["account_id"]) == [7500]
    assert len(stripe_side.invoices(body["account_id"])) == 1


async def test_the_worker_drains_on_sigterm(temporal: Client, stripe_side: StripeSide, operator: Api) -> None:
    """What runs is finished, the process ends with 0, and nothing waits for a time-out."""
    worker = worker_process(temporal, stripe_side)
    body = new_account(paid_through="2026-01-15T10:00:00Z")
    path = f"/v1/accounts/{body['account_id']}"
    await operator.ask("POST", "/v1/accounts", body)
    fault = stripe_side.fault(method="POST", path=r"/v1/invoices/[^/]+/pay", when="after", delay_seconds=1)
    pressed = asyncio.create_task(operator.ask("POST", f"{path}/reactivate"))
    await stripe_side.hit(fault)
    worker.send_signal(signal.SIGTERM)
    assert await asyncio.to_thread(worker.wait, 30) == 0
    async with account_worker(temporal, worker_settings(stripe_side)), asyncio.timeout(30):
        assert (await pressed).status_code in {200, 202}
        await until(lambda: operator.ask("GET", path), lambda it: it.json().get("state") == "reactivated", seconds=30)
    assert stripe_side.charged(body["account_id"]) == [7500]


def test_a_worker_without_settings_says_what_is_missing() -> None:
    """One sentence that names the variable, and exit code 1."""
    environment = {key: value for key, value in os.environ.items() if "STRIPE" not in key}
    ended = subprocess.run(
        [sys.executable, "-m", "reprise.worker"], env=environment, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert "STRIPE_API_KEY" in ended.stderr
