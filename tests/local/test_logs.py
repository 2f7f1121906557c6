"""What the processes of `reprise dev` write: each line of each log is one JSON object (issue E, row 9)."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
from temporalio.client import Client

from reprise.local.ports import Ports, settled
from reprise.local.processes import Child, until
from reprise.local.servers import temporal
from tests.local.commands import Dev, children, opening

Start = Callable[..., Dev]


def told(log: Path) -> list[dict[str, Any]]:
    """Return the lines of a log."""
    return [json.loads(line) for line in log.read_text().splitlines()]


def test_whatever_happens_every_line_is_an_object(dev: Start, tmp_path: Path) -> None:
    """Accounts come and go, requests are wrong, Stripe fails, and Temporal dies while everything else runs."""
    started = dev()
    where = started.addresses()
    bearer = {"Authorization": f"Bearer {where['operator_token']}"}
    with httpx.Client(base_url=where["api"], headers=bearer, timeout=30, trust_env=False) as api:
        assert api.post("/v1/accounts", json=opening("shop-1")).status_code == 201
        assert api.post("/v1/accounts", content=b"\xff", headers={"content-type": "application/json"}).is_client_error
        assert api.get("/v1/accounts/other", headers={"Authorization": "Bearer no\x1b[2Jne"}).status_code == 401
        fault = {"path": "/v1/payment_methods/.*", "status": 500, "times": 2}
        httpx.post(f"{where['stripe']}/_sandbox/faults", json=fault, trust_env=False).raise_for_status()
        card = {"payment_method": "pm_card_mastercard"}
        assert api.put("/v1/accounts/shop-1/payment-method", json=card).status_code == 200
        refused = {"reason": 'gone\n{"forged": true}\x1b[2J'}
        assert api.post("/v1/accounts/shop-1/disable", json=refused).status_code == 200
        httpx.request("BREW", f"{where['stripe']}/v1/customers", content=b"\xff", trust_env=False)
        dying = next(pid for pid, command in children(started.pid).items() if "start-dev" in command)
        os.kill(dying, signal.SIGKILL)
    code, _, complained = started.ended()
    assert (code, "Traceback" in complained) == (1, False)
    logs = tmp_path / "data" / "logs"
    assert {"api ready", "request"} <= {each["event"] for each in told(logs / "api.log")}
    assert "worker ready" in {each["event"] for each in told(logs / "worker.log")}
    for line in (logs / "stripe.log").read_text().splitlines():
        assert line.startswith(("Stripe sandbox at http", "{")), line


def test_one_search_follows_a_request_from_http_to_stripe(dev: Start, tmp_path: Path) -> None:
    """A reactivation: over the logs of the API and of the worker, by the id of its command."""
    started = dev()
    where = started.addresses()
    bearer = {"Authorization": f"Bearer {where['operator_token']}"}
    with httpx.Client(base_url=where["api"], headers=bearer, timeout=30, trust_env=False) as api:
        opened = opening("shop-1") | {"paid_through": "2026-01-31T10:00:00Z"}
        assert api.post("/v1/accounts", json=opened).status_code == 201
        headers = {"X-Request-Id": "r-follow", "Idempotency-Key": "come back, ada@example.com".replace(" ", "-")}
        assert api.post("/v1/accounts/shop-1/reactivate", headers=headers).json()["state"] == "reactivated"
    started.signal(signal.SIGINT)
    started.ended()
    logs = [each for name in ("api.log", "worker.log") for each in told(tmp_path / "data" / "logs" / name)]
    (request,) = [each for each in logs if each.get("request_id") == "r-follow" and each["event"] == "request"]
    found = [each for each in logs if each.get("command_id") == request["command_id"]]
    paid = [each for each in found if each.get("path", "").endswith("/pay")]
    assert [(each["status"], each["account"], each["payment_key"]) for each in paid] == [(200, "shop-1", "shop-1:1")]
    assert paid[0]["stripe_request_id"].startswith("req_")
    assert {each["event"] for each in found} >= {"request", "audit", "stripe request", "payment attempt"}
    assert not [each for each in logs if "ada@" in json.dumps(each) or "({" in each["event"]]


async def test_what_temporals_core_says_is_an_object_too(tmp_path: Path) -> None:
    """It is no Python, and by itself writes plain text: here of a server that has gone while the worker goes on."""
    ports = await settled(Ports.any_free())
    server = temporal(tmp_path, ports)
    log = tmp_path / "worker.log"
    address = {"TEMPORAL_ADDRESS": f"127.0.0.1:{ports.temporal}", "STRIPE_API_KEY": "sk_test_1"}
    dying = await Child.start("Temporal", server.command, os.environ, tmp_path / "temporal.log", grace=0)
    try:
        await until(lambda: _is_there(address["TEMPORAL_ADDRESS"]), "Temporal", [dying], patience=60)
        command = [sys.executable, "-m", "reprise.worker"]
        worker = await Child.start("the worker", command, os.environ | address, log, grace=5)
        try:
            await until(lambda: _says(log, "worker ready"), "the worker", [worker], patience=60)
            await dying.stop()
            await until(lambda: _says(log, "temporalio.core"), "the core", [worker], patience=60)
        finally:
            await worker.stop()
    finally:
        await dying.stop()
    assert told(log)


async def _is_there(address: str) -> bool:
    try:
        await Client.connect(address)
    except RuntimeError:
        return False
    return True


async def _says(log: Path, what: str) -> bool:
    return what in await asyncio.to_thread(log.read_text)
