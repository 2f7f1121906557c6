"""Refunds and disputes, retrieved from Stripe, and whether they are about an account's payment (R24)."""

from datetime import UTC, datetime

import stripe

from reprise.statemachine.outcomes import RefundObserved
from reprise.stripe_api.client import understood
from reprise.stripe_api.inputs import RefundInput
from reprise.stripe_api.reading import is_ours, key_of

_DISPUTES = ("du_", "dp_")


async def retrieve(client: stripe.StripeClient, asked: RefundInput) -> RefundObserved:
    """Look a refund or dispute up, and the invoice that its charge has paid.

    Raises:
        stripe.StripeError: Stripe has none of that id, refuses to show it, or does not answer.
    """
    found: stripe.Refund | stripe.Dispute
    if asked.object_id.startswith(_DISPUTES):
        found = await understood(client.v1.disputes.retrieve_async(asked.object_id))
    else:
        found = await understood(client.v1.refunds.retrieve_async(asked.object_id))
    invoice = await invoice_of_intent(client, found.payment_intent)
    mine = invoice if invoice and is_ours(invoice, asked.account_id, asked.life) else None
    return RefundObserved(
        object_id=found.id,
        kind="dispute" if isinstance(found, stripe.Dispute) else "refund",
        ours=mine is not None,
        status=found.status,
        amount=found.amount,
        currency=found.currency,
        reason=found.reason or getattr(found, "failure_reason", None),
        payment_key=key_of(mine) if mine else None,
        invoice_id=mine.id if mine else None,
        created=datetime.fromtimestamp(found.created, UTC),
    )


async def invoice_of_intent(
    client: stripe.StripeClient, intent: str | stripe.PaymentIntent | None
) -> stripe.Invoice | None:
    """Return the invoice that a payment intent is for: invoice payments tie the two together
    (docs.stripe.com/api/invoice-payment/list).
    """  # noqa: D205 - one thought
    if intent is None:
        return None
    intent = intent if isinstance(intent, str) else intent.id
    payments = await understood(
        client.v1.invoice_payments.list_async(
            {"payment": {"type": "payment_intent", "payment_intent": intent}, "expand": ["data.invoice"]}
        )
    )
    return next((each.invoice for each in payments.data if isinstance(each.invoice, stripe.Invoice)), None)
