"""The payment method of an account, as people and programs are shown it."""

from pydantic import BaseModel


class PaymentMethodView(BaseModel):
    """A card at Stripe, as it stands there now; it is kept nowhere else (R19)."""

    brand: str | None = None
    last4: str | None = None
    exp_month: int | None = None
    exp_year: int | None = None
