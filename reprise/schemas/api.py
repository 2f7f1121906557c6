"""Bodies of requests and answers, as the HTTP contract fixes them. In a body, what is unknown is refused (R20)."""

from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, HttpUrl

from reprise.statemachine.account import AccountId, AccountState, DisabledReason
from reprise.statemachine.commands import CustomerId, PaymentMethodId
from reprise.statemachine.emails import ValidEmail
from reprise.statemachine.money import CartCount, Plan
from reprise.statemachine.next_actions import NextAction
from reprise.statemachine.payments import PaymentStatus
from reprise.statemachine.policy import BillingPolicy
from reprise.statemachine.terms import GivenInstant, Instant, ZoneName
from reprise.statemachine.timeline import TimelineEntry
from reprise.statemachine.unknown import KeptWhenRead


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


RESERVED: Final = frozenset({"count"})
"""Ids that no account is opened under over HTTP: their address is an operation's."""


def _not_reserved(account_id: str) -> str:
    if account_id in RESERVED:
        raise ValueError("is reserved: choose another id")
    return account_id


class OpenAccountBody(_Body):
    """A new account (R1)."""

    account_id: Annotated[
        AccountId,
        Field(examples=["shop-42"], json_schema_extra={"not": {"enum": sorted(RESERVED)}}),
        AfterValidator(_not_reserved),
    ]
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
    payment_status: Annotated[PaymentStatus | None, KeptWhenRead]
    carts: int | None
    term_ends_at: Instant | None
    access_until: Instant | None
    disabled_reason: Annotated[DisabledReason | None, KeptWhenRead, Field(description="Why it is out of service.")] = (
        None
    )
    decline_code: Annotated[str | None, Field(description="Why its latest payment was not made, if it was not.")] = None
    since: Annotated[Instant | None, Field(description="Since when it is in this state, where that is known.")] = None
    next_action: Annotated[
        NextAction | None,
        KeptWhenRead,
        Field(description="What happens next, or what somebody is to do; null: nothing does."),
    ] = None
    next_attempt_at: Annotated[
        Instant | None, Field(description="When a past-due renewal is tried again by itself (R9).")
    ] = None


class AccountList(BaseModel):
    """One page of accounts."""

    accounts: list[AccountSummary]
    next_cursor: str | None


class AccountCount(BaseModel):
    """How many accounts there are; those whose workflow was ended from outside are not among them."""

    count: int
    by_state: Annotated[dict[str, int], Field(description="Of each state that was asked for; 0 where there are none.")]


class _Query(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CountQuery(_Query):
    """Which accounts: those of which everything holds that is given. What is unknown is refused (R20)."""

    state: Annotated[AccountState | None, Field(description="`new`: no worker has taken its opening up yet.")] = None
    disabled_reason: DisabledReason | None = None
    payment_status: PaymentStatus | None = None
    decline_code: Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=100,
            pattern=r"^[^\x00-\x1f\x7f]+$",
            examples=["insufficient_funds"],
            description="Stripe's, or Reprise's own.",
        ),
    ] = None
    term_end_before: Annotated[GivenInstant | None, Field(description="Its paid term ends, or ended, before.")] = None
    term_end_after: Annotated[GivenInstant | None, Field(description="Its paid term ends, or ended, after.")] = None
    past_due_since_before: Annotated[
        GivenInstant | None, Field(description="It is past due, and its renewal has been failing since before (R9).")
    ] = None


class ListQuery(CountQuery):
    """Which accounts, and which page of them."""

    limit: Annotated[int, Field(ge=1, le=100)] = 20
    cursor: Annotated[
        str | None, Field(min_length=1, max_length=1000, description="`next_cursor` of the page before.")
    ] = None


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
