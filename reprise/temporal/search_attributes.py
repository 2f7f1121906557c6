"""The search attributes that the list of accounts and `/access` are answered from, without a worker (R16)."""

from datetime import datetime

from temporalio.common import SearchAttributeKey

ACCOUNT_STATE = SearchAttributeKey.for_keyword("AccountState")
PAYMENT_STATUS = SearchAttributeKey.for_keyword("PaymentStatus")
CARTS = SearchAttributeKey.for_int("Carts")
TERM_ENDS_AT = SearchAttributeKey.for_datetime("TermEndsAt")
ACCESS_UNTIL = SearchAttributeKey.for_datetime("AccessUntil")
SEARCH_ATTRIBUTES: tuple[SearchAttributeKey[str] | SearchAttributeKey[int] | SearchAttributeKey[datetime], ...] = (
    ACCOUNT_STATE,
    PAYMENT_STATUS,
    CARTS,
    TERM_ENDS_AT,
    ACCESS_UNTIL,
)
"""What the Temporal namespace must know: the single source for its registration, the workflow and the API."""
