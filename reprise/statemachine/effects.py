"""Effects: what the core wants done in the world. Data, performed by the workflow in the order given.

Those that speak to Stripe bear their `kind`: an account's record carries what is not done yet (R27).
"""

from typing import Literal

from reprise.statemachine.frozen import Frozen
from reprise.statemachine.payments import Payment
from reprise.statemachine.timeline import Actor, TimelineEntry


class RegisterCustomer(Frozen):
    """Find or create the Stripe customer, with its first payment method. Answer: `CustomerRegistered`.

    `customer_id` names one that exists already, of an account that lived elsewhere (R25).
    """

    kind: Literal["register_customer"] = "register_customer"
    payment_method: str | None
    customer_id: str | None = None


class ChangePaymentMethod(Frozen):
    """Make a method the customer's default. Answer: `PaymentMethodChanged`, with the same `asked_by`."""

    kind: Literal["change_payment_method"] = "change_payment_method"
    payment_method: str
    asked_by: Actor


class ChangeEmail(Frozen):
    """Change the customer's e-mail (R26). Answer: `EmailChanged`, with the same `asked_by`."""

    kind: Literal["change_email"] = "change_email"
    email: str
    asked_by: Actor


class Collect(Frozen):
    """Make this attempt of this payment (R8). Answer: a `PaymentOutcome`."""

    kind: Literal["collect"] = "collect"
    payment: Payment


class RetrieveInvoice(Frozen):
    """See what Stripe says of a payment, and of the account's other invoices (R15, R22). Answer: `InvoiceObserved`."""

    kind: Literal["retrieve_invoice"] = "retrieve_invoice"
    payment_key: str | None
    invoice_id: str | None


class VoidInvoice(Frozen):
    """Void a payment's invoice, so that nobody can pay it any more. Answer: `InvoiceVoided`."""

    kind: Literal["void_invoice"] = "void_invoice"
    payment_key: str
    invoice_id: str | None


class RetrieveRefund(Frozen):
    """Look a refund or dispute up by its id at Stripe (R24). Answer: `RefundObserved`."""

    kind: Literal["retrieve_refund"] = "retrieve_refund"
    object_id: str


class EraseCustomer(Frozen):
    """Take from the customer at Stripe what says who they are (R13). Answer: `CustomerErased`."""

    kind: Literal["erase_customer"] = "erase_customer"
    customer_id: str


class Announce(Frozen):
    """Tell the product of a change (R18)."""

    entry: TimelineEntry


StripeEffect = (
    RegisterCustomer
    | ChangePaymentMethod
    | ChangeEmail
    | Collect
    | RetrieveInvoice
    | VoidInvoice
    | RetrieveRefund
    | EraseCustomer
)
"""Effects that speak to Stripe: performed one after another (R14)."""

Effect = StripeEffect | Announce
"""Everything that a decision can ask for."""
