"""Running `reprise` as people do: as a process of its own, seen from outside."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

REPRISE = Path(sys.executable).with_name("reprise")

ANY_PORTS = ("--api-port", "0", "--temporal-port", "0", "--ui-port", "0", "--stripe-port", "0")

PATIENCE = 60.0


def environment(**more: str) -> dict[str, str]:
    """Return the environment of a person who has configured nothing."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("TEMPORAL_", "REPRISE_", "STRIPE_"))
    }
    return {**kept, **more}


def run(*arguments: str, **more: str) -> "subprocess.CompletedProcess[str]":
    """Run a command to its end."""
    return subprocess.run(
        [REPRISE, *arguments], env=environment(**more), capture_output=True, text=True, timeout=PATIENCE, check=False
    )


def until(holds: Callable[[], bool], what: str) -> None:
    """Wait until something holds."""
    give_up_at = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < give_up_at, f"not within {PATIENCE:.0f} seconds: {what}"
        time.sleep(0.02)


class Dev:
    """A `reprise dev --json`, in a session of its own as under a terminal."""

    def __init__(self, data: Path, *options: str, **more: str) -> None:
        """Start it on any free ports, with its data in `data`."""
        command = [str(REPRISE), "dev", "--json", "--data", str(data), *ANY_PORTS, *options]
        self._process = subprocess.Popen(
            command,
            env=environment(**more),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def addresses(self) -> Mapping[str, str]:
        """Wait until everything answers; return what it says of itself."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise AssertionError(self.ended())
        known: dict[str, str] = json.loads(line)
        return known

    @property
    def pid(self) -> int:
        """The id of the process."""
        return self._process.pid

    def signal(self, number: signal.Signals) -> None:
        """Signal it, and every process of its group, as a terminal does."""
        os.killpg(self._process.pid, number)

    def ended(self) -> tuple[int, str, str]:
        """Wait for its end; return its exit code and what else it printed on either output."""
        printed, complained = self._process.communicate(timeout=PATIENCE)
        return self._process.returncode, printed, complained

    def make_sure_it_ended(self) -> None:
        """Kill it, whatever it does."""
        self._process.kill()
        self._process.communicate(timeout=PATIENCE)


def children(pid: int) -> dict[int, str]:
    """Return the children of a process that live: their ids and commands."""
    found = {}
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and _parent(process) == pid:
            found[int(process.name)] = (process / "cmdline").read_text().replace("\0", " ")
    return found


def lives(pid: int) -> bool:
    """Say whether a process is there and not a zombie."""
    try:
        return _stat(Path(f"/proc/{pid}"))[0] != "Z"
    except OSError:
        return False


def _parent(process: Path) -> int | None:
    try:
        return int(_stat(process)[1])
    except OSError:
        return None


def _stat(process: Path) -> list[str]:
    return (process / "stat").read_text().rpartition(")")[2].split()


def opening(account_id: str) -> dict[str, Any]:
    """Return the body of a request that opens an account of 3 carts with a good card."""
    return {
        "account_id": account_id,
        "email": "owner@example.com",
        "carts": 3,
        "plan": {"currency": "usd", "unit_amount": 2500},
        "payment_method": "pm_card_visa",
    }
