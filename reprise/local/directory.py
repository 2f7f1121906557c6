"""The data directory (`.reprise/`): databases, logs, secrets, and who is running on it."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TextIO

from pydantic import TypeAdapter, ValidationError

from reprise.local.errors import LocalError
from reprise.local.private import make_private, open_private, write_private

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
    make_private(data)
    try:
        lock = os.fdopen(open_private(data / _LOCK, os.O_RDWR | os.O_CREAT), "r+")
    except OSError as error:
        raise LocalError(f"{data / _LOCK} cannot be used: {error.strerror}. Move it away.") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise LocalError(
                f"{data} is in use by process {_holder(lock)}: stop that one, or choose another directory with --data."
            ) from error
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        try:
            (data / _RUNNING).unlink(missing_ok=True)  # of one that was killed
        except OSError as error:
            raise LocalError(f"{data / _RUNNING} cannot be used: {error.strerror}. Move it away.") from error
        try:
            yield
        finally:
            with suppress(OSError):  # it tells nobody anything once the lock is gone
                (data / _RUNNING).unlink()


def announce(data: Path, addresses: Addresses) -> None:
    """Note where the system answers, for the other commands on this machine."""
    write_private(data / _RUNNING, json.dumps(asdict(addresses), indent=2))


def find_running(data: Path = DEFAULT) -> Addresses | None:
    """Return where the system on `data` answers; None when none runs, also after one was killed.

    Raises:
        LocalError: One runs, and its note of where it answers was spoilt.
    """
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
        return TypeAdapter(Addresses).validate_json((data / _RUNNING).read_bytes())
    except FileNotFoundError:
        return None  # it is still starting
    except (OSError, ValidationError) as error:
        raise LocalError(
            f"{data / _RUNNING} does not say where the running `reprise dev` answers: start that one again."
        ) from error


def _holder(lock: TextIO) -> str:
    """Return the id of the process that holds the lock, as far as it can be read."""
    try:
        noted = lock.read(20).strip()
    except (OSError, ValueError):
        return "?"
    return noted if noted.isascii() and noted.isdecimal() else "?"
