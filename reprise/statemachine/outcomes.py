"""Outcomes: how what was done in the world turned out. Values, never exceptions; each becomes the account's next event.

An attempt to collect answers with a `PaymentOutcome` (R8); everything else with the values below it.
"""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from reprise.statemachine.frozen import Frozen
from reprise.statemachine.terms import Instant, Term
from reprise.statemachine.timeline import STRIPE, Actor


class InvoiceState(StrEnum):
    """What Stripe's side says of a payment's invoice. A draft and an `uncollectible` one can be paid: they are open."""

    OPEN = "open"
    PROCESSING = "processing"
    PAID = "paid"
    VOID = "void"
    MISSING = "missing"
    UNKNOWN = "unknown"
    """Stripe refused to say: nothing may be concluded."""


class Invoice(Frozen):
    """One invoice of the account as Stripe shows it, for payments of which the record knows no more (R22).

    Amounts in minor units: `amount` is the total, `charged` what the payer's method was charged.
    """

    payment_key: str
    invoice_id: str
    state: InvoiceState
    amount: int
    currency: str
    charged: int | None = None
    quantity: int | None = None
    unit_amount: int | None = None
    period: Term | None = None


class _Outcome(Frozen):
    payment_key: str
    invoice_id: str | None = None
    payment_method: str | None = None


class Paid(_Outcome):
    """The invoice is paid. `charged` is what the payer's method was charged, in minor units: less than the quote where
    the customer's credit balance paid a part; None where it is not known to differ.
    """  # noqa: D205 - one thought

    kind: Literal["paid"] = "paid"
    charged: int | None = None


class Processing(_Outcome):
    """The payment was taken and takes days to clear: neither paid nor declined (R21)."""

    kind: Literal["processing"] = "processing"


class Declined(_Outcome):
    """The payer's bank refused; `code` is Stripe's `decline_code`, or its error code where there is none.

    `advice` is Stripe's `advice_code`: `try_again_later`, `do_not_try_again`, `confirm_card_data`
    (docs.stripe.com/declines/codes#advice-codes); None where the bank gave none.
    """

    kind: Literal["declined"] = "declined"
    code: str
    advice: str | None = None


class NoPaymentMethod(_Outcome):
    """The customer has no default payment method."""

    kind: Literal["no_payment_method"] = "no_payment_method"


class CustomerDeleted(_Outcome):
    """The customer was deleted at Stripe; it is registered anew as `customer_id`, without a payment method (R23)."""

    kind: Literal["customer_deleted"] = "customer_deleted"
    customer_id: str
    email_refused: str | None = None


class RequiresAction(_Outcome):
    """The payer must authenticate at `url`, the hosted invoice (R10)."""

    kind: Literal["requires_action"] = "requires_action"
    url: str


class Stopped(_Outcome):
    """Stripe refused the request itself, and it is certain that no money was asked for; operators must mend it (R8)."""

    kind: Literal["stopped"] = "stopped"
    reason: str


class NotKnown(_Outcome):
    """After hours of trying, Stripe still does not say how the attempt went. It is asked for again (R8, R16)."""

    kind: Literal["not_known"] = "not_known"
    reason: str


class EarlierPayment(_Outcome):
    """Nothing was begun: an earlier payment of this account is paid or processing at Stripe, and goes first (R22)."""

    kind: Literal["earlier_payment"] = "earlier_payment"
    found: Invoice


PaymentOutcome = Annotated[
    Paid
    | Processing
    | Declined
    | NoPaymentMethod
    | CustomerDeleted
    | RequiresAction
    | Stopped
    | NotKnown
    | EarlierPayment,
    Field(discriminator="kind"),
]
"""How one attempt to collect turned out (R8). An outcome is a value, never an exception."""


class _MayReplaceCustomer(Frozen):
    """What was asked about a customer that may turn out to be deleted: it is registered anew then (R23).

    `found` holds other invoices of the account that are paid or processing at Stripe and not known to the record (R22).
    """

    customer_id: Annotated[str | None, Field(description="The new customer, if the old one was deleted.")] = None
    email_refused: Annotated[
        str | None, Field(description="Why Stripe did not take the billing e-mail for the new one.")
    ] = None
    found: tuple[Invoice, ...] = ()


class InvoiceObserved(_MayReplaceCustomer):
    """What was found at Stripe (R15): hints are never believed, this is."""

    payment_key: str | None
    invoice_id: str | None = None
    invoice: InvoiceState
    payment_method: Annotated[str | None, Field(description="The customer's default payment method now.")] = None
    charged: int | None = None
    decline_code: Annotated[str | None, Field(description="Why the last charge failed, of an open invoice.")] = None
    advice: str | None = None
    reason: Annotated[str | None, Field(description="Why it is unknown, in Stripe's words.")] = None


class InvoiceVoided(Frozen):
    """How voiding turned out.

    `void` or `missing`: done. `paid`: the payer was faster (`found` says what was paid). `processing`, `open` and
    `unknown`: Stripe refused, for `reason`, and the void stays owed (R8).
    """

    payment_key: str
    invoice_id: str | None = None
    invoice: InvoiceState
    found: Invoice | None = None
    reason: str | None = None


class CustomerRegistered(Frozen):
    """The Stripe customer exists; `refused` says why Stripe would not take the payment method given, `email_refused`
    why it would not take the e-mail (R1).
    """  # noqa: D205 - one thought

    customer_id: str
    payment_method: str | None = None
    refused: str | None = None
    email_refused: str | None = None


class CustomerNotRegistered(Frozen):
    """Stripe refused to register the customer, for our fault; whatever waited for it ends with it (R8)."""

    reason: str


class PaymentMethodChanged(_MayReplaceCustomer):
    """How changing the default payment method turned out; `refused` is Stripe's code when it did not."""

    payment_method: str | None = None
    refused: str | None = None
    message: str | None = None
    asked_by: Actor = STRIPE


class EmailChanged(_MayReplaceCustomer):
    """How changing the billing e-mail at Stripe turned out (R26); `refused` is Stripe's sentence when it did not."""

    email: str
    refused: str | None = None
    asked_by: Actor = STRIPE


class CustomerErased(Frozen):
    """How taking a closed account's personal data from its customer at Stripe turned out (R13).

    `refused` is Stripe's sentence when it did not; a customer that was deleted there is erased.
    """

    customer_id: str
    refused: str | None = None


class RefundObserved(Frozen):
    """A refund or dispute, retrieved from Stripe (R24). Amount in minor units.

    `status` is Stripe's: `succeeded`, `failed` and their kind for a refund, `needs_response`, `lost` and theirs for a
    dispute. `ours` says whether it is about an invoice of this account.
    """

    object_id: str
    kind: Literal["refund", "dispute"]
    ours: bool
    status: str | None = None
    amount: int | None = None
    currency: str | None = None
    reason: str | None = None
    payment_key: str | None = None
    invoice_id: str | None = None
    created: Instant | None = None


class NothingObserved(Frozen):
    """Stripe refused to show what was asked for, or it is not there; nothing is concluded."""

    reason: str
