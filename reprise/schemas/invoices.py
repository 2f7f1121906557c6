"""A customer's invoices at Stripe, as people and programs are shown them."""

from typing import Annotated

from pydantic import BaseModel, Field

from reprise.statemachine.terms import Instant, Term


class InvoiceView(BaseModel):
    """An invoice at Stripe, as Stripe has it: also one that somebody made by hand. Amounts in minor units."""

    id: str
    number: str | None
    status: Annotated[str, Field(description="Stripe's: `open`, `paid`, `void`, `uncollectible`, or a new one.")]
    amount_due: int | None
    amount_paid: int | None
    currency: str | None
    created: Instant | None
    period: Term | None
    payment_key: str | None
    hosted_invoice_url: str | None
    invoice_pdf: str | None


class InvoiceList(BaseModel):
    """One page of invoices, newest first."""

    invoices: list[InvoiceView]
    next_cursor: str | None
