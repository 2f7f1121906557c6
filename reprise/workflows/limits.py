"""Bounds that keep an account alive: against floods from outside, and against its own eagerness (R8, R27)."""

from datetime import datetime, timedelta

from temporalio import workflow

COMMAND_BATCH_SIZE = 500
"""How many commands are taken in one workflow task: a task that takes longer than 2 seconds fails, again and again."""

BATCH_INTERVAL = timedelta(milliseconds=1)
"""How long the next commands wait, so that they are taken in a workflow task of their own."""

MAX_HISTORY_EVENTS, MAX_HISTORY_BYTES = 40_000, 40_000_000
"""The history from which on a run takes no more: at 51,200 events or 50 MB Temporal ends a workflow."""

MAX_OUTBOX_SIZE = 2_000
"""How many changes may wait for the product to hear of them: the next run's input holds 2 MB at the most."""

TOO_MANY = "This account has had too many commands at once. Nothing was changed. Try again in a minute."

MAX_EFFECTS_PER_HOUR = 60
"""How many effects an account may begin by itself in an hour. It never needs more than a few: what asks for more is a
loop, and goes on this slowly until somebody ends it."""

HOUR = timedelta(hours=1)


def history_is_full() -> bool:
    """Say whether this run's history is so long that taking more could cost the account its life."""
    info = workflow.info()
    return (
        info.get_current_history_length() >= MAX_HISTORY_EVENTS or info.get_current_history_size() >= MAX_HISTORY_BYTES
    )


class Backoff:
    """Waits that double: a minute after the first failure of a thing, an hour at the most."""

    def __init__(self) -> None:
        """Start without a failure."""
        self._failures = 0

    def failed(self) -> timedelta:
        """Count a failure, and return how long to wait after it."""
        self._failures += 1
        return self.wait

    def succeeded(self) -> None:
        """Begin anew."""
        self._failures = 0

    @property
    def wait(self) -> timedelta:
        """How long to wait before the next try."""
        if not self._failures:
            return timedelta(0)
        return min(timedelta(minutes=2 ** min(self._failures - 1, 6)), HOUR)


class Pace:
    """Holds what happens too often: `most` times in an hour."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._began: list[datetime] = []

    def begin(self, now: datetime) -> timedelta:
        """Count a beginning at `now`, and return how long it has to wait: until the hour holds one less."""
        full = len(self._began) == self._most
        at = max(now, self._began.pop(0) + HOUR) if full else now
        self._began.append(at)
        return at - now
