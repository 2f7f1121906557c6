"""What can happen in a life: how an account opens, and one deed after another, as plain values."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

CARDS = (
    "good", "good", "good", "good", "none", "authentication", "insufficient_funds", "generic_decline", "refused",
    "debit", "lost_card", "generic_decline/do_not_try_again", "lost_card/try_again_later",
)  # fmt: skip
"""What a payment method does when it is charged; `refused` cannot even be attached, a `debit` takes days (R21).

Behind a slash is what the bank advises (R9).
"""


class Opening(NamedTuple):
    """How an account opens. `paid_through` counts from then."""

    at: datetime
    zone: str
    card: str
    carts: int
    plan: tuple[str, int]
    retry_days: tuple[int, ...]
    debt: str
    paid_through: timedelta | None
    stopped_days: int = 14
    on_dispute: str = "tell"
    email: str = "owner@example.com"
    elsewhere: str | None = None
    key_is_wrong: bool = False
    upcoming_days: int | None = None


class Deed(NamedTuple):
    """One thing that happens."""

    what: str
    value: Any = None
