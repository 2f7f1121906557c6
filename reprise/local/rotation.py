"""What `reprise secrets rotate` does: new secrets sign from now on, and nothing that the old ones signed is refused."""

import os
from pathlib import Path

import httpx

from reprise.local import directory, secrets
from reprise.local.errors import LocalError
from reprise.local.system import send_webhooks


async def rotated(data: Path) -> str:
    """Exchange the secrets of a data directory, whether a system runs on it or not; return what is to be said.

    A running API reads them within a second. The sandbox is told what to sign with from now on.

    Raises:
        LocalError: There are no secrets yet, they are the environment's, or the running sandbox does not answer.
    """
    if os.environ.get("REPRISE_JWT_SECRET"):
        raise LocalError("REPRISE_JWT_SECRET is set: exchange it where you set it, with REPRISE_JWT_SECRET_PREVIOUS.")
    running = directory.find_running(data)
    now = secrets.rotate(data)
    if now is None:
        raise LocalError(f"{data} has no secrets yet: `reprise dev` makes them when it starts.")
    if running is not None and running.has_sandbox:
        async with httpx.AsyncClient(timeout=5, trust_env=False) as http:
            try:
                await send_webhooks(http, running, now)
            except httpx.HTTPError as error:
                told = "The secrets are exchanged, but the Stripe sandbox could not be told: start `reprise dev` again."
                raise LocalError(told) from error
    return (
        "The secrets are exchanged. Tokens, links and sign-ins from before go on until they expire, or until the next"
        " exchange: so wait a day before that."
    )
