"""Stripe's webhooks: verified, then turned into a hint for the account they name (R15)."""

from typing import Annotated

import stripe
import structlog
from fastapi import APIRouter, Header, Request

from reprise.api.commands import TheEngine, TheStripe
from reprise.api.engine import Engine
from reprise.api.keys import Keys
from reprise.api.problems import Problem, responses, unavailable
from reprise.api.schemas import Received
from reprise.api.stripe_events import Told, told_by
from reprise.statemachine.payments import PaymentStatus
from reprise.workflows.messages import ACCOUNT_STATE, PAYMENT_STATUS, AccountState, PaymentHint

router = APIRouter(prefix="/v1/webhooks")

WAITING = frozenset({PaymentStatus.PROCESSING, PaymentStatus.REQUIRES_ACTION})
"""Where a payment stands of which something is still to be learned."""

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
    keys: Keys = request.app.state.keys
    secrets = keys.now.for_webhooks
    if not secrets:
        raise unavailable("No webhook secret is configured (STRIPE_WEBHOOK_SECRET).", retry_after=300)
    payload = await request.body()
    try:
        if not stripe_signature.isascii():
            raise ValueError("no signature of Stripe's")
        event = _sound(_signed(payload, stripe_signature, secrets))
    except _NO_EVENT as error:
        raise Problem(400, "invalid_signature", "This is not an event that Stripe has signed for us.") from error
    structlog.contextvars.bind_contextvars(stripe_event=event.id)
    told = await told_by(event, client)
    if told is not None:
        await _hint(engine, told)
    return Received()


def _signed(payload: bytes, signature: str, secrets: tuple[str, ...]) -> stripe.Event:
    """Return an event that is signed with one of the endpoint's secrets: two, while they are exchanged.

    Raises:
        ValueError: It is signed with none of them.
        Exception: What the library makes of bodies that are no event, and of signatures that are none (`_NO_EVENT`).
    """
    for secret in secrets:
        try:
            event: stripe.Event = stripe.Webhook.construct_event(payload, signature, secret)
            return event
        except stripe.SignatureVerificationError:
            continue
    raise ValueError("signed with no secret of ours")


def _sound(event: stripe.Event) -> stripe.Event:
    """Return an event that has what every event has (docs.stripe.com/api/events/object).

    Raises:
        AttributeError: It lacks it.
        ValueError: It has it in another type.
    """
    _ = event.data.object
    named: tuple[object, ...] = (event.id, event.type)
    if not all(isinstance(each, str) and each.isascii() for each in named):
        raise ValueError("an event without id or type")
    PaymentHint(event_id=event.id, event_type=event.type)
    return event


async def _hint(engine: Engine, told: Told) -> None:
    """Make the account look, unless it knows already, or has ended: each signal stays in its history for good."""
    try:
        known = (await engine.describe(told.account_id)).typed_search_attributes
        structlog.contextvars.bind_contextvars(account=told.account_id, payment_key=told.hint.payment_key)
        waits = known.get(PAYMENT_STATUS) in WAITING or known.get(ACCOUNT_STATE) == AccountState.PAST_DUE
        if told.only_if_waiting and not waits:
            return
        if told.hint.payment_key is not None and await _is_known(engine, told):
            return
        await engine.hint(told.account_id, told.hint)
    except Problem as problem:
        if problem.status not in {404, 409}:  # no account of ours, or one that waits for `restore`
            raise


async def _is_known(engine: Engine, told: Told) -> bool:
    try:
        return told.is_known_to(await engine.account(told.account_id))
    except Problem as problem:
        if problem.status != 503:
            raise
        return False  # no worker is up to say so: the account will find out itself
