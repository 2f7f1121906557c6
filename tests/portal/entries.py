"""Entries of a timeline, as the core notes them."""

from datetime import UTC, datetime
from typing import Any

from reprise.statemachine.timeline import TIMER, TimelineEntry

START, END = datetime(2027, 1, 31, 10, 0, tzinfo=UTC), datetime(2027, 2, 28, 10, 0, tzinfo=UTC)


def entry(kind: str, **facts: Any) -> TimelineEntry:
    given = {"sequence": 1, "at": END, "actor": TIMER, "from_state": "active", "to_state": "disabled", **facts}
    return TimelineEntry(type=f"account.{kind}", **given)
