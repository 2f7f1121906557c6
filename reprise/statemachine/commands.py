"""Commands: what people ask of an account. Each model is also the body of a workflow update and signal."""

from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from reprise.statemachine.account import AccountId, AccountState
from reprise.statemachine.emails import ValidEmail
from reprise.statemachine.frozen import Frozen
from reprise.statemachine.money import Amount, CartCount, Plan
from reprise.statemachine.policy import BillingPolicy
from reprise.statemachine.terms import GivenInstant, ZoneName
from reprise.statemachine.timeline import Actor, ActorKind

PaymentMethodId = Annotated[
    str, StringConstraints(pattern=r"^pm_[A-Za-z0-9_]{1,250}$"), Field(examples=["pm_card_visa"])
]
"""A Stripe payment method id; test ids such as `pm_card_visa` are among them."""

Email = Annotated[
    str,
    StringConstraints(max_length=254, pattern=r"^[^@\s\x00-\x1f]{1,64}@[^@\s\x00-\x1f]{1,252}$"),
    Field(examples=["billing@example.com"]),
]
"""An e-mail in a command: as loose as 0.1.0 took it, since its accounts go on. What Stripe takes is checked where an
account opens, and by `ValidEmail` (R1)."""

Feedback = Literal[
    "too_expensive",
    "missing_features",
    "switched_service",
    "unused",
    "customer_service",
    "too_complex",
    "low_quality",
    "other",
]
"""Why a customer leaves: Stripe's own list (docs.stripe.com/api/subscriptions/cancel, `cancellation_details`)."""

CustomerId = Annotated[
    str, StringConstraints(pattern=r"^cus_[A-Za-z0-9]{1,250}$"), Field(examples=["cus_NffrFeUfNV2Hib"])
]
"""The id of a customer at Stripe."""

Reason = Annotated[str, StringConstraints(max_length=500, pattern=r"^[^\x00]*$")]

UNKNOWN = Actor(kind=ActorKind.OPERATOR, id=None)
"""Whoever sends a command and is not named."""

TEMPORAL_UI = Actor(kind=ActorKind.OPERATOR, id="Temporal UI")
"""Whoever sends a command through Temporal and does not say who they are: only operators can."""


def _by_name(given: Any) -> Any:
    """Take a name alone, as people write it in the Temporal UI: that of an operator."""
    if not isinstance(given, str):
        return given
    if not given.strip():
        raise ValueError("say who you are")
    return Actor(kind=ActorKind.OPERATOR, id=given.strip()[:255])


def _is_none(value: str | None) -> bool:
    """Say whether there is nothing to send: a worker of an earlier release refuses fields that it does not know."""
    return value is None


class Command(Frozen):
    """What every command carries: who asks, and the id under which its answer is remembered (R14).

    `earlier_id` is the id that a release up to 0.1.0 gave the same request: an answer that is remembered under it, and
    is to a command of the same content, is this one's.
    """

    model_config = ConfigDict(extra="forbid")

    of_pages: ClassVar[frozenset[str]] = frozenset()
    """Fields that the pages alone send: programs do not see what a person saw."""

    actor: Annotated[Actor, BeforeValidator(_by_name)] = UNKNOWN
    command_id: Annotated[str | None, Field(max_length=255)] = None
    earlier_id: Annotated[str | None, Field(max_length=255, exclude_if=_is_none)] = None


class OpenAccount(Command):
    """Open an account (R1)."""

    name: Literal["open"] = "open"
    account_id: AccountId
    email: Email
    carts: CartCount
    plan: Plan
    timezone: ZoneName = "UTC"
    paid_through: GivenInstant | None = None
    payment_method: PaymentMethodId | None = None
    policy: BillingPolicy = BillingPolicy()
    anchor: GivenInstant | None = None
    customer_id: CustomerId | None = None
    opened_at: GivenInstant | None = None
    cancelled: Annotated[bool, Field(strict=True)] = False


class RestoreAccount(Command):
    """Take an account up again whose workflow was ended from outside (R27)."""

    name: Literal["restore"] = "restore"
    from_run_start: Annotated[bool, Field(strict=True)] = False
    record: Annotated[str | None, Field(description="The SHA-256 of the record that was given.")] = None


