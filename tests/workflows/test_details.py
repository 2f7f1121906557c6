"""R17: the details of an account as operators read them in the Temporal UI, word for word."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from reprise.statemachine.account import Account
from reprise.statemachine.commands import Cancel
from reprise.statemachine.payments import OwedErasure, OwedVoid
from reprise.statemachine.timeline import Actor, ActorKind
from reprise.workflows.details import details
from tests.statemachine.book import Book, utc
from tests.workflows import records


def _rows(told: str) -> dict[str, str]:
    return dict(re.findall(r"^- \*\*([^:]+):\*\* (.+)$", told, re.MULTILINE))


def _no_retry() -> Account:
    account = records.past_due()
    assert account.payment is not None
    return account.model_copy(update={"payment": account.payment.model_copy(update={"do_not_retry": True})})


def _faulty() -> Account:
    return Book.open(key_is_wrong=True).account


def _back_for_nothing() -> Account:
    book = Book.open().at("2027-02-10T10:00")
    book.do(Cancel(when="now"))
    return book.account


def _not_erased() -> Account:
    owed = OwedErasure(since=utc("2027-02-10T10:00"), next_attempt_at=utc("2027-02-10T11:00"))
    return records.closed().model_copy(update={"erasure_owed": owed})


WAITING: dict[Callable[[], Account], str] = {
    records.active: "term ends, 2027-04-30 10:00:00 UTC",
    records.cancelled: "its service to end; term ends, 2027-02-28 10:00:00 UTC",
    records.disabled_cancelled: "its owner to come back, for an upfront payment",
    records.disabled_first_payment_failed: "its owner to come back, for an upfront payment",
    records.disabled_operator: "operators, to enable it",
    records.requires_action: "the payer, to confirm the payment;"
    " look whether the payer has authenticated, 2027-01-31 10:05:00 UTC",
    records.collecting: "Stripe, to say how the attempt went",
    records.closed: "nothing",
    _not_erased: "erase the customer, which Stripe has refused so far, 2027-02-10 11:00:00 UTC",
    records.clearing: "the bank, to transfer the money; term ends, 2027-02-28 10:00:00 UTC",
    _back_for_nothing: "its owner to come back, free until 2027-02-28 10:00:00 UTC",
    _no_retry: "another payment method; payment retry 2 of 4: the bank refuses this card, 2027-03-03 10:00:00 UTC",
    _faulty: "operators, to mend what Stripe refuses; payment retry after a fault of ours, 2027-01-31 11:00:00 UTC",
}


@pytest.mark.parametrize("standing", WAITING, ids=lambda each: each.__name__)
def test_R17_the_details_say_whom_an_account_waits_for(standing: Callable[[], Account]) -> None:
    """Word for word."""
    account = standing()
    now = account.timeline[-1].at
    assert _rows(details(account, now))["Waiting for"] == WAITING[standing]


@pytest.mark.parametrize(
    ("standing", "expected"),
    [
        (
            records.disabled_payment_failed,
            """**Disabled (payment failed)** · account `a1` · 3 carts × 25.00 USD

- **Waiting for:** its owner to come back, for an upfront payment
- **Since:** 2027-03-07 10:00:00 UTC
- **The shop stops:** it is out of service
- **Paid term:** 2027-01-31 10:00:00 UTC to 2027-02-28 10:00:00 UTC
- **Payment:** `a1:2`, 75.00 USD, declined (`generic_decline`), attempt 5, invoice `in_a1:2`
- **Last:** disabled by its timer, 2027-03-07 10:00:00 UTC: `payment_failed`
- **Updates it takes:** `reactivate`, `extend`, `disable`, `close`, `carts`, `payment-method`, `email`, `plan`""",
        ),
        (
            records.collecting,
            """**Disabled** · account `a1` · 3 carts × 25.00 USD

- **Waiting for:** Stripe, to say how the attempt went
- **Since:** 2027-01-31 10:00:00 UTC
- **The shop stops:** it is out of service
- **Payment:** `a1:1`, 75.00 USD, collecting, attempt 1
- **Last:** opened by an operator, 2027-01-31 10:00:00 UTC
- **Updates it takes:** `reactivate`, `carts`, `payment-method`, `email`, `plan`""",
        ),
        (
            records.closed,
            """**Closed** · account `a1` · 3 carts × 25.00 USD

- **Waiting for:** nothing
- **Since:** 2027-02-10 10:00:00 UTC
- **The shop stops:** it is out of service
- **Paid term:** 2027-01-31 10:00:00 UTC to 2027-02-28 10:00:00 UTC
- **Payment:** `a1:1`, 75.00 USD, paid, attempt 1, invoice `in_a1:1`
- **Last:** closed by an operator, 2027-02-10 10:00:00 UTC
- **Updates it takes:** none: it is closed for good""",
        ),
    ],
    ids=["payment failed", "collecting", "closed"],
)
def test_R17_the_whole_details(standing: Callable[[], Account], expected: str) -> None:
    account = standing()
    assert details(account, account.timeline[-1].at) == expected


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"actor": Actor(kind=ActorKind.USER, id="u7")}, "renewed by the user `u7`"),
        ({"actor": Actor(kind=ActorKind.USER)}, "renewed by a user"),
        ({"actor": Actor(kind=ActorKind.OPERATOR, id="grace")}, "renewed by the operator `grace`"),
        ({"actor": Actor(kind=ActorKind.OPERATOR)}, "renewed by an operator"),
        ({"actor": Actor(kind=ActorKind.PRODUCT, id="crm")}, "renewed by the product `crm`"),
        ({"actor": Actor(kind=ActorKind.PRODUCT)}, "renewed by the product"),
        ({"actor": Actor(kind=ActorKind.STRIPE)}, "renewed by Stripe"),
        ({"type": "account.put_to_sleep"}, "put to sleep by its timer"),
        ({"type": "account.[here](x)"}, "`[here] (x)` by its timer"),
        ({"type": "account._"}, "`–` by its timer"),
    ],
)
def test_R17_the_details_say_who_did_what_last(changes: dict[str, Any], said: str) -> None:
    """Also what only a later release does, by its name, quoted where that is no plain word."""
    account = records.active()
    *before, last = account.timeline
    changed = account.model_copy(update={"timeline": (*before, last.model_copy(update=changes))})
    assert _rows(details(changed, last.at))["Last"] == f"{said}, 2027-03-31 10:00:00 UTC"


def test_R17_the_details_of_a_record_without_a_timeline_and_term() -> None:
    """What is not known is left out; what is owed is told."""
    owed = OwedVoid(payment_key="a1:7", since=utc("2027-02-01T10:00"), next_attempt_at=utc("2027-02-03T10:00"))
    left = {"timeline": (), "term": None, "payment": None, "voids_owed": (owed,)}
    account = records.disabled_operator().model_copy(update=left)
    rows = _rows(details(account, utc("2027-02-01T10:00")))
    assert list(rows) == ["Waiting for", "The shop stops", "Void owed", "Updates it takes"]
    assert rows["Void owed"] == "`a1:7`, tried again 2027-02-03 10:00:00 UTC"
