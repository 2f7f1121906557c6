"""What operators of other products may want otherwise: the choices on which billing systems differ."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints, field_validator

from reprise.statemachine.frozen import Frozen

Days = Annotated[int, Field(strict=True, ge=1, le=60)]

PaymentMethodType = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{1,30}$")]
"""A type of Stripe's, such as `card`, `sepa_debit`, `us_bank_account` (docs.stripe.com/api/payment_methods/object)."""


class BillingPolicy(Frozen):
    """The choices of one account, with the defaults of RULES.md."""

    model_config = ConfigDict(extra="forbid")

    retry_days: tuple[Days, ...] = Field(
        min_length=1,
        default=(1, 3, 5, 7),
        max_length=10,
        description="Days after the term's end on which a failed renewal is tried again (R9), rising.",
        json_schema_extra={"uniqueItems": True},
    )
    stopped_days: Days = Field(
        default=14,
        description="Days for which a payment that stops for our fault is tried again, hourly (R9).",
    )
    payment_methods: tuple[PaymentMethodType, ...] = Field(
        default=("card",),
        min_length=1,
        max_length=20,
        description="The payment method types that invoices ask for, as Stripe names them (R21).",
        json_schema_extra={"uniqueItems": True},
    )
    on_dispute: Literal["tell", "disable"] = Field(
        default="tell",
        description="What a dispute at Stripe does: only an entry and an announcement, or a hold as well (R24).",
    )
    debt: Literal["void", "collect"] = Field(
        default="void",
        description="What reactivating does with an unpaid renewal: forget it, or add it to the quote (R12).",
    )

    renewal_upcoming_days: Annotated[int, Field(strict=True, ge=1, le=27)] | None = Field(
        default=None,
        description="Days before a renewal on which it is announced (R18); by default not at all: it costs a timer.",
    )

    @field_validator("retry_days")
    @classmethod
    def _days_rise(cls, days: tuple[int, ...]) -> tuple[int, ...]:
        if list(days) != sorted(set(days)):
            raise ValueError("must rise")
        return days
