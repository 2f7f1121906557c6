"""The search attributes that the list of accounts and `/access` are answered from, without a worker (R16)."""

from collections.abc import Sequence
from datetime import datetime

from temporalio.common import SearchAttributeKey

ACCOUNT_STATE = SearchAttributeKey.for_keyword("AccountState")
PAYMENT_STATUS = SearchAttributeKey.for_keyword("PaymentStatus")
CARTS = SearchAttributeKey.for_int("Carts")
TERM_ENDS_AT = SearchAttributeKey.for_datetime("TermEndsAt")
ACCESS_UNTIL = SearchAttributeKey.for_datetime("AccessUntil")
STATE_SINCE = SearchAttributeKey.for_datetime("StateSince")
"""The third and last instant: a namespace on SQL visibility holds three (docs.temporal.io/search-attribute)."""
DISABLED_REASON = SearchAttributeKey.for_keyword("DisabledReason")
DECLINE_CODE = SearchAttributeKey.for_keyword("DeclineCode")
NEXT_ACTION = SearchAttributeKey.for_keyword("NextAction")
RETRIES_AT = SearchAttributeKey.for_keyword_list("RetriesAt")
"""All retries that a past-due account has ahead, as instants in UTC: so that a retry that fails need not be told."""
UNDELIVERED_TO = SearchAttributeKey.for_keyword_list("UndeliveredTo")
"""The endpoints that do not take what an account announces: set only while that is so (R18)."""

SEARCH_ATTRIBUTES: tuple[
    SearchAttributeKey[str]
    | SearchAttributeKey[int]
    | SearchAttributeKey[datetime]
    | SearchAttributeKey[Sequence[str]],
    ...,
] = (
    ACCOUNT_STATE,
    PAYMENT_STATUS,
    CARTS,
    TERM_ENDS_AT,
    ACCESS_UNTIL,
    STATE_SINCE,
    DISABLED_REASON,
    DECLINE_CODE,
    NEXT_ACTION,
    RETRIES_AT,
    UNDELIVERED_TO,
)
"""What the Temporal namespace must know: the single source for its registration, the workflow and the API."""
