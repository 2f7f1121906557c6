"""Refusals: why an account does not do what it was asked to do. Each has a stable code."""

from enum import StrEnum
from typing import Final

from reprise.statemachine.quotes import Quote


class RefusalCode(StrEnum):
    """The stable codes of refusals; HTTP answers carry them unchanged."""

    ACCOUNT_EXISTS = "account_exists"
    ACCOUNT_RUNNING = "account_running"
    ALREADY_IN_SERVICE = "already_in_service"
    NOT_IN_SERVICE = "not_in_service"
    PAYMENT_IN_PROGRESS = "payment_in_progress"
    DISABLED_BY_OPERATOR = "disabled_by_operator"
    QUOTE_CHANGED = "quote_changed"
    ACCOUNT_CLOSED = "account_closed"
    IDEMPOTENCY_KEY_REUSED = "idempotency_key_reused"
    INVALID_REQUEST = "invalid_request"
    PAYMENT_DECLINED = "payment_declined"
    TOO_MANY_COMMANDS = "too_many_commands"
    STATE_CHANGED = "state_changed"


IDEMPOTENCY_KEY_REUSED: Final = "This idempotency key was used for another request. Use a new key for each."
"""What is said to whoever uses a key again for something else (R14)."""


class Refused(Exception):  # noqa: N818 - a refusal is an answer, not a fault
    """An event that the account's state forbids. Nothing has changed.

    Attributes:
        code: The stable code.
        message: A sentence that says what is wrong and what to do.
        field: For `invalid_request`, the input at fault.
        quote: For `quote_changed`, what reactivating costs now.
    """

    def __init__(
        self, code: RefusalCode, message: str, *, field: str | None = None, quote: Quote | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.field = field
        self.quote = quote
