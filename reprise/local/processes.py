"""Child processes: started with a log each, watched, ended in order, never left behind."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from reprise.local import die_with_parent
from reprise.local.errors import LocalError
from reprise.local.private import UMASK, open_private
from reprise.local.terminal import printable

LAST_LINES = 12
"""How much of its log is shown when a child dies."""

LAST_BYTES = 64 * 1024
"""How much of it is read for that."""

POLL = 0.03


class Child:
    """One child process, in a session of its own: a Ctrl-C in the terminal reaches its parent alone.

    Its output goes to `log`; the one before is kept beside it as `.log.1`.
    """

    def __init__(self, name: str, log: Path, process: asyncio.subprocess.Process, grace: float) -> None:
        """Take a started process; `start` makes one."""
        self.name = name
        self._log = log
        self._process = process
        self._grace = grace
        self._exited = asyncio.create_task(process.wait())

    @classmethod
    async def start(
        cls, name: str, command: Sequence[str], environment: Mapping[str, str], log: Path, grace: float
    ) -> "Child":
        """Start a child.

        Args:
            name: What people call it.
            command: Program and arguments.
            environment: All of its environment variables.
            log: Where its output goes.
            grace: Seconds it gets to end by itself after SIGTERM.

        Raises:
            LocalError: The log cannot be written, or the program cannot be started.
        """
        command_line = [sys.executable, "-I", "-S", die_with_parent.__file__, str(os.getpid()), *command]
        with _opened(log) as output:
            process = await asyncio.create_subprocess_exec(
                *command_line,
                env=dict(environment),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,
                umask=UMASK,
            )
        return cls(name, log, process, grace)

    @property
    def pid(self) -> int:
        """The id of the process."""
        return self._process.pid

    @property
    def has_exited(self) -> bool:
        """Whether the child has ended."""
        return self._exited.done()

    async def exited(self) -> None:
        """Wait until the child has ended, for whatever reason."""
        await asyncio.shield(self._exited)

    def death(self) -> LocalError:
        """Return the error that says how a child ended that should be running."""
        code = self._process.returncode or 0
        how = f"exit code {code}"
        if code < 0:
            with contextlib.suppress(ValueError):
                how = f"killed by {signal.Signals(-code).name}"
        name = self.name[0].upper() + self.name[1:]
        return LocalError(f"{name} has died ({how}). {self.last_lines()}")

    def last_lines(self) -> str:
        """Return the end of the child's log, as it can be printed."""
        lines = [printable(line) for line in self._end().split("\n") if line][-LAST_LINES:]
        if not lines:
            return f"Its log, {self._log}, is empty."
        return "\n".join([f"The end of its log, {self._log}:", *(f"  {line}" for line in lines)])

    def _end(self) -> str:
        try:
            with self._log.open("rb") as log:
                log.seek(max(0, log.seek(0, os.SEEK_END) - LAST_BYTES))
                return log.read().decode(errors="replace")
        except OSError:
            return ""

    async def stop(self) -> None:
        """End the child: SIGTERM, time to finish, then SIGKILL; SIGKILL at once when cancelled meanwhile."""
        if self._exited.done():
            return
        self._signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(self._grace):
                await self.exited()
        except (TimeoutError, asyncio.CancelledError):
            self._signal(signal.SIGKILL)
            await self._exited

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(number)


def _opened(log: Path) -> BinaryIO:
    """Return a log to be written, for its owner alone; the one before is kept beside it."""
    try:
        log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if log.exists():
            log.replace(log.with_suffix(".log.1"))
        return os.fdopen(open_private(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), "wb")
    except OSError as error:
        where = error.filename or log
        raise LocalError(f"The log {log} cannot be written: {error.strerror} ({where}). Move it away.") from error


async def until(answers: Callable[[], Awaitable[bool]], what: str, children: Sequence[Child], patience: float) -> None:
    """Wait until something says yes.

    Args:
        answers: What is asked, again and again.
        what: What it is, for the complaint.
        children: Those it depends on.
        patience: Seconds.

    Raises:
        LocalError: One of `children` died, or it took too long.
    """
    dead = asyncio.create_task(first_death(children))
    try:
        async with asyncio.timeout(patience):
            while not await answers():
                if dead.done():
                    raise dead.result()
                await asyncio.sleep(POLL)
    except TimeoutError as error:
        ends = "\n".join(f"({child.name}) {child.last_lines()}" for child in children)
        raise LocalError(f"{what} did not answer within {patience:.0f} seconds.\n{ends}") from error
    finally:
        dead.cancel()


async def first_death(children: Sequence[Child]) -> LocalError:
    """Wait until one of the children ends, and return the error that says so."""
    waiting = {asyncio.ensure_future(child.exited()): child for child in children}
    try:
        done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in waiting:
            each.cancel()
    return waiting[done.pop()].death()
