"""Bodies of requests and answers, as the HTTP contract fixes them. In a body, what is unknown is refused (R20)."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, HttpUrl

from reprise.statemachine.account import AccountId, AccountState
from reprise.statemachine.commands import CustomerId, PaymentMethodId
from reprise.statemachine.emails import ValidEmail
from reprise.statemachine.money import CartCount, Plan
from reprise.statemachine.policy import BillingPolicy
from reprise.statemachine.terms import GivenInstant, Instant, ZoneName
from reprise.statemachine.timeline import TimelineEntry
from reprise.statemachine.unknown import KeptWhenRead


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class OpenAccountBody(_Body):
    """A new account (R1)."""

    account_id: Annotated[AccountId, Field(examples=["shop-42"])]
    email: ValidEmail
    carts: Annotated[CartCount, Field(examples=[3])]
    plan: Annotated[Plan, Field(examples=[{"currency": "usd", "unit_amount": 2500}])]
    timezone: Annotated[ZoneName, Field(examples=["Europe/Berlin"])] = "UTC"
    paid_through: Annotated[
        GivenInstant | None, Field(description="Paid elsewhere until then: nothing is collected now.")
    ] = None
    payment_method: PaymentMethodId | None = None
    policy: BillingPolicy = BillingPolicy()
    anchor: Annotated[
        GivenInstant | None,
        Field(description="Of an account that lived elsewhere: whose day and time of day its terms keep (R25)."),
    ] = None
    customer_id: Annotated[
        CustomerId | None, Field(description="Its customer at Stripe; without one, it gets a new one (R25).")
    ] = None
    opened_at: Annotated[GivenInstant | None, Field(description="When it was opened there (R25).")] = None
    cancelled: Annotated[
        bool, Field(strict=True, description="It was cancelled there: it ends with `paid_through` (R25).")
    ] = False


class ReturnBody(_Body):
    """Where Stripe's customer portal leads back to."""

    return_url: Annotated[HttpUrl, Field(examples=["https://shop.example.com/billing"])]


class Access(BaseModel):
    """Whether the account may work now (R16)."""

    access: bool
    state: Annotated[AccountState, KeptWhenRead]
    until: Annotated[Instant | None, Field(description="Until when, if nothing else happens.")]
    term_end: Annotated[Instant | None, Field(description="When the paid term ends, or ended.")] = None
    grace_until: Annotated[
        Instant | None,
        Field(description="Until when it may work past the term's end, while a renewal is being collected (R9)."),
    ] = None
    restorable: Annotated[
        bool,
        Field(description="Its workflow was ended from outside: this is what was so before, until `restore` (R27)."),
    ] = False


class AccountSummary(BaseModel):
    """An account as the list shows it: what the visibility store knows, a moment late."""

    account_id: str
    state: Annotated[AccountState, KeptWhenRead, Field(description="`new`: no worker has taken its opening up yet.")]
    stopped: Annotated[
        bool, Field(description="Its workflow was ended from outside: this is its last record (R27).")
    ] = False
    restorable: Annotated[bool, Field(description="Stopped, and `restore` takes it up again: it is not closed.")] = (
        False
    )
    payment_status: str | None
    carts: int | None
    term_ends_at: Instant | None
    access_until: Instant | None


class AccountList(BaseModel):
    """One page of accounts."""

    accounts: list[AccountSummary]
    next_cursor: str | None


class AccountCount(BaseModel):
    """How many accounts match."""

    count: int
    by_state: Annotated[dict[str, int], Field(description="How many of each state.")]


class Timeline(BaseModel):
    """One page of the timeline, newest first (R17)."""

    timeline: list[TimelineEntry]
    next_cursor: str | None


class PortalUrl(BaseModel):
    """Where to send the customer."""

    url: str


class Received(BaseModel):
    """A webhook was taken; whether it mattered is not the sender's business."""

    received: bool = True


class Health(BaseModel):
    """The process is alive."""

    status: Literal["ok"] = "ok"


class Readiness(BaseModel):
    """What the process depends on."""

    temporal: Literal["ok"] = "ok"
    workers: int
