"""The whole system on one machine: Temporal's dev server, the Stripe sandbox, a worker and the API."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx
from temporalio.service import RPCError

from reprise.local import directory, servers
from reprise.local.directory import Addresses
from reprise.local.errors import LocalError
from reprise.local.ports import HOST, Ports, settled
from reprise.local.processes import Child, first_death, until
from reprise.local.secrets import FILE as SECRETS_FILE
from reprise.local.secrets import Secrets, read_or_make
from reprise.stripe_api.event_types import HEEDED
from reprise.temporal.connection import connect
from reprise.temporal.namespace import NamespaceNotReady, register

PATIENCE = 60.0
"""Seconds that a server gets to answer for the first time, on a slow and busy machine."""

WEBHOOKS = "/v1/webhooks/stripe"

TOKEN_LASTS = timedelta(hours=12)
"""How long the operator's token lives that `reprise dev` prints."""

Progress = Callable[[str], None]


@dataclass(frozen=True)
class System:
    """A running system: where it answers, its secrets, its processes in the order they were started."""

    addresses: Addresses
    secrets: Secrets
    environment: Mapping[str, str]
    children: list[Child]

    async def until(self, answers: Callable[[], Awaitable[bool]], what: str) -> None:
        """Wait until something says yes, while all processes live."""
        await until(answers, what, self.children, PATIENCE)

    async def first_death(self) -> LocalError:
        """Wait until a process has ended that should be running; return the error that says so."""
        return await first_death(self.children)

    def token(self, *, sub: str = "operator@local", scope: str = "operator", accounts: Sequence[str] = ()) -> str:
        """Return a bearer token for the API; by default an operator's."""
        from reprise.http.minting import mint  # loaded only to speak to it

        secret = self.environment["REPRISE_JWT_SECRET"]
        return mint(secret, sub=sub, scope=scope, accounts=list(accounts), ttl=TOKEN_LASTS)


@asynccontextmanager
async def running(
    data: Path,
    ports: Ports | None = None,
    *,
    environment: Mapping[str, str] | None = None,
    progress: Progress = lambda _: None,
) -> AsyncIterator[System]:
    """Run the whole system, from when all of it answers until the block ends; then end it in order.

    Args:
        data: The data directory; the same one brings the same accounts back.
        ports: Where the servers listen; by default any free ports.
        environment: What the children inherit; by default this process's own. With STRIPE_API_KEY in it, real Stripe
            is used and no sandbox starts.
        progress: Is told what is being started.

    Raises:
        LocalError: A port is taken, the directory is in use, or a process died; nothing is left running.
    """
    own = os.environ if environment is None else environment
    has_sandbox = servers.real_stripe_key(own) is None
    async with AsyncExitStack() as stack:
        stack.enter_context(directory.held(data))
        secrets = read_or_make(data)
        chosen = await settled(ports or Ports.any_free(), unused=frozenset(() if has_sandbox else ("stripe",)))
        configured = servers.environment(
            own, chosen, secrets, has_sandbox=has_sandbox, secrets_file=data / SECRETS_FILE
        )
        addresses = Addresses(
            api=f"http://{HOST}:{chosen.api}",
            temporal=f"{HOST}:{chosen.temporal}",
            temporal_ui=f"http://{HOST}:{chosen.ui}",
            stripe=configured.get("REPRISE_STRIPE_URL", "https://api.stripe.com"),
            has_sandbox=has_sandbox,
        )
        system = System(addresses, secrets, configured, [])

        async def start(server: servers.Server) -> Child:
            progress(f"starting {server.name}")
            log = data / "logs" / f"{server.log}.log"
            child = await Child.start(server.name, server.command, configured, log, server.grace)
            stack.push_async_callback(child.stop)
            system.children.append(child)
            return child

        # They end in the other order: the API takes no more, and the worker drains, while what they need is there.
        await start(servers.temporal(data, chosen))
        if has_sandbox:
            await start(servers.stripe_sandbox(data, chosen))
        await system.until(lambda: _knows_search_attributes(addresses.temporal), "Temporal")
        await start(servers.worker())
        await start(servers.api(chosen))
        async with httpx.AsyncClient(timeout=5, trust_env=False) as http:
            if has_sandbox:
                await system.until(lambda: _answers(http, f"{addresses.stripe}/_sandbox/healthz"), "The Stripe sandbox")
                await send_webhooks(http, addresses, secrets)
            await system.until(lambda: _answers(http, f"{addresses.api}/readyz"), "The API, or a worker,")
            await system.until(lambda: _answers(http, addresses.temporal_ui), "The Temporal UI")
        directory.announce(data, addresses)
        yield system
        progress("stopping")


async def _answers(http: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await http.get(url)).is_success
    except httpx.TransportError:
        return False


async def _knows_search_attributes(address: str) -> bool:
    """Say whether the server answers and knows what accounts are found by; a database of an older version is told."""
    try:
        await register(await connect(address, namespace=servers.NAMESPACE))
    except (RuntimeError, RPCError, NamespaceNotReady):
        return False
    return True


async def send_webhooks(http: httpx.AsyncClient, addresses: Addresses, secrets: Secrets) -> None:
    """Have the sandbox send its webhooks to the API, and no longer to where the API listened before."""
    bearer = {"Authorization": f"Bearer {servers.SANDBOX_KEY}"}
    url = addresses.api + WEBHOOKS
    before = await http.get(f"{addresses.stripe}/v1/webhook_endpoints", params={"limit": 100}, headers=bearer)
    for endpoint in before.raise_for_status().json()["data"]:
        if endpoint["url"].endswith(WEBHOOKS) and endpoint["url"] != url:
            await http.delete(f"{addresses.stripe}/v1/webhook_endpoints/{endpoint['id']}", headers=bearer)
    chosen = {"url": url, "secret": secrets.stripe_webhook_secret, "enabled_events": sorted(HEEDED)}
    (await http.post(f"{addresses.stripe}/_sandbox/webhook_endpoints", json=chosen)).raise_for_status()
