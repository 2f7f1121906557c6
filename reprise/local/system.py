"""The embedded default as one thing: four processes, their configuration, and where they answer."""

import asyncio
import fcntl
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx

from reprise.api.auth import mint
from reprise.local import secrets
from reprise.local.ports import HOST, Ports
from reprise.local.processes import Child, ProcessDied, start
from reprise.workflows.messages import SEARCH_ATTRIBUTES

START_WITHIN = 60.0
"""Seconds within which everything answers, or the start has failed."""


class AlreadyRunning(Exception):  # noqa: N818 - the name says what is
    """Another `reprise dev` uses this data directory."""


@dataclass
class System:
    """A running embedded default: addresses, children, and a token for its operator."""

    data: Path
    ports: Ports
    children: list[Child]
    environment: dict[str, str]
    operator_token: str
    has_sandbox: bool

    @property
    def api(self) -> str:
        """Address of the API."""
        return f"http://{HOST}:{self.ports.api}"

    @property
    def temporal(self) -> str:
        """Address of the Temporal frontend."""
        return f"{HOST}:{self.ports.temporal}"

    @property
    def temporal_ui(self) -> str:
        """Address of the Temporal UI."""
        return f"http://{HOST}:{self.ports.ui}"

    @property
    def stripe(self) -> str:
        """Address of Stripe: the sandbox's, or the real one."""
        return f"http://{HOST}:{self.ports.stripe}" if self.has_sandbox else "https://api.stripe.com"

    def addresses(self) -> dict[str, str]:
        """Return what programs need to use it."""
        return {
            "api": self.api,
            "temporal": self.temporal,
            "temporal_ui": self.temporal_ui,
            "stripe": self.stripe,
            "operator_token": self.operator_token,
        }

    async def until_a_child_dies(self) -> ProcessDied:
        """Wait until a process ends by itself, and return the error that says so."""
        waits = {asyncio.create_task(child.process.wait()): child for child in self.children}
        done, pending = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for each in pending:
            each.cancel()
        return waits[done.pop()].died()


@asynccontextmanager
async def running(data: Path, ports: Ports, extra: dict[str, str] | None = None) -> AsyncIterator[System]:
    """Run the embedded default until the block ends; then end it in order: API, worker, sandbox, Temporal.

    Args:
        data: The directory that keeps everything over restarts; made if there is none.
        ports: Where to listen.
        extra: Environment variables on top of the caller's.

    Raises:
        PortTaken: A port is in use.
        AlreadyRunning: The directory is in use.
        ProcessDied: One of the processes did not start.
    """
    data.mkdir(parents=True, exist_ok=True)
    async with AsyncExitStack() as stack:
        _lock(stack, data)
        settled = ports.settled()
        system = _system(data, settled, extra or {})
        await _start_all(system, stack)
        (data / "addresses.json").write_text(json.dumps({**system.addresses(), "operator_token": ""}))
        stack.callback((data / "addresses.json").unlink, missing_ok=True)
        yield system


def _lock(stack: AsyncExitStack, data: Path) -> None:
    lock = stack.enter_context((data / "lock").open("w"))
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise AlreadyRunning(f"{data} is in use by another `reprise dev`. End it, or give another --data.") from error


def _system(data: Path, ports: Ports, extra: dict[str, str]) -> System:
    kept = secrets.load(data)
    sandbox = not os.environ.get("STRIPE_API_KEY")
    environment = {
        **os.environ,
        "TEMPORAL_ADDRESS": f"{HOST}:{ports.temporal}",
        "TEMPORAL_NAMESPACE": "default",
        "REPRISE_JWT_SECRET": kept.jwt,
        "PYTHONUNBUFFERED": "1",
        **extra,
    }
    if sandbox:
        environment |= {
            "STRIPE_API_KEY": secrets.SANDBOX_KEY,
            "REPRISE_STRIPE_URL": f"http://{HOST}:{ports.stripe}",
            "STRIPE_WEBHOOK_SECRET": kept.stripe_webhook,
        }
    token = mint(kept.jwt, sub="operator", scope="operator", accounts=[], ttl=timedelta(days=30))
    return System(data, ports, [], environment, token, sandbox)


async def _start_all(system: System, stack: AsyncExitStack) -> None:
    """Start the processes in the order in which they need each other; the stack ends them in the other."""
    ports, logs = system.ports, system.data / "logs"

    async def child(name: str, *command: str) -> None:
        started = await start(name, command, system.environment, logs)
        system.children.append(started)
        stack.push_async_callback(started.end)

    python = (sys.executable, "-m")
    async with httpx.AsyncClient(timeout=2, trust_env=False) as client:
        await child("temporal", *_temporal(system))
        if system.has_sandbox:
            database = str(system.data / "stripe.db")
            await child(
                "stripe-sandbox", *python, "reprise.stripe_sandbox", "--port", str(ports.stripe), "--db", database
            )
        await child("api", *python, "reprise.api", "--port", str(ports.api))
        await _until(system, lambda: _answers(client, f"{system.temporal_ui}/api/v1/namespaces"))
        await child("worker", *python, "reprise.worker")
        if system.has_sandbox:
            await _until(system, lambda: _answers(client, f"{system.stripe}/_sandbox/healthz"))
            hook = {"url": f"{system.api}/v1/webhooks/stripe", "secret": system.environment["STRIPE_WEBHOOK_SECRET"]}
            (await client.post(f"{system.stripe}/_sandbox/webhook_endpoints", json=hook)).raise_for_status()
        await _until(system, lambda: _answers(client, f"{system.api}/readyz"))
    # Ended in this order: the API takes no more, the worker drains against what it needs.
    stack.push_async_callback(next(each for each in system.children if each.name == "api").end)


def _temporal(system: System) -> list[str]:
    attributes = [
        word
        for key in SEARCH_ATTRIBUTES
        for word in ("--search-attribute", f"{key.name}={_TYPES[key.indexed_value_type.name]}")
    ]
    return [
        str(Path(sys.executable).parent / "temporal"),
        *("server", "start-dev"),
        *("--ip", HOST, "--port", str(system.ports.temporal), "--ui-port", str(system.ports.ui)),
        *("--db-filename", str(system.data / "temporal.db"), "--log-level", "error"),
        *("--dynamic-config-value", "frontend.WorkflowTimeSkippingEnabled=true"),
        *("--dynamic-config-value", 'history.workflowIdReuseMinimalInterval="0s"'),
        *attributes,
    ]


_TYPES = {"KEYWORD": "Keyword", "INT": "Int", "DATETIME": "Datetime"}


async def _until(system: System, holds: Callable[[], Awaitable[bool]]) -> None:
    deadline = time.monotonic() + START_WITHIN
    while not await holds():
        for child in system.children:
            if child.process.returncode is not None:
                raise child.died()
        if time.monotonic() > deadline:
            raise ProcessDied(f"Not everything answered within {START_WITHIN:.0f} seconds. See {system.data / 'logs'}.")
        await asyncio.sleep(0.05)


async def _answers(client: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await client.get(url)).is_success
    except httpx.HTTPError:
        return False
