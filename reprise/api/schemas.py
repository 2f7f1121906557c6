"""Bodies of requests and answers, as the HTTP contract fixes them. What is unknown is refused (R20)."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, HttpUrl, model_validator

from reprise.statemachine.commands import Email, PaymentMethodId, Reason
from reprise.statemachine.money import Amount, CartCount
from reprise.statemachine.policy import BillingPolicy
from reprise.statemachine.terms import GivenInstant, Instant, ZoneName
from reprise.workflows.messages import AccountId, AccountState, Plan, Term, TimelineEntry


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class OpenAccountBody(_Body):
    """A new account (R1)."""

    account_id: Annotated[AccountId, Field(examples=["shop-42"])]
    email: Email
    carts: Annotated[CartCount, Field(examples=[3])]
    plan: Annotated[Plan, Field(examples=[{"currency": "usd", "unit_amount": 2500}])]
    timezone: Annotated[ZoneName, Field(examples=["Europe/Berlin"])] = "UTC"
    paid_through: Annotated[
        GivenInstant | None, Field(description="Paid elsewhere until then: nothing is collected now.")
    ] = None
    payment_method: PaymentMethodId | None = None
    policy: BillingPolicy = BillingPolicy()


class CancelBody(_Body):
    """How to cancel (R3)."""

    when: Literal["term_end", "now"] = "term_end"
    reason: Reason | None = None


class ReactivateBody(_Body):
    """What the payer was shown (R7)."""

    expected_amount: Annotated[
        Amount | None, Field(description="The quote's `amount_due`, in minor units; refused if it has changed.")
    ] = None


class CartsBody(_Body):
    """How many carts from the next quote or renewal on (R11)."""

    carts: Annotated[CartCount, Field(examples=[5])]


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


class AccountSummary(BaseModel):
    """An account as the list shows it: what the visibility store knows, a moment late."""

    account_id: str
    state: AccountState
    payment_status: str | None
    carts: int | None
    term_ends_at: Instant | None
    access_until: Instant | None


class AccountList(BaseModel):
    """One page of accounts."""

    accounts: list[AccountSummary]
    next_cursor: str | None


class InvoiceView(BaseModel):
    """An invoice at Stripe. Amounts in minor units."""

    id: str
    number: str | None
    status: str
    amount_due: int
    amount_paid: int
    currency: str
    created: Instant
    period: Term | None
    payment_key: str | None
    hosted_invoice_url: str | None
    invoice_pdf: str | None


class InvoiceList(BaseModel):
    """One page of invoices, newest first."""

    invoices: list[InvoiceView]
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
