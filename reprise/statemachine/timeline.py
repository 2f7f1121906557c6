"""The timeline: every change of an account, who made it and what it moved (R17)."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from reprise.statemachine.frozen import Frozen
from reprise.statemachine.states import AccountState
from reprise.statemachine.terms import Instant, Term
from reprise.statemachine.unknown import KeptWhenRead

KEPT = 100
"""How many entries stay with the account (R17)."""

UNKNOWN_ENTRIES = 10_000
"""How many entries an account may have had that an older record, which it is restored from, does not know of (R27)."""


class ActorKind(StrEnum):
    """Who can make an account change; `product` is the product's own backend (R19)."""

    USER = "user"
    OPERATOR = "operator"
    PRODUCT = "product"
    TIMER = "timer"
    STRIPE = "stripe"


class Actor(Frozen):
    """Who made a change: a person (by the id in their token), a timer, or Stripe."""

    kind: Annotated[ActorKind, KeptWhenRead]
    id: Annotated[str | None, Field(max_length=255)] = None


TIMER = Actor(kind=ActorKind.TIMER)
STRIPE = Actor(kind=ActorKind.STRIPE)


class EntryType(StrEnum):
    """What can happen to an account: the type of an entry, and of its announcement (R17, R18).

    Whoever tells people of entries matches all of them; one that is forgotten fails type checking.
    """

    OPENED = "account.opened"
    ACTIVATED = "account.activated"
    CANCELLED = "account.cancelled"
    RESUMED = "account.resumed"
    DISABLED = "account.disabled"
    ENABLED = "account.enabled"
    REACTIVATED = "account.reactivated"
    RENEWED = "account.renewed"
    RENEWAL_UPCOMING = "account.renewal_upcoming"
    PAST_DUE = "account.past_due"
    CLOSED = "account.closed"

    CARTS_CHANGED = "account.carts_changed"
    PLAN_CHANGED = "account.plan_changed"
    PAYMENT_METHOD_CHANGED = "account.payment_method_changed"
    PAYMENT_METHOD_REFUSED = "account.payment_method_refused"
    EMAIL_CHANGED = "account.email_changed"
    EMAIL_REFUSED = "account.email_refused"
    TERM_EXTENDED = "account.term_extended"
    CANCELLATION_REQUESTED = "account.cancellation_requested"
    RESTORED = "account.restored"

    PAYMENT_DECLINED = "account.payment_declined"
    PAYMENT_REQUIRES_ACTION = "account.payment_requires_action"
    PAYMENT_PROCESSING = "account.payment_processing"
    PAYMENT_CANCELLED = "account.payment_cancelled"
    PAYMENT_STOPPED = "account.payment_stopped"
    PAYMENT_NOT_KNOWN = "account.payment_not_known"
    PAYMENT_RECEIVED = "account.payment_received"
    VOID_OWED = "account.void_owed"
    PAYMENT_VOIDED = "account.payment_voided"
    REFUNDED = "account.refunded"
    DISPUTED = "account.disputed"

    CUSTOMER_NOT_REGISTERED = "account.customer_not_registered"
    CUSTOMER_REPLACED = "account.customer_replaced"
    CUSTOMER_NOT_ERASED = "account.customer_not_erased"
    CUSTOMER_ERASED = "account.customer_erased"


AnyEntryType = Annotated[
    EntryType | str,
    Field(union_mode="left_to_right", description="A later release may bring others."),
]
"""An entry's type as it is read: one of a later release is kept as the text that it is, and fails nothing."""


class TimelineEntry(Frozen):
    """One change. `type` is also the type of its announcement (R18). Amounts are in minor units."""

    sequence: Annotated[
        int,
        Field(description="1 for the first entry; no gaps, save before an `account.restored` from an old record."),
    ]
    at: Instant
    type: AnyEntryType
    actor: Actor
    from_state: Annotated[AccountState, KeptWhenRead]
    to_state: Annotated[AccountState, KeptWhenRead]
    amount: int | None = None
    currency: str | None = None
    payment_key: str | None = None
    invoice_id: str | None = None
    decline_code: str | None = None
    reason: str | None = None
    carts: int | None = None
    unit_amount: int | None = None
    charged: Annotated[
        int | None, Field(description="What the payment method was charged, where a credit balance paid the rest.")
    ] = None
    from_balance: Annotated[int | None, Field(description="What the customer's credit balance at Stripe paid.")] = None
    term: Term | None = None
    access_until: Annotated[
        Instant | None,
        Field(description="Until when the account may work after this, if nothing else happens; none: out of service."),
    ] = None

    @property
    def anonymous(self) -> "TimelineEntry":
        """The same entry of nobody in particular: without who it was, and what they or others wrote (R13)."""
        return self.model_copy(update={"actor": Actor(kind=self.actor.kind), "reason": None})
