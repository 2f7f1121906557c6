"""Every type of announcement: when it comes, and an example. The OpenAPI document and docs/webhooks.md have it."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

from reprise.schemas.announcements import Announcement
from reprise.statemachine.account import AccountState
from reprise.statemachine.terms import Term
from reprise.statemachine.timeline import STRIPE, TIMER, Actor, ActorKind, EntryType, TimelineEntry

_OPENED = datetime(2027, 1, 31, 10, tzinfo=UTC)
_TERM = Term(start=_OPENED, end=datetime(2027, 2, 28, 10, tzinfo=UTC))
_NEXT = Term(start=_TERM.end, end=datetime(2027, 3, 31, 10, tzinfo=UTC))
_BACK = Term(start=datetime(2027, 4, 15, 12, tzinfo=UTC), end=datetime(2027, 5, 15, 12, tzinfo=UTC))
_RETRIES = timedelta(days=7)

_USER, _OPERATOR = Actor(kind=ActorKind.USER, id="user-7"), Actor(kind=ActorKind.OPERATOR, id="support-1")

_MONEY: Final[dict[str, Any]] = {
    "amount": 7500,
    "currency": "usd",
    "carts": 3,
    "unit_amount": 2500,
    "payment_key": "shop-42:1",
    "invoice_id": "in_1ExampleInvoice",
}
_SECOND: Final[dict[str, Any]] = {**_MONEY, "payment_key": "shop-42:2", "invoice_id": "in_2ExampleInvoice"}

_IN, _OUT = AccountState.ACTIVE, AccountState.DISABLED
_ACTIVE: Final[dict[str, Any]] = {"from_state": _IN, "to_state": _IN, "access_until": _TERM.end + _RETRIES}
_DISABLED: Final[dict[str, Any]] = {"from_state": _OUT, "to_state": _OUT}
_PAST_DUE: Final[dict[str, Any]] = {
    "from_state": AccountState.PAST_DUE,
    "to_state": AccountState.PAST_DUE,
    "access_until": _TERM.end + _RETRIES,
}
_CLOSED: Final[dict[str, Any]] = {"from_state": AccountState.CLOSED, "to_state": AccountState.CLOSED}


class Kind(NamedTuple):
    """One type: when it is announced, and what its example holds."""

    when: str
    facts: dict[str, Any]
    actor: Actor = TIMER


CATALOGUE: Final[dict[EntryType, Kind]] = {
    EntryType.OPENED: Kind(
        "An account was opened. One whose first payment is under way has no access yet: `account.activated` follows,"
        " or `account.payment_declined`.",
        {"from_state": AccountState.NEW, "to_state": _OUT, "carts": 3},
        _OPERATOR,
    ),
    EntryType.ACTIVATED: Kind(
        "The first month is paid: the account is in service.",
        {**_MONEY, **_ACTIVE, "from_state": _OUT, "term": _TERM},
    ),
    EntryType.CANCELLED: Kind(
        "Somebody cancelled at the term's end: the account works until `access_until`, and renews no more.",
        {
            **_ACTIVE,
            "to_state": AccountState.CANCELLED,
            "access_until": _TERM.end,
            "term": _TERM,
            "reason": "too_expensive",
        },
        _USER,
    ),
    EntryType.RESUMED: Kind(
        "A cancellation was taken back, before the term's end.",
        {**_ACTIVE, "from_state": AccountState.CANCELLED, "term": _TERM},
        _USER,
    ),
    EntryType.DISABLED: Kind(
        "The account is out of service. `reason` is `cancelled`, `payment_failed`, or what an operator or user wrote.",
        {**_DISABLED, "from_state": AccountState.CANCELLED, "reason": "cancelled", "term": _TERM},
    ),
    EntryType.ENABLED: Kind(
        "An operator lifted a hold: the account is back in service, or may be reactivated.",
        {**_ACTIVE, "from_state": _OUT, "to_state": AccountState.REACTIVATED, "term": _TERM},
        _OPERATOR,
    ),
    EntryType.REACTIVATED: Kind(
        "The account is back in service: `amount` is the upfront payment, 0 within a term that was paid.",
        {
            **_SECOND,
            "from_state": _OUT,
            "to_state": AccountState.REACTIVATED,
            "access_until": _BACK.end + _RETRIES,
            "term": _BACK,
        },
        _USER,
    ),
    EntryType.RENEWED: Kind(
        "The next term is paid.", {**_SECOND, **_ACTIVE, "access_until": _NEXT.end + _RETRIES, "term": _NEXT}
    ),
    EntryType.RENEWAL_UPCOMING: Kind(
        "A renewal will be charged, in as many days as the policy `renewal_upcoming_days` says; off by default.",
        {**_ACTIVE, "amount": 7500, "currency": "usd", "carts": 3, "unit_amount": 2500, "term": _NEXT},
    ),
    EntryType.PAST_DUE: Kind(
        "A renewal failed: the account works on, until `access_until` at the latest, while it is tried again.",
        {**_SECOND, **_PAST_DUE, "from_state": _IN, "decline_code": "insufficient_funds"},
    ),
    EntryType.CLOSED: Kind(
        "The account is closed for good.", {**_CLOSED, "from_state": _IN}, Actor(kind=ActorKind.OPERATOR)
    ),
    EntryType.CARTS_CHANGED: Kind(
        "The number of carts was changed, from the next payment on.", {**_ACTIVE, "carts": 5}, _USER
    ),
    EntryType.PLAN_CHANGED: Kind(
        "The price was changed, from the next payment on: `amount` is for a cart and month.",
        {**_ACTIVE, "amount": 3000, "currency": "usd"},
        _OPERATOR,
    ),
    EntryType.PAYMENT_METHOD_CHANGED: Kind("There is a new default payment method.", _ACTIVE, _USER),
    EntryType.PAYMENT_METHOD_REFUSED: Kind(
        "Stripe did not take a payment method.", {**_ACTIVE, "decline_code": "card_declined"}, _USER
    ),
    EntryType.EMAIL_CHANGED: Kind("The billing e-mail was changed, at Stripe as well.", _ACTIVE, _USER),
    EntryType.EMAIL_REFUSED: Kind("Stripe did not take the billing e-mail.", _ACTIVE, STRIPE),
    EntryType.TERM_EXTENDED: Kind(
        "An operator let the term end later.",
        {**_ACTIVE, "term": Term(start=_TERM.start, end=_TERM.end + timedelta(days=3))},
        _OPERATOR,
    ),
    EntryType.CANCELLATION_REQUESTED: Kind(
        "Somebody pressed “Request cancellation” in the Temporal UI. Nothing was changed.",
        {**_ACTIVE, "reason": "Request cancellation does not end an account: send the command cancel, or close"},
        Actor(kind=ActorKind.OPERATOR),
    ),
    EntryType.RESTORED: Kind(
        "An operator took the account up again, whose workflow had been ended from outside.",
        {**_ACTIVE, "reason": "terminated"},
        _OPERATOR,
    ),
    EntryType.PAYMENT_DECLINED: Kind(
        "A payment failed, and nothing was charged; a renewal says `account.past_due` the first time.",
        {**_SECOND, **_PAST_DUE, "decline_code": "insufficient_funds"},
    ),
    EntryType.PAYMENT_REQUIRES_ACTION: Kind(
        "The payer must confirm a payment: `payment.action_url` of the account leads there.", {**_SECOND, **_DISABLED}
    ),
    EntryType.PAYMENT_PROCESSING: Kind("A bank debit is on its way, which takes days.", {**_SECOND, **_ACTIVE}),
    EntryType.PAYMENT_CANCELLED: Kind("A payment was called off.", {**_SECOND, **_DISABLED}, _USER),
    EntryType.PAYMENT_STOPPED: Kind(
        "Stripe refused Reprise's own request: operators have to mend it. Told once, not at each try.",
        {**_SECOND, **_PAST_DUE, "reason": "Invalid API Key provided"},
    ),
    EntryType.PAYMENT_NOT_KNOWN: Kind(
        "It is not known whether a payment went through; it is asked for until it is.", {**_SECOND, **_ACTIVE}
    ),
    EntryType.PAYMENT_RECEIVED: Kind(
        "Money came that nobody waited for. With a `term`, it bought that; else it is to be refunded.",
        {**_SECOND, **_DISABLED, "term": _NEXT},
        STRIPE,
    ),
    EntryType.VOID_OWED: Kind(
        "Stripe would not void an invoice that was called off; it is tried until it is done.",
        {**_SECOND, **_DISABLED, "reason": "Invalid API Key provided"},
    ),
    EntryType.PAYMENT_VOIDED: Kind("Such an invoice is void now.", {**_SECOND, **_DISABLED}, STRIPE),
    EntryType.REFUNDED: Kind(
        "A refund was made at Stripe; once for each status, which begins `reason`.",
        {**_MONEY, **_ACTIVE, "reason": "succeeded: requested_by_customer"},
        STRIPE,
    ),
    EntryType.DISPUTED: Kind(
        "A payment is disputed at the bank; once for each status, which begins `reason`.",
        {**_MONEY, **_ACTIVE, "reason": "needs_response: fraudulent"},
        STRIPE,
    ),
    EntryType.CUSTOMER_NOT_REGISTERED: Kind(
        "Stripe would not register the customer: operators have to mend it.",
        {**_DISABLED, "reason": "Invalid API Key provided"},
    ),
    EntryType.CUSTOMER_REPLACED: Kind(
        "The customer was deleted at Stripe, and is registered anew, without a payment method.", _ACTIVE, STRIPE
    ),
    EntryType.CUSTOMER_NOT_ERASED: Kind(
        "Stripe would not erase a closed account's customer; it is tried for 30 days.", _CLOSED
    ),
    EntryType.CUSTOMER_ERASED: Kind("A closed account's customer is erased at Stripe.", _CLOSED, STRIPE),
}
"""All of them: a test compares it with `EntryType`."""


def example_of(kind: EntryType) -> Announcement:
    """Return an example of an announcement, as it would be sent."""
    each = CATALOGUE[kind]
    numbers = {type_: number for number, type_ in enumerate(CATALOGUE, start=1)}
    at = each.facts["term"].start if kind in {EntryType.REACTIVATED, EntryType.RENEWED} else _OPENED
    entry = TimelineEntry(sequence=numbers[kind], at=at, type=kind, actor=each.actor, **each.facts)
    return Announcement.of("shop-42", entry, in_service=entry.access_until is not None)
