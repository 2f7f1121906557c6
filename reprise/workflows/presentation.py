"""How an account shows itself in Temporal's lists: its search attributes (R16)."""

from typing import Any, Final

from temporalio import workflow
from temporalio.common import SearchAttributeKey, SearchAttributeUpdate, TypedSearchAttributes

from reprise.statemachine import editions
from reprise.statemachine.access import access_until
from reprise.statemachine.account import Account
from reprise.temporal.search_attributes import (
    ACCESS_UNTIL,
    ACCOUNT_STATE,
    CARTS,
    DECLINE_CODE,
    DISABLED_REASON,
    NEXT_ACTION,
    PAYMENT_STATUS,
    SEARCH_ATTRIBUTES,
    TERM_ENDS_AT,
    UNDELIVERED_TO,
)
from reprise.workflows.visibility import search_attributes


class Display:
    """What Temporal shows of the account, kept up to date."""

    def __init__(self) -> None:
        """Start from what the run before has shown."""
        self._shown = workflow.info().typed_search_attributes

    def show(self, account: Account) -> None:
        """Show what lasts: a payment under way is over in seconds, and an upsert each way would cost more than it.

        Carts alone are not worth an upsert either: the next one that is needed, or the next run, shows them. But access
        that ends later than is shown is shown at once: nobody is shut out over a payment that takes long.
        """
        if (
            account.is_collecting
            and self._shown.get(ACCOUNT_STATE) is not None
            and not self._access_ends_later(account)
        ):
            return
        now = search_attributes(account)
        updates = changed(self._shown, now)
        worth_it = OF_0_1_0 if account.edition < editions.SECOND else WORTH_AN_UPSERT
        if any(each.key.name in worth_it for each in updates):
            workflow.upsert_search_attributes(updates)
            self._shown = now

    def _access_ends_later(self, account: Account) -> bool:
        until, shown = access_until(account), self._shown.get(ACCESS_UNTIL)
        return account.edition >= editions.SECOND and until is not None and (shown is None or until > shown)


OF_0_1_0: Final = frozenset(each.name for each in (ACCOUNT_STATE, PAYMENT_STATUS, CARTS, TERM_ENDS_AT, ACCESS_UNTIL))
"""Whose change a run of the first edition has always shown at once: when it upserts, its history says."""

WORTH_AN_UPSERT: Final = frozenset(
    each.name
    for each in (ACCOUNT_STATE, PAYMENT_STATUS, TERM_ENDS_AT, ACCESS_UNTIL, DISABLED_REASON, DECLINE_CODE, NEXT_ACTION)
)
"""Whose change is shown at once; all others ride along."""


def changed(old: TypedSearchAttributes, new: TypedSearchAttributes) -> list[SearchAttributeUpdate[Any]]:
    """Return the updates that lead from `old` to `new`, in a fixed order; empty when nothing changed.

    Whom the account cannot tell is shown by its outbox.
    """
    keys: tuple[SearchAttributeKey[Any], ...] = SEARCH_ATTRIBUTES
    was, is_now = _by_name(old), _by_name(new)
    return [
        key.value_unset() if key.name not in is_now else key.value_set(is_now[key.name])
        for key in keys
        if was.get(key.name) != is_now.get(key.name) and key is not UNDELIVERED_TO
    ]


def _by_name(attributes: TypedSearchAttributes) -> dict[str, Any]:
    return {each.key.name: each.value for each in attributes}
