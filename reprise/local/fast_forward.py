"""What `reprise fast-forward` does: find the dev server, move the clock, tell what happened at each stop."""

import os
from datetime import datetime
from pathlib import Path

from temporalio.client import Client

from reprise.local import directory, servers
from reprise.local.clock import AccountClock, Stop
from reprise.local.errors import LocalError
from reprise.local.terminal import printable
from reprise.statemachine.money import formatted
from reprise.statemachine.timeline import TimelineEntry
from reprise.temporal.connection import connect


async def run(account_id: str, to: datetime | None, temporal: str | None, data: Path) -> int:
    """Move an account's clock, and print each stop.

    Args:
        account_id: Whose clock.
        to: The instant; None is the end of its term.
        temporal: Address of the dev server, when it is said.
        data: Data directory of a running `reprise dev`, which says where things are otherwise.

    Raises:
        LocalError: There is nothing to move, or it cannot be moved so.
    """
    running = directory.find_running(data)
    address = temporal or os.environ.get("TEMPORAL_ADDRESS") or (running.temporal if running else None)
    if address is None:
        raise LocalError(
            f"No `reprise dev` runs on {data}: start it, or say where the dev server is with --data or --temporal."
        )
    sandbox = running.stripe if running and running.has_sandbox and running.temporal == address else None
    clock = AccountClock(await _client(temporal, address), account_id, sandbox)
    print(_line(await clock.look()))
    async for stop in clock.move(to):
        for entry in stop.happened:
            print(_told(entry))
        print(_line(stop), flush=True)
    return 0


async def _client(temporal: str | None, address: str) -> Client:
    try:
        if temporal is None and os.environ.get("TEMPORAL_ADDRESS"):
            return await connect()
        return await connect(address, namespace=servers.NAMESPACE)
    except RuntimeError as error:
        raise LocalError(f"Temporal does not answer at {address} ({error}).") from error


def _line(stop: Stop) -> str:
    account = stop.account
    reason = f" ({account.disabled_reason})" if account.disabled_reason else ""
    access = "has access" if stop.access else "no access"
    return f"{_written(stop.now)}  {account.state}{reason}, {access}"


def _told(entry: TimelineEntry) -> str:
    words = [_written(entry.at), "  ", entry.type]
    if entry.from_state != entry.to_state:
        words.append(f"{entry.from_state} → {entry.to_state}")
    if entry.amount is not None and entry.currency:
        words.append(formatted(entry.amount, entry.currency))
        if entry.from_balance:
            words.append(f"({formatted(entry.from_balance, entry.currency)} of it from the credit balance)")
    if entry.decline_code:
        words.append(entry.decline_code)
    return printable(" ".join(words))


def _written(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%SZ}"
