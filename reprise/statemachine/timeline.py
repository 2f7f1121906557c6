"""The timeline: every change of an account, who made it and what it moved (R17)."""

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from reprise.statemachine.terms import Instant, Term

KEPT = 100
"""How many entries stay with the account (R17)."""


class ActorKind(StrEnum):
    """Who can make an account change."""

    USER = "user"
    OPERATOR = "operator"
    TIMER = "timer"
    STRIPE = "stripe"


class Actor(BaseModel):
    """Who made a change: a person (by the id in their token), a timer, or Stripe."""

    model_config = ConfigDict(frozen=True)

    kind: ActorKind
    id: Annotated[str | None, Field(max_length=255)] = None


TIMER = Actor(kind=ActorKind.TIMER)
STRIPE = Actor(kind=ActorKind.STRIPE)


class TimelineEntry(BaseModel):
    """One change. `type` is also the type of its announcement (R18). Amounts are in minor units."""

    model_config = ConfigDict(frozen=True)

    sequence: Annotated[int, Field(description="1 for the account's first entry; no gaps.")]
    at: Instant
    type: str
    actor: Actor
    from_state: str
    to_state: str
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

    @property
    def anonymous(self) -> "TimelineEntry":
        """The same entry of nobody in particular: without who it was, and what they or others wrote (R13)."""
        return self.model_copy(update={"actor": Actor(kind=self.actor.kind), "reason": None})
