"""What is asked of Stripe: values, free of anything that does I/O. The workflow makes them, activities pass them on."""

from typing import Annotated

from pydantic import Field

from reprise.statemachine.frozen import Frozen
from reprise.statemachine.payments import Payment


class StripeInput(Frozen):
    """Whose invoices or customer at Stripe is asked about."""

    account_id: str
    life: Annotated[str | None, Field(description="Which life of the account's id this is; None before 0.2.0.")] = None
    command_id: Annotated[
        str | None, Field(description="The command that has asked for this, if one has: for the log.")
    ] = None


class RegisterCustomerInput(StripeInput):
    """Whose customer to find or make, and its first payment method; `customer_id` names one that exists (R25)."""

    email: str | None
    payment_method: str | None
    customer_id: str | None = None


class CustomerInput(StripeInput):
    """The same, once there is a customer."""

    customer_id: str
    email: Annotated[str | None, Field(description="For a customer that must be registered anew (R23).")] = None


class PaymentsInput(CustomerInput):
    """The same, and which payments the record knows to be paid: any other that is paid at Stripe is news (R22)."""

    known_from: Annotated[
        int | None,
        Field(description="From which payment on `paid_keys` says what is known to be paid (R22); None: not known."),
    ] = None
    paid_keys: tuple[str, ...] = ()


class ChangePaymentMethodInput(PaymentsInput):
    """Which payment method becomes the customer's default."""

    payment_method: str
    request: Annotated[str, Field(description="Stable over retries; part of the idempotency keys.")]


class ChangeEmailInput(PaymentsInput):
    """Which e-mail the customer gets (R26): `email`."""


class CollectInput(PaymentsInput):
    """Which payment to collect, and which attempt of it: decided before, the same over all retries (R8)."""

    payment: Payment
    payment_methods: Annotated[tuple[str, ...], Field(description="Types that a new invoice asks for (R21).")] = (
        "card",
    )


class InvoiceInput(PaymentsInput):
    """Which payment's invoice to retrieve, or to void; None: the account's invoices in general (R22)."""

    payment_key: str | None
    invoice_id: str | None


class RefundInput(CustomerInput):
    """Which refund (`re_…`) or dispute (`du_…`, `dp_…`) to retrieve (R24)."""

    object_id: str
