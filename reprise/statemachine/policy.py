"""What operators of other products may want otherwise: the choices on which billing systems differ."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

Days = Annotated[int, Field(strict=True, ge=1, le=60)]


class BillingPolicy(BaseModel):
    """The choices of one account, with the defaults of RULES.md."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    retry_days: tuple[Days, ...] = Field(
        min_length=1,
        default=(1, 3, 5, 7),
        max_length=10,
        description="Days after the term's end on which a failed renewal is tried again (R9), rising.",
        json_schema_extra={"uniqueItems": True},
    )
    debt: Literal["void", "collect"] = Field(
        default="void",
        description="What reactivating does with an unpaid renewal: forget it, or add it to the quote (R12).",
    )

    @field_validator("retry_days")
    @classmethod
    def _days_rise(cls, days: tuple[int, ...]) -> tuple[int, ...]:
        if list(days) != sorted(set(days)):
            raise ValueError("must rise")
        return days
