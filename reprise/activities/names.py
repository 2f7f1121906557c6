"""Names and inputs of the activities: what the workflow and the activities share, free of anything that does I/O."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from reprise.statemachine.payments import Payment
from reprise.statemachine.timeline import TimelineEntry

REGISTER_CUSTOMER = "register_customer"
CHANGE_PAYMENT_METHOD = "change_payment_method"
COLLECT = "collect"
LOOK_AT_INVOICE = "look_at_invoice"
VOID_INVOICE = "void_invoice"
ANNOUNCE = "announce"


class _Input(BaseModel):
    model_config = ConfigDict(frozen=True)

    account_id: str


class RegisterCustomerInput(_Input):
    """Whose customer to find or make, and its first payment method."""

    email: str | None
    payment_method: str | None


class ChangePaymentMethodInput(_Input):
    """Which payment method becomes the customer's default."""

    customer_id: str
    payment_method: str
    request: Annotated[str, Field(description="Stable over retries; part of the idempotency keys.")]


class CollectInput(_Input):
    """Which payment to collect, and which attempt of it: decided before, the same over all retries (R8)."""

    customer_id: str
    payment: Payment


class InvoiceInput(_Input):
    """Which payment's invoice to look at, or to void."""

    customer_id: str
    payment_key: str
    invoice_id: str | None


class AnnounceInput(_Input):
    """Which changes to tell the product, in their order (R18)."""

    entries: tuple[TimelineEntry, ...]
