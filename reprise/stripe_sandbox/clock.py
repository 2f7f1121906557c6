"""The sandbox's clock: the wall clock plus an offset that only grows, kept in the store."""

import time

from reprise.stripe_sandbox.store import Store

_OFFSET = "clock_offset"

LAST = 221_845_391_999
"""The last second of the year 8999: what is due some years later can still be written as a date."""


def now(store: Store) -> int:
    """Return the sandbox's time in unix seconds."""
    return int(time.time()) + int(store.setting(_OFFSET, "0"))


def move_to(store: Store, instant: int, *, under_way: int = 0) -> int:
    """Move the clock forward to `instant`; return the time it then shows.

    Args:
        store: Where the clock is kept.
        instant: Unix seconds.
        under_way: Idempotency keys used within so many seconds before are as young after: whoever tries again at once
            does not do so a day later.

    Raises:
        ValueError: `instant` is in the clock's past, or after `LAST`.
    """
    before = now(store)
    if instant < before:
        raise ValueError("the clock cannot go back")
    if instant > LAST:
        raise ValueError("the clock cannot go past the year 8999")
    store.execute("UPDATE answers SET created = ? WHERE created > ?", instant, before - under_way)
    store.set_setting(_OFFSET, str(instant - int(time.time())))
    return now(store)
