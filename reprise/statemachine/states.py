"""The states of an account, by their names."""

from enum import StrEnum


class AccountState(StrEnum):
    """The states of RULES.md. `NEW` lasts only while the account opens; nobody sees it."""

    NEW = "new"
    ACTIVE = "active"
    CANCELLED = "cancelled"
    PAST_DUE = "past_due"
    DISABLED = "disabled"
    REACTIVATED = "reactivated"
    CLOSED = "closed"
