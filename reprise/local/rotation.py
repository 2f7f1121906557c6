"""What `reprise secrets rotate` does: new secrets sign from now on, and nothing that the old ones signed is refused."""

import asyncio
import os
from datetime import timedelta
from pathlib import Path

import httpx

from reprise.local import directory
from reprise.local import secrets as kept
from reprise.local.directory import Addresses
from reprise.local.errors import LocalError
from reprise.local.secrets import Secrets
from reprise.local.system import send_webhooks

PATIENCE = 10.0
"""Seconds that a running API gets to read the new secrets."""


async def rotated(data: Path) -> str:
    """Exchange the secrets of a data directory, whether a system runs on it or not; return what is to be said.

    A running API reads them within a second. The sandbox is told what to sign with from now on.

    Raises:
        LocalError: There are no secrets yet, they are the environment's, or the running sandbox does not answer.
    """
    if os.environ.get("REPRISE_JWT_SECRET"):
        raise LocalError("REPRISE_JWT_SECRET is set: exchange it where you set it, with REPRISE_JWT_SECRET_PREVIOUS.")
    running = directory.find_running(data)
    now = kept.rotate(data)
    if now is None:
        raise LocalError(f"{data} has no secrets yet: `reprise dev` makes them when it starts.")
    if running is not None and running.has_sandbox:
        async with httpx.AsyncClient(timeout=5, trust_env=False) as http:
            try:
                async with asyncio.timeout(PATIENCE):
                    # Else events would be refused for a second.
                    while not await _believes(http, running, now):  # noqa: ASYNC110 - it is another process's
                        await asyncio.sleep(0.2)
                await send_webhooks(http, running, now)
            except (httpx.HTTPError, TimeoutError) as error:
                told = "The secrets are exchanged, but what runs could not be told: start `reprise dev` again."
                raise LocalError(told) from error
    return (
        "The secrets are exchanged. Tokens, links and sign-ins from before go on until they expire, or until the next"
        " exchange: so wait a day before that."
    )


async def _believes(http: httpx.AsyncClient, running: Addresses, secrets: Secrets) -> bool:
    """Say whether the running API has read the new secrets: it believes what they sign."""
    from reprise.http.minting import mint  # loaded only to speak to it

    token = mint(secrets.jwt_secret, sub="cli", scope="operator", accounts=[], ttl=timedelta(minutes=1))
    bearer = {"Authorization": f"Bearer {token}"}
    return (await http.get(f"{running.api}/v1/accounts?limit=1", headers=bearer)).status_code != 401
