"""The timer that wakes an account at its next deadline; its summary says what for."""

import asyncio
from datetime import timedelta

from temporalio import workflow

from reprise.statemachine.schedule import Deadline


class DeadlineTimer:
    """One timer at the most: that of the deadline which is next."""

    def __init__(self) -> None:
        """Wait for nothing."""
        self._timer: asyncio.Task[None] | None = None
        self._deadline: Deadline | None = None

    def wait_for(self, deadline: Deadline | None) -> None:
        """Wake the workflow at a deadline, and no longer at the one before; the same one goes on as it is."""
        if deadline == self._deadline:
            return
        if self._timer:
            self._timer.cancel()
        self._deadline = deadline
        self._timer = asyncio.create_task(_sleep_until(deadline)) if deadline else None


async def _sleep_until(deadline: Deadline) -> None:
    while (left := deadline.at - workflow.now()) > timedelta(0):
        await workflow.sleep(left, summary=deadline.summary)