class Cancel(Command):
    """Cancel, at the term's end or now (R3).

    `expected_state` and `expected_payment` (a payment's key) say what the person saw who asks: if the account stands
    otherwise by now, it is refused (`state_changed`) and nothing is changed.
    """

    of_pages: ClassVar[frozenset[str]] = frozenset({"expected_state", "expected_payment"})

    name: Literal["cancel"] = "cancel"
    when: Annotated[Literal["term_end", "now"], Field(examples=["now"])] = "term_end"
    feedback: Annotated[Feedback | None, Field(description="Why, in one word of Stripe's list.")] = None
    reason: Annotated[Reason | None, Field(description="Why, in the customer's own words.")] = None
    expected_state: AccountState | None = None
    expected_payment: Annotated[str | None, Field(max_length=100)] = None


class Reactivate(Command):
    """Come back: undo a cancellation (R4), or return to service (R6)."""

    name: Literal["reactivate"] = "reactivate"
    expected_amount: Annotated[
        Amount | None, Field(description="The quote's `amount_due`, in minor units; refused if it has changed.")
    ] = None


class SetCarts(Command):
    """Set the number of carts, from the next quote or renewal on (R11)."""

    name: Literal["set_carts"] = "set_carts"
    carts: Annotated[CartCount, Field(examples=[5])]


class SetPaymentMethod(Command):
    """Make a payment method the customer's default; a past-due account is collected at once (R9)."""

    name: Literal["set_payment_method"] = "set_payment_method"
    payment_method: PaymentMethodId


class SetEmail(Command):
    """Change the billing e-mail; Stripe's customer follows (R26)."""

    name: Literal["set_email"] = "set_email"
    email: ValidEmail


class Disable(Command):
    """Take an account out of service, as an operator (R13)."""

    name: Literal["disable"] = "disable"
    reason: Annotated[Reason, Field(examples=["chargeback, ticket 4711"])] = "disabled by an operator"


class Enable(Command):
    """Undo `disable`, or bring an account back within its term (R13)."""

    name: Literal["enable"] = "enable"


class ExtendTerm(Command):
    """Let the term end later, as goodwill (R13): `until` an instant, or by a number of `days`."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [
                {"required": ["until"], "properties": {"until": {"type": "string"}, "days": {"type": "null"}}},
                {"required": ["days"], "properties": {"days": {"type": "integer"}, "until": {"type": "null"}}},
            ]
        }
    )

    name: Literal["extend_term"] = "extend_term"
    until: GivenInstant | None = None
    days: Annotated[int | None, Field(strict=True, ge=1, le=366, examples=[7])] = None

    @model_validator(mode="after")
    def _one_of_two(self) -> "ExtendTerm":
        if (self.until is None) == (self.days is None):
            raise ValueError("give either until or days")
        return self

    def new_end(self, base: datetime) -> datetime:
        """Return when the term ends that would end at `base` without this."""
        if self.until is not None:
            return self.until
        assert self.days is not None, "it is one of the two"
        return base + timedelta(days=self.days)


class ChangePlan(Command):
    """Change currency or price, from the next quote on (R13): `{"plan": {…}}`, or the plan's fields themselves."""

    name: Literal["change_plan"] = "change_plan"
    plan: Annotated[Plan, Field(examples=[{"currency": "usd", "unit_amount": 3000}])]

    @model_validator(mode="before")
    @classmethod
    def _take_bare_plan(cls, given: Any) -> Any:
        if not isinstance(given, dict) or "plan" in given:
            return given
        bare = {name: given[name] for name in Plan.model_fields.keys() & given.keys()}
        rest = {name: value for name, value in given.items() if name not in bare}
        return {**rest, "plan": bare} if bare else given


class Close(Command):
    """Close for good (R13)."""

    name: Literal["close"] = "close"


AnyCommand = (
    Cancel | Reactivate | SetCarts | SetPaymentMethod | SetEmail | Disable | Enable | ExtendTerm | ChangePlan | Close
)
