"""The ports that the local servers listen on: the usual ones, chosen ones, or any free ones."""

import asyncio
import os
import random
import socket
from dataclasses import asdict, dataclass

from reprise.local.errors import LocalError

HOST = "127.0.0.1"
"""Everything local listens here and nowhere else."""

ANY = range(20_000, 32_000)
"""Where free ports are looked for: below what systems hand out to outgoing connections, which come and go."""

PATIENCE = 2.0
"""Seconds that a taken port gets to become free: what ran before may be on its way out."""


@dataclass(frozen=True)
class Ports:
    """One port for each server; 0 is any free one. The names are those of the options of `reprise dev`."""

    api: int = 8000
    temporal: int = 7233
    ui: int = 8233
    stripe: int = 12111

    @classmethod
    def any_free(cls) -> "Ports":
        """Return ports that stand for any free ones."""
        return cls(0, 0, 0, 0)


async def settled(ports: Ports, *, unused: frozenset[str] = frozenset()) -> Ports:
    """Return the same ports with each 0 replaced by a free one.

    Args:
        ports: What was asked for.
        unused: Servers that will not be started, whose ports do not matter.

    Raises:
        LocalError: A port is taken, or was given twice.
    """
    chosen: dict[str, int] = {}
    for name, port in asdict(ports).items():
        if port and name not in unused:
            if port in chosen.values():
                raise LocalError(f"Port {port} was given twice: choose another one with --{name}-port.")
            await _expect_free(name, port)
            chosen[name] = port
    for name, port in asdict(ports).items():
        if name not in chosen:
            chosen[name] = port or _any_free(set(chosen.values()))
    return Ports(**chosen)


async def _expect_free(name: str, port: int) -> None:
    give_up_at = asyncio.get_running_loop().time() + PATIENCE
    while why_not := _why_not(port):
        if asyncio.get_running_loop().time() >= give_up_at:
            raise LocalError(
                f"Port {port} cannot be used ({why_not}): choose another one with --{name}-port, or 0 for any free one."
            )
        await asyncio.sleep(0.05)


def _any_free(taken: set[int]) -> int:
    for port in random.sample(ANY, 1_000):
        if port not in taken and not _why_not(port):
            return port
    raise LocalError(f"No free port was found between {ANY.start} and {ANY.stop}.")


def _why_not(port: int) -> str | None:
    try:
        socket.create_server((HOST, port)).close()
    except OSError as error:
        return os.strerror(error.errno).lower() if error.errno else str(error)
    return None
