"""What Temporal's visibility store and `/access` know of an account: made from its record by whoever starts a run."""

from typing import Any

from temporalio.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes

from reprise.statemachine.access import access_until
from reprise.statemachine.account import Account
from reprise.statemachine.payments import PaymentStatus
from reprise.temporal.search_attributes import ACCESS_UNTIL, ACCOUNT_STATE, CARTS, PAYMENT_STATUS, TERM_ENDS_AT


def search_attributes(account: Account) -> TypedSearchAttributes:
    """Return what the visibility store and `/access` are to know of the account (R16)."""
    values: list[tuple[SearchAttributeKey[Any], Any]] = [
        (ACCOUNT_STATE, account.state.value),
        (PAYMENT_STATUS, (account.payment.status if account.payment else PaymentStatus.NONE).value),
        (CARTS, account.carts),
        (TERM_ENDS_AT, account.term.end if account.term else None),
        (ACCESS_UNTIL, access_until(account)),
    ]
    return TypedSearchAttributes([SearchAttributePair(key, value) for key, value in values if value is not None])
