"""The embedded system as separate processes that can be killed, paused and started again, each on its own."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
from temporalio.client import Client

from reprise.local import servers
from reprise.local.ports import HOST, Ports, settled
from reprise.local.processes import Child, until
from reprise.local.secrets import Secrets, read_or_make
from reprise.temporal.connection import connect
from tests.chaos.draws import Part
from tests.chaos.product import Product
from tests.plain_http import plain_client

WORKERS = 3
APIS = 2

PATIENCE = 180.0
"""Seconds that a process gets to answer for the first time."""

WEBHOOK_EVENTS = [
    "customer.updated",
    "customer.deleted",
    "invoice.paid",
    "invoice.payment_failed",
    "invoice.voided",
    "invoice.marked_uncollectible",
    "refund.created",
    "refund.updated",
    "refund.failed",
    "charge.dispute.created",
    "charge.dispute.closed",
    "payment_intent.processing",
]
"""What the sandbox tells the API: what hints, and something that does not."""

HASTE = {
    # Less patience than by default, so that tries fail while the run lasts, and not long after it.
    "REPRISE_STRIPE_TIMEOUT": "4",
    "REPRISE_STRIPE_RETRIES": "1",
    "REPRISE_COMMAND_WAIT": "8",
}

PAUSABLE = ["--dynamic-config-value", "frontend.WorkflowPauseEnabled=true"]
"""The dev server has the button only if it is asked for it (1.32)."""


@dataclass
class Member:
    """One process of the system, and the one that runs in its place now."""

    part: Part
    server: servers.Server
    child: Child
    paused: bool = False
    busy: bool = False
    """Whether a blow to it is under way: the next one looks for another."""


@dataclass
class Fleet:
    """All processes, where they answer, and what was done to them."""

    data: Path
    environment: Mapping[str, str]
    secrets: Secrets
    temporal: str
    stripe: str
    apis: list[str]
    members: list[Member] = field(default_factory=list)
    kills: dict[Part, int] = field(default_factory=dict)
    pauses: int = 0
    deaths: list[str] = field(default_factory=list)
    """Processes that ended though nobody killed them."""

    async def add(self, part: Part, server: servers.Server) -> None:
        """Start one more process."""
        self.members.append(Member(part, server, await self._start(server)))

    async def _start(self, server: servers.Server) -> Child:
        log = self.data / "logs" / f"{server.log}.log"
        return await Child.start(server.name, server.command, self.environment, log, server.grace)

    def target(self, part: Part, which: int) -> Member | None:
        """Return the process that a blow falls on: one that no other blow is falling on."""
        equals = [each for each in self.members if each.part == part and not each.busy]
        return equals[which % len(equals)] if equals else None

    async def kill(self, member: Member) -> None:
        """Kill a process as a crash does, and start another in its place."""
        member.busy = True
        os.kill(member.child.pid, signal.SIGKILL)
        await member.child.exited()
        member.child = await self._start(member.server)
        self.kills[member.part] = self.kills.get(member.part, 0) + 1
        member.busy = False

    async def pause(self, member: Member, seconds: float) -> None:
        """Stop a process in its tracks for a while."""
        member.busy = member.paused = True
        self.pauses += 1
        os.kill(member.child.pid, signal.SIGSTOP)
        try:
            await asyncio.sleep(seconds)
        finally:
            os.kill(member.child.pid, signal.SIGCONT)
            member.busy = member.paused = False

    async def supervise(self) -> None:
        """Start what has ended by itself again, as whoever runs Reprise in production does; until cancelled."""
        while True:
            for member in self.members:
                if not member.busy and member.child.has_exited:
                    member.busy = True
                    self.deaths.append(str(member.child.death()))
                    member.child = await self._start(member.server)
                    member.busy = False
            await asyncio.sleep(0.3)

    async def all_answer(self) -> None:
        """Wait until every part answers."""
        pages = [f"{self.stripe}/_sandbox/healthz", *(f"{api}/readyz" for api in self.apis)]
        async with plain_client(timeout=5) as http, asyncio.timeout(PATIENCE):
            for page in pages:
                while not await _answers(http, page):  # noqa: ASYNC110 - the page is another process's
                    await asyncio.sleep(0.1)

    async def client(self) -> Client:
        """Return a client of the Temporal server."""
        return await connect(self.temporal)


@asynccontextmanager
async def fleet(data: Path, product: Product, package: Path | None = None) -> AsyncIterator[Fleet]:
    """Run the system, from when all of it answers until the block ends; leave no process behind.

    Args:
        data: An empty directory for databases and logs.
        product: The endpoint that is told of every change.
        package: Where the package `reprise` is that the workers, the APIs and the sandbox run; by default this one.
    """
    ports = await settled(Ports.any_free())
    more = [ports, *[replace(await settled(Ports.any_free())) for _ in range(APIS - 1)]]
    secrets = read_or_make(data)
    told = {"REPRISE_ANNOUNCEMENTS_URL": product.url, "REPRISE_ANNOUNCEMENTS_SECRET": product.secret}
    environment: dict[str, Any] = servers.environment(os.environ, ports, secrets, has_sandbox=True) | HASTE | told
    if package is not None:
        environment["PYTHONPATH"] = str(package)
    stripe, apis = f"http://{HOST}:{ports.stripe}", [f"http://{HOST}:{each.api}" for each in more]
    system = Fleet(data, environment, secrets, f"{HOST}:{ports.temporal}", stripe, apis)
    supervising: asyncio.Task[None] | None = None
    try:
        temporal = servers.temporal(data, ports)
        await system.add("temporal", replace(temporal, command=[*temporal.command, *PAUSABLE]))
        await system.add("sandbox", servers.stripe_sandbox(data, ports))
        await until(lambda: _serves(system.temporal), "Temporal", [each.child for each in system.members], PATIENCE)
        for n in range(WORKERS):
            await system.add("worker", replace(servers.worker(), log=f"worker-{n}"))
        for n, each in enumerate(more):
            await system.add("api", replace(servers.api(each), log=f"api-{n}"))
        supervising = asyncio.create_task(system.supervise())
        await system.all_answer()
        async with plain_client(base_url=stripe, timeout=10) as http:
            hook = {"url": f"{apis[0]}/v1/webhooks/stripe", "secret": secrets.stripe_webhook_secret}
            wanted = {**hook, "enabled_events": WEBHOOK_EVENTS}
            (await http.post("/_sandbox/webhook_endpoints", json=wanted)).raise_for_status()
        yield system
    finally:
        if supervising is not None:
            supervising.cancel()
        for member in system.members:
            with contextlib.suppress(ProcessLookupError):
                os.kill(member.child.pid, signal.SIGCONT)
        await asyncio.gather(*(each.child.stop() for each in system.members if each.part in {"api", "worker"}))
        await asyncio.gather(*(each.child.stop() for each in system.members))


async def _answers(http: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await http.get(url)).is_success
    except httpx.TransportError:
        return False


async def _serves(address: str) -> bool:
    try:
        await connect(address)
    except RuntimeError:
        return False
    return True
