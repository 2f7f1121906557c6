"""Effects: what the core wants done in the world. Data, performed by the workflow in the order given."""

from pydantic import BaseModel, ConfigDict

from reprise.statemachine.payments import Payment
from reprise.statemachine.timeline import Actor, TimelineEntry

_frozen = ConfigDict(frozen=True)


class RegisterCustomer(BaseModel):
    """Find or create the Stripe customer, with its first payment method. Answer: `CustomerRegistered`."""

    model_config = _frozen
    payment_method: str | None


class ChangePaymentMethod(BaseModel):
    """Make a method the customer's default. Answer: `PaymentMethodChanged`, with the same `asked_by`."""

    model_config = _frozen
    payment_method: str
    asked_by: Actor


class Collect(BaseModel):
    """Make this attempt of this payment (R8). Answer: a `PaymentOutcome`."""

    model_config = _frozen
    payment: Payment


class LookAtInvoice(BaseModel):
    """See what Stripe says of a payment (R15). Answer: `InvoiceObserved`."""

    model_config = _frozen
    payment_key: str
    invoice_id: str | None


class VoidInvoice(BaseModel):
    """Void a payment's invoice, so that nobody can pay it any more. Answer: `InvoiceVoided`."""

    model_config = _frozen
    payment_key: str
    invoice_id: str | None


class Announce(BaseModel):
    """Tell the product of a change (R18)."""

    model_config = _frozen
    entry: TimelineEntry


Act = RegisterCustomer | ChangePaymentMethod | Collect | LookAtInvoice | VoidInvoice
"""Effects that speak to Stripe: performed one after another (R14)."""

Effect = Act | Announce
