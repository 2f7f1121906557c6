"""The data directory (`.reprise/`): databases, logs, secrets, and who is running on it."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from reprise.local.errors import LocalError
from reprise.local.secrets import write_private

DEFAULT = Path(".reprise")

_LOCK = "lock"
_RUNNING = "running.json"


@dataclass(frozen=True)
class Addresses:
    """Where a running system answers. `temporal` is host:port, the others are URLs."""

    api: str
    temporal: str
    temporal_ui: str
    stripe: str
    has_sandbox: bool
    """Whether `stripe` is the sandbox, and not Stripe itself."""


@contextmanager
def held(data: Path) -> Iterator[None]:
    """Hold the directory, made when it is missing, against a second system on it.

    The kernel lets go of it when this process ends, in whatever way.

    Raises:
        LocalError: Another process holds it, or it cannot be used.
    """
    try:
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = (data / _LOCK).open("a+")
    except OSError as error:
        raise LocalError(f"The data directory {data} cannot be used: {error.strerror}.") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.seek(0)
            raise LocalError(
                f"{data} is in use by process {lock.read().strip() or '?'}: stop that one,"
                " or choose another directory with --data."
            ) from error
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        try:
            yield
        finally:
            (data / _RUNNING).unlink(missing_ok=True)


def announce(data: Path, addresses: Addresses) -> None:
    """Note where the system answers, for the other commands on this machine."""
    write_private(data / _RUNNING, json.dumps(asdict(addresses), indent=2))


def find_running(data: Path = DEFAULT) -> Addresses | None:
    """Return where the system on `data` answers; None when none runs, also after one was killed."""
    try:
        with (data / _LOCK).open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        pass  # held: it runs
    except OSError:
        return None
    else:
        return None
    try:
        return Addresses(**json.loads((data / _RUNNING).read_text()))
    except FileNotFoundError:
        return None  # it is still starting
