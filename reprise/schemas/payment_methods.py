"""The payment method of an account, as people and programs are shown it."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class PaymentMethodView(BaseModel):
    """A payment method at Stripe, as it stands there now; it is kept nowhere else (R19)."""

    model_config = ConfigDict(frozen=True)

    brand: Annotated[str, Field(description="Stripe's name of a card's brand, such as `visa`; else a bank's name.")]
    last4: str
    exp_month: Annotated[int | None, Field(description="1 to 12; null for what does not expire.")] = None
    exp_year: int | None = None
