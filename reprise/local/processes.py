"""The child processes of the embedded default: started, watched, and ended in order; none outlives its parent."""

import asyncio
import contextlib
import ctypes
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

GRACE = 20.0
"""Seconds that a process gets to end after SIGTERM."""

_PR_SET_PDEATHSIG = 1


class ProcessDied(Exception):  # noqa: N818 - the name says what happened
    """A process of the embedded default ended by itself; the message says which, and its last words."""


@dataclass
class Child:
    """A running process, and the file that it writes to."""

    name: str
    process: asyncio.subprocess.Process
    log: Path

    def last_words(self, lines: int = 8) -> str:
        """Return the last lines of its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def died(self) -> ProcessDied:
        """Return the error that says so."""
        return ProcessDied(
            f"{self.name} ended with code {self.process.returncode}. Its last lines:\n{self.last_words()}"
        )

    async def end(self) -> None:
        """Ask it to end, and make it end if it does not."""
        if self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self.process.terminate()
            try:
                await asyncio.wait_for(self.process.wait(), GRACE)
            except TimeoutError:
                self.process.kill()
                await self.process.wait()


async def start(name: str, command: Sequence[str], environment: dict[str, str], logs: Path) -> Child:
    """Start a process in a session of its own: a Ctrl-C meant for its parent does not reach it."""
    logs.mkdir(parents=True, exist_ok=True)
    log = logs / f"{name}.log"
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *command,
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_end_with_parent if sys.platform == "linux" else None,
        )
    return Child(name, process, log)


def _end_with_parent() -> None:
    """Let the kernel end this process when its parent dies, however that dies (Linux)."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
