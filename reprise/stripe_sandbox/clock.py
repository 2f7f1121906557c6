"""The sandbox's clock: the wall clock plus an offset that only grows, kept in the store."""

import time

from reprise.stripe_sandbox.store import Store

_OFFSET = "clock_offset"


def now(store: Store) -> int:
    """Return the sandbox's time in unix seconds."""
    return int(time.time()) + int(store.setting(_OFFSET, "0"))


def move_to(store: Store, instant: int) -> int:
    """Move the clock forward to `instant`; return the time it then shows.

    Raises:
        ValueError: `instant` is in the clock's past.
    """
    if instant < now(store):
        raise ValueError("the clock cannot go back")
    store.set_setting(_OFFSET, str(instant - int(time.time())))
    return now(store)
