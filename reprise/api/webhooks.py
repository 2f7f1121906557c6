"""Stripe's webhooks: verified, then turned into a hint for the account they name (R15)."""

from typing import Annotated, Any

import stripe
from fastapi import APIRouter, Header, Request

from reprise.activities.stripe_client import is_passing, metadata_of
from reprise.api.commands import TheEngine
from reprise.api.engine import Engine
from reprise.api.problems import Problem, responses, unavailable
from reprise.api.reads import TheStripe
from reprise.api.schemas import Received
from reprise.settings import ApiSettings
from reprise.statemachine.payments import PaymentStatus
from reprise.workflows.messages import ACCOUNT_STATE, PAYMENT_STATUS, AccountState, PaymentHint

router = APIRouter(prefix="/v1/webhooks")

HINTING = frozenset({"customer.updated", "invoice.paid"})
"""The events that can say something new: a payment method replaced, an invoice paid by its payer."""

_NO_EVENT = (ValueError, TypeError, AttributeError, KeyError, RecursionError)
"""What the library makes of bodies that are no event, and of signatures that are none."""


@router.post(
    "/stripe",
    tags=["webhooks"],
    responses=responses(422, 503),
    openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}},
)
async def stripe_webhook(
    request: Request,
    engine: TheEngine,
    client: TheStripe,
    stripe_signature: Annotated[
        str, Header(description="What Stripe signs the body with; 400 where it is wrong.")
    ] = "",
) -> Received:
    """Take an event from Stripe. Its content is not believed: it only makes the account look (R15)."""
    settings: ApiSettings = request.app.state.settings
    secret = settings.stripe_webhook_secret
    if secret is None:
        raise unavailable("No webhook secret is configured (STRIPE_WEBHOOK_SECRET).", retry_after=300)
    payload = await request.body()
    try:
        if not stripe_signature.isascii():
            raise ValueError("no signature of Stripe's")
        event = stripe.Webhook.construct_event(payload, stripe_signature, secret.get_secret_value())
        about, hint = event.data.object, PaymentHint(event_id=event.id, event_type=event.type)
    except (*_NO_EVENT, stripe.SignatureVerificationError) as error:
        raise Problem(400, "invalid_signature", "This is not an event that Stripe has signed for us.") from error
    if event.type in HINTING:
        account_id = await _account_of(about, client)
        if account_id:
            await _hint(engine, account_id, hint)
    return Received()


async def _account_of(document: Any, client: stripe.StripeClient) -> str | None:
    """Return the account that an event is about: named by the object, or by its customer."""
    metadata = getattr(document, "metadata", None)
    named = metadata_of(document).get("account_id") if isinstance(metadata, stripe.StripeObject) else None
    customer = getattr(document, "customer", None)
    if named or not isinstance(customer, str):
        return named if isinstance(named, str) else None
    try:
        return metadata_of(await client.v1.customers.retrieve_async(customer)).get("account_id")
    except stripe.StripeError as error:
        if is_passing(error):
            raise unavailable("Stripe cannot be reached.") from error
        return None


async def _hint(engine: Engine, account_id: str, hint: PaymentHint) -> None:
    """Make the account look, if it waits for anything: a signal that it would ignore costs as much as one it heeds."""
    try:
        known = (await engine.describe(account_id)).typed_search_attributes
        waits = known.get(PAYMENT_STATUS) == PaymentStatus.REQUIRES_ACTION
        if waits or known.get(ACCOUNT_STATE) == AccountState.PAST_DUE:
            await engine.hint(account_id, hint)
    except Problem as problem:
        if problem.status != 404:
            raise
