"""Which events of Stripe's mean something to an account (docs.stripe.com/api/events/types)."""

from typing import Final

ABOUT_INVOICES: Final = frozenset(
    {"invoice.paid", "invoice.payment_failed", "invoice.voided", "invoice.marked_uncollectible"}
)
ABOUT_REFUNDS: Final = frozenset({"refund.created", "refund.updated", "refund.failed", "charge.refund.updated"})
ABOUT_DISPUTES: Final = frozenset(
    f"charge.dispute.{each}" for each in ("created", "updated", "closed", "funds_withdrawn", "funds_reinstated")
)
ABOUT_CUSTOMERS: Final = frozenset({"customer.updated", "customer.deleted"})

HEEDED: Final = ABOUT_INVOICES | ABOUT_REFUNDS | {"charge.refunded"} | ABOUT_DISPUTES | ABOUT_CUSTOMERS
"""What an endpoint is to be enabled for; all events would be a strain on it (docs.stripe.com/webhooks)."""
