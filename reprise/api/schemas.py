"""Bodies of requests and answers, as the HTTP contract fixes them. What is unknown is refused (R20)."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, HttpUrl, model_validator

from reprise.statemachine.commands import CustomerId, Feedback, PaymentMethodId, Reason
from reprise.statemachine.emails import ValidEmail
from reprise.statemachine.money import Amount, CartCount
from reprise.statemachine.policy import BillingPolicy
from reprise.statemachine.terms import GivenInstant, Instant, ZoneName
from reprise.workflows.messages import AccountId, AccountState, Plan, TimelineEntry


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


class CancelBody(_Body):
    """How to cancel (R3)."""

    when: Literal["term_end", "now"] = "term_end"
    feedback: Annotated[Feedback | None, Field(description="Why, in one word of Stripe's list.")] = None
    reason: Annotated[Reason | None, Field(description="Why, in the customer's own words.")] = None


class ReactivateBody(_Body):
    """What the payer was shown (R7)."""

    expected_amount: Annotated[
        Amount | None, Field(description="The quote's `amount_due`, in minor units; refused if it has changed.")
    ] = None


class CartsBody(_Body):
    """How many carts from the next quote or renewal on (R11)."""

    carts: Annotated[CartCount, Field(examples=[5])]


class EmailBody(_Body):
    """The new billing e-mail (R26)."""

    email: ValidEmail


class PaymentMethodBody(_Body):
    """The new default payment method."""

    payment_method: PaymentMethodId


class ReturnBody(_Body):
    """Where Stripe's customer portal leads back to."""

    return_url: Annotated[HttpUrl, Field(examples=["https://shop.example.com/billing"])]


class DisableBody(_Body):
    """Why an operator takes the account out of service (R13)."""

    reason: Reason = "disabled by an operator"


class ExtendBody(_Body):
    """Until when, or by how many days, the term is extended (R13); one of the two."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [
                {"required": ["until"], "properties": {"until": {"type": "string"}, "days": {"type": "null"}}},
                {"required": ["days"], "properties": {"days": {"type": "integer"}, "until": {"type": "null"}}},
            ]
        }
    )

    until: GivenInstant | None = None
    days: Annotated[int | None, Field(strict=True, ge=1, le=366)] = None

    @model_validator(mode="after")
    def _one_of_two(self) -> "ExtendBody":
        if (self.until is None) == (self.days is None):
            raise ValueError("give either until or days")
        return self


class PlanBody(_Body):
    """The plan from the next quote on (R13): `{"plan": {…}}`, or the plan's fields themselves."""

    plan: Annotated[Plan, Field(examples=[{"currency": "usd", "unit_amount": 3000}])]

    @model_validator(mode="before")
    @classmethod
    def _take_bare_plan(cls, body: Any) -> Any:
        bare = isinstance(body, dict) and "plan" not in body and body.keys() & {"currency", "unit_amount"}
        return {"plan": body} if bare else body


class Access(BaseModel):
    """Whether the account may work now (R16)."""

    access: bool
    state: AccountState
    until: Annotated[Instant | None, Field(description="Until when, if nothing else happens.")]
    term_end: Annotated[Instant | None, Field(description="When the paid term ends, or ended.")] = None
    grace_until: Annotated[
        Instant | None,
        Field(description="Until when it may work past the term's end, while a renewal is being collected (R9)."),
    ] = None


class AccountSummary(BaseModel):
    """An account as the list shows it: what the visibility store knows, a moment late."""

    account_id: str
    state: Annotated[AccountState, Field(description="`new`: no worker has taken its opening up yet.")]
    stopped: Annotated[
        bool, Field(description="Its workflow was ended from outside: this is its last record (R27).")
    ] = False
    payment_status: str | None
    carts: int | None
    term_ends_at: Instant | None
    access_until: Instant | None


class AccountList(BaseModel):
    """One page of accounts."""

    accounts: list[AccountSummary]
    next_cursor: str | None


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
