"""Outboxes as tests begin with them, and answers of the activities that tell endpoints."""

from datetime import datetime, timedelta
from typing import Any

from temporalio import workflow
from temporalio.exceptions import ApplicationError

from reprise.statemachine.commands import SetCarts
from reprise.statemachine.timeline import TimelineEntry
from reprise.workflows.messages import EndpointPosition, ResendAnnouncements
from reprise.workflows.outbox import Outbox
from reprise.workflows.outbox_edition_1 import FirstOutbox
from tests.statemachine.book import Book, utc
from tests.workflows.faults import raising

SINCE = utc("2025-01-31T10:00")
MINUTE = timedelta(minutes=1)


def _timeline() -> tuple[TimelineEntry, ...]:
    book = Book.open()
    for day in range(1, 29):
        book.at(f"2027-02-{day:02}T09:00").do(SetCarts(carts=3 + day))
    return book.account.timeline


TOLD = _timeline()
"""Entries 1 to 30, each made at an instant of its own."""


def at(next_sequence: int, endpoint: str = "shop", **changes: Any) -> EndpointPosition:
    return EndpointPosition(endpoint=endpoint, next_sequence=next_sequence, **changes)


def outbox(
    *positions: EndpointPosition, entries: tuple[TimelineEntry, ...] = TOLD[:3], not_before: datetime | None = None
) -> Outbox:
    return Outbox("a1", entries[-1].sequence, entries, positions, not_before)


async def end(box: Outbox | FirstOutbox) -> None:
    """Wait until something has come to its end, and take it."""
    await workflow.wait_condition(lambda: box.has_finished)
    box.finish()


def delivered(taken: int, *endpoints: str, known: bool = True) -> dict[str, Any]:
    return {"taken": taken, "endpoints": endpoints or ("shop",), "known": known}


UNKNOWN = delivered(0, "crm", known=False)
AWAY = raising(ApplicationError, "away", type="product_unavailable", non_retryable=True)
BROKEN = raising(ApplicationError, "broken", type="of_another_kind", non_retryable=True)


AT_ONCE = timedelta(seconds=5)
"""Nobody waits for less than a minute."""


def again(box: Outbox, *told: Any, **asked: Any) -> None:
    """Ask for it; the outbox does it by itself, in this run."""
    assert box.resend(ResendAnnouncements(**asked), told) is False
    assert box.has_finished
