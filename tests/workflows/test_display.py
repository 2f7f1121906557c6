"""R16: what Temporal's lists show of an account, and when that is worth an upsert."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.common import SearchAttributePair, TypedSearchAttributes

from reprise.statemachine import editions
from reprise.statemachine.account import Account
from reprise.statemachine.payments import PaymentPurpose
from reprise.temporal.search_attributes import ACCOUNT_STATE, CARTS, DECLINE_CODE, UNDELIVERED_TO
from reprise.workflows.presentation import Display, changed
from reprise.workflows.visibility import search_attributes
from tests.statemachine.book import Book
from tests.workflows import records
from tests.workflows.inside import Stage

ACTIVE, RENEWING = records.active(), records.renewing()
PAYMENT = RENEWING.payment
assert PAYMENT is not None
assert RENEWING.term is not None
UNKNOWN_FOR_LONG = RENEWING.model_copy(
    update={
        "payment": PAYMENT.model_copy(
            update={"purpose": PaymentPurpose.RENEWAL, "attempted_at": RENEWING.term.end + timedelta(days=9)}
        )
    }
)
"""Its access ends later than that of others: nobody is shut out over a payment that takes long."""


def _of_edition(edition: int, account: Account, **changes: Any) -> Account:
    return account.model_copy(update={"edition": edition, **changes})


def _without(account: Account, *names: str) -> TypedSearchAttributes:
    return TypedSearchAttributes([each for each in search_attributes(account) if each.key.name not in names])


async def shown(on: Stage, accounts: Sequence[Account], already: TypedSearchAttributes) -> list[set[str]]:
    """What each upsert names, while these records are shown one after another, each twice."""

    async def show() -> None:
        display = Display()
        for account in accounts:
            for _ in range(2):
                display.show(account)

    ran = await on.run(show, shown=already)
    return [
        set(event.upsert_workflow_search_attributes_event_attributes.search_attributes.indexed_fields)
        for event in ran.events
        if event.event_type == EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES
    ]


EMPTY = TypedSearchAttributes.empty
ALL_OF_ACTIVE = {each.key.name for each in search_attributes(ACTIVE)}
FIRST, SECOND = editions.FIRST, editions.SECOND
CASES: dict[str, tuple[Sequence[Account], TypedSearchAttributes, list[set[str]]]] = {
    "nothing was shown": ([ACTIVE], EMPTY, [ALL_OF_ACTIVE]),
    "all was shown": ([ACTIVE], search_attributes(ACTIVE), []),
    "carts ride along": (
        [ACTIVE.model_copy(update={"carts": 4}), records.closed().model_copy(update={"carts": 5})],
        search_attributes(ACTIVE),
        [{"AccountState", "Carts", "TermEndsAt", "AccessUntil", "StateSince", "NextAction"}],
    ),
    "carts in the first edition": (
        [_of_edition(FIRST, ACTIVE, carts=4)],
        search_attributes(_of_edition(FIRST, ACTIVE)),
        [{"Carts"}],
    ),
    "why, in the second": (
        [records.past_due()],
        _without(records.past_due(), "DeclineCode", "RetriesAt"),
        [{"DeclineCode", "RetriesAt"}],
    ),
    "why, in the first": (
        [_of_edition(FIRST, records.past_due())],
        _without(_of_edition(FIRST, records.past_due()), "DeclineCode", "RetriesAt"),
        [],
    ),
    "a payment under way": ([RENEWING], search_attributes(Book.open().account), []),
    "a payment under way of which nothing was shown": (
        [RENEWING],
        EMPTY,
        [{each.key.name for each in search_attributes(RENEWING)}],
    ),
    "a payment out of service under way": (
        [records.collecting()],
        search_attributes(records.disabled_first_payment_failed()),
        [],
    ),
    "a payment that takes long": (
        [UNKNOWN_FOR_LONG],
        search_attributes(Book.open().account),
        [{"PaymentStatus", "AccessUntil", "NextAction"}],
    ),
    "a payment that takes long, in the first edition": (
        [_of_edition(FIRST, UNKNOWN_FOR_LONG)],
        TypedSearchAttributes([SearchAttributePair(ACCOUNT_STATE, "disabled")]),
        [],
    ),
    "access where none was shown": (
        [RENEWING],
        _without(RENEWING, "AccessUntil"),
        [{"AccessUntil"}],
    ),
}


@pytest.mark.parametrize(("accounts", "already", "upserts"), CASES.values(), ids=CASES.keys())
async def test_R16_what_is_worth_an_upsert(
    on: Stage, accounts: Sequence[Account], already: TypedSearchAttributes, upserts: list[set[str]]
) -> None:
    """What lasts, once, with all that has changed; not a payment under way, unless access ends later."""
    assert await shown(on, accounts, already) == upserts


def test_R16_the_updates_that_lead_from_one_to_another() -> None:
    """In a fixed order; whom the account cannot tell is the outbox's business."""
    code, state = SearchAttributePair(DECLINE_CODE, "stolen_card"), SearchAttributePair(ACCOUNT_STATE, "active")
    old = TypedSearchAttributes(
        [code, state, SearchAttributePair(CARTS, 3), SearchAttributePair(UNDELIVERED_TO, ["crm"])]
    )
    new = TypedSearchAttributes([SearchAttributePair(CARTS, 3), SearchAttributePair(ACCOUNT_STATE, "past_due")])
    assert [(each.key, each.value) for each in changed(old, new)] == [(ACCOUNT_STATE, "past_due"), (DECLINE_CODE, None)]
    assert changed(new, new) == []
