"""Stripe's webhooks: verified, then turned into a hint for the account they name (R15)."""

from typing import Any

import stripe
from fastapi import APIRouter, Request

from reprise.activities.stripe_client import is_passing, metadata_of
from reprise.api.commands import TheEngine
from reprise.api.problems import Problem, responses, unavailable
from reprise.api.reads import TheStripe
from reprise.api.schemas import Received
from reprise.settings import ApiSettings
from reprise.workflows.messages import PaymentHint

router = APIRouter(prefix="/v1/webhooks")

HINTING = frozenset(
    {
        "customer.updated",
        "invoice.paid",
        "invoice.payment_action_required",
        "invoice.payment_failed",
        "invoice.payment_succeeded",
        "invoice.voided",
        "payment_method.attached",
    }
)
"""The events after which an account looks at Stripe again; all others are ignored."""


@router.post(
    "/stripe", tags=["webhooks"], responses={400: {"description": "The signature is wrong."}, **responses(413, 503)}
)
async def stripe_webhook(request: Request, engine: TheEngine, client: TheStripe) -> Received:
    """Take an event from Stripe. Its content is not believed: it only makes the account look (R15)."""
    settings: ApiSettings = request.app.state.settings
    secret = settings.stripe_webhook_secret
    if secret is None:
        raise unavailable("No webhook secret is configured (STRIPE_WEBHOOK_SECRET).", retry_after=300)
    payload = await request.body()
    try:
        event = stripe.Webhook.construct_event(
            payload, request.headers.get("stripe-signature", ""), secret.get_secret_value()
        )
    except (ValueError, stripe.SignatureVerificationError) as error:
        raise Problem(400, "invalid_signature", "This is not an event that Stripe has signed for us.") from error
    if event.type in HINTING:
        account_id = await _account_of(event.data.object, client)
        if account_id:
            await _hint(engine, account_id, PaymentHint(event_id=event.id, event_type=event.type))
    return Received()


async def _account_of(document: Any, client: stripe.StripeClient) -> str | None:
    """Return the account that an event is about: named by the object, or by its customer."""
    named = metadata_of(document).get("account_id") if getattr(document, "metadata", None) is not None else None
    customer = getattr(document, "customer", None)
    if named or not isinstance(customer, str):
        return named
    try:
        return metadata_of(await client.v1.customers.retrieve_async(customer)).get("account_id")
    except stripe.StripeError as error:
        if is_passing(error):
            raise unavailable("Stripe cannot be reached.") from error
        return None


async def _hint(engine: Any, account_id: str, hint: PaymentHint) -> None:
    try:
        await engine.hint(account_id, hint)
    except Problem as problem:
        if problem.status != 404:
            raise
