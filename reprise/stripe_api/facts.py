"""What Stripe says of customers, invoices, subscriptions, refunds: plain values, to be held against accounts' records.

What is held against what, and what a difference means, is in `reprise/reconciliation/`.
"""

from typing import Annotated, Literal

from pydantic import Field

from reprise.statemachine.frozen import Frozen
from reprise.statemachine.payments import payment_number
from reprise.statemachine.terms import Instant


class CustomerFact(Frozen):
    """A customer. `account_id` and `life` are what its metadata says: whose it was registered as (R8)."""

    customer_id: str
    deleted: bool = False
    account_id: str | None = None
    life: str | None = None


class InvoiceFact(Frozen):
    """An invoice that bears an account's marks (R8). `total` is in minor units of `currency`."""

    invoice_id: str
    customer_id: str
    account_id: str
    life: str | None
    payment_key: str
    status: Annotated[str, Field(description="Stripe's: `draft`, `open`, `paid`, `uncollectible`, `void`.")]
    total: int
    currency: str
    created: Instant

    @property
    def number(self) -> int:
        """Which of its account's payments it is, from 1 on."""
        return payment_number(self.payment_key)

    @property
    def is_paid(self) -> bool:
        """Whether money has come by it."""
        return self.status == "paid"

    @property
    def is_unpaid(self) -> bool:
        """Whether it can still be paid: a draft, an open and an uncollectible one can."""
        return self.status not in {"paid", "void"}


class SubscriptionFact(Frozen):
    """A subscription that has not ended, of a customer that bears an account's marks."""

    subscription_id: str
    customer: CustomerFact
    goes_on: Annotated[bool, Field(description="Whether it renews: it was not told to end.")]


class RefundFact(Frozen):
    """A refund or dispute, and the invoice whose payment it is about. `amount` is in minor units of `currency`."""

    object_id: str
    kind: Literal["refund", "dispute"]
    status: str | None
    amount: int
    currency: str
    invoice: InvoiceFact | None


class AccountAtStripe(Frozen):
    """What Stripe has of one account. `customer` is None where it has no such customer, or the account names none."""

    customer: CustomerFact | None = None
    invoices: tuple[InvoiceFact, ...] = ()
