"""What the checker can find, and how it says so."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Kind(StrEnum):
    """What a finding counts as."""

    DOUBLE_CHARGE = "double charge"
    MONEY_WITHOUT_SERVICE = "money without service"
    FREE_SERVICE = "free service"
    LOST_COMMAND = "lost command"
    LOST_ANNOUNCEMENT = "lost announcement"
    WRONG_STATE = "wrong state"
    STUCK = "stuck account"
    GROWTH = "growing history"


@dataclass(frozen=True)
class Finding:
    """Something that must not be."""

    kind: Kind
    account_id: str
    what: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.account_id}: {self.what}"


def instant(text: str) -> datetime:
    """`2027-01-31T10:00:00Z` as an instant."""
    return datetime.fromisoformat(text)
