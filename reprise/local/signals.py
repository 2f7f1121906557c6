"""Running something until it is done or Ctrl-C asks for the end; what it has started is ended first, either way."""

import asyncio
import os
import signal
import sys
from collections.abc import Coroutine
from typing import Any, NoReturn

from reprise.local.errors import LocalError
from reprise.local.terminal import printable

STOP = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


INTERRUPTED = 130
"""The exit code of what was not finished when Ctrl-C came, as shells have it."""


def run_and_leave(work: Coroutine[Any, Any, int], *, when_signalled: int = INTERRUPTED) -> NoReturn:
    """Run `work`, and end this process with its exit code, with `when_signalled`, or with 1 and a sentence for people.

    The first signal cancels it, and it ends what it started in order; each further one cuts the wait for the process
    that is ending just then.
    """
    code = asyncio.run(_run(work, when_signalled))
    sys.stdout.flush()
    sys.stderr.flush()
    # Threads of Temporal's client that come back while the interpreter shuts down abort the process (measured with
    # temporalio 1.35: now and then, after a call that failed). Nothing is left to be done here, so there is no need to.
    os._exit(code)


async def _run(work: Coroutine[Any, Any, int], when_signalled: int) -> int:
    task = asyncio.ensure_future(work)
    signalled = False

    def stop() -> None:
        nonlocal signalled
        signalled = True
        task.cancel()

    for each in STOP:
        asyncio.get_running_loop().add_signal_handler(each, stop)
    try:
        return await task
    except asyncio.CancelledError:
        if not signalled:
            raise
        return when_signalled
    except LocalError as error:
        return _complain(str(error))
    except OSError as error:  # the machine's doing: no space left, a directory that went away, …
        what = f"{error.filename}: " if error.filename else ""
        return _complain(f"{what}{error.strerror or error}.")


def _complain(sentence: str) -> int:
    sys.stdout.flush()
    print(printable(sentence, lines=True), file=sys.stderr, flush=True)
    return 1
