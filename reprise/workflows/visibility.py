"""What Temporal's visibility store and `/access` know of an account: made from its record by whoever starts a run."""

from collections.abc import Sequence
from typing import Any, Final

from temporalio.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes

from reprise.statemachine.access import access_until
from reprise.statemachine.account import Account
from reprise.statemachine.payments import PaymentStatus
from reprise.statemachine.waiting import in_state_since, next_action, retries_ahead
from reprise.temporal.search_attributes import (
    ACCESS_UNTIL,
    ACCOUNT_STATE,
    CARTS,
    DECLINE_CODE,
    DISABLED_REASON,
    NEXT_ACTION,
    PAYMENT_STATUS,
    RETRIES_AT,
    STATE_SINCE,
    TERM_ENDS_AT,
    UNDELIVERED_TO,
)

LONGEST_CODE: Final = 100
"""Characters of a code that the list shows: Stripe's have some thirty."""


def search_attributes(account: Account, undelivered_to: Sequence[str] = ()) -> TypedSearchAttributes:
    """Return what the visibility store and `/access` are to know of the account (R16).

    Args:
        account: The account.
        undelivered_to: The endpoints that do not take its announcements (R18), which the outbox shows by itself.
    """
    payment = account.payment
    values: list[tuple[SearchAttributeKey[Any], Any]] = [
        (ACCOUNT_STATE, account.state.value),
        (PAYMENT_STATUS, (payment.status if payment else PaymentStatus.NONE).value),
        (CARTS, account.carts),
        (TERM_ENDS_AT, account.term.end if account.term else None),
        (ACCESS_UNTIL, access_until(account)),
        (STATE_SINCE, in_state_since(account)),
        (DISABLED_REASON, account.disabled_reason and account.disabled_reason.value),
        (DECLINE_CODE, payment.decline_code and payment.decline_code[:LONGEST_CODE] if payment else None),
        (NEXT_ACTION, (action := next_action(account)) and action.value),
        (RETRIES_AT, [f"{at:%Y-%m-%dT%H:%M:%SZ}" for at in retries_ahead(account)] or None),
        (UNDELIVERED_TO, list(undelivered_to) or None),
    ]
    return TypedSearchAttributes([SearchAttributePair(key, value) for key, value in values if value is not None])
