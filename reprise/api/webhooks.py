"""Stripe's webhooks: verified, then turned into a hint for the account they name (R15)."""

from typing import Annotated, Final

import structlog
from fastapi import APIRouter, Header, Request

from reprise.accounts.client import Accounts
from reprise.accounts.errors import AccountNotFound, AccountStopped
from reprise.api.problems import responses
from reprise.errors import Unavailable
from reprise.http.problems import Problem
from reprise.schemas.api import Received
from reprise.services import ServicesDep
from reprise.statemachine.account import AccountState
from reprise.statemachine.payments import PaymentStatus
from reprise.stripe_api.event_types import ABOUT_INVOICES
from reprise.stripe_api.webhooks import EventSubject, InvalidSignature, subject_of, verified
from reprise.workflows.messages import PaymentHint

router = APIRouter(prefix="/v1/webhooks")

WAITING: Final = frozenset({PaymentStatus.PROCESSING, PaymentStatus.REQUIRES_ACTION})
"""Where a payment stands of which something is still to be learned."""


@router.post(
    "/stripe",
    tags=["webhooks"],
    responses=responses(422, 503),
    openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}},
)
async def stripe_webhook(
    request: Request,
    services: ServicesDep,
    stripe_signature: Annotated[
        str, Header(description="What Stripe signs the body with; 400 where it is wrong.")
    ] = "",
) -> Received:
    """Take an event from Stripe. Its content is not believed: it only makes the account look (R15)."""
    secrets = services.keys.now.for_webhooks
    if not secrets:
        raise Unavailable("No webhook secret is configured (STRIPE_WEBHOOK_SECRET).", retry_after=300)
    try:
        event = verified(await request.body(), stripe_signature, secrets)
    except InvalidSignature as error:
        raise Problem(400, "invalid_signature", "This is not an event that Stripe has signed for us.") from error
    structlog.contextvars.bind_contextvars(stripe_event=event.id)
    subject = await subject_of(event, services.stripe)
    if subject is not None:
        await _hint(services.accounts, subject)
    return Received()


async def _hint(accounts: Accounts, subject: EventSubject) -> None:
    """Make the account look, unless it knows already, or has ended: each signal stays in its history for good."""
    try:
        known = await accounts.describe(subject.account_id)
        structlog.contextvars.bind_contextvars(account=subject.account_id, payment_key=subject.payment_key)
        waits = known.payment_status in WAITING or known.state is AccountState.PAST_DUE
        if _matters_only_while_waiting(subject) and not waits:
            return
        if subject.payment_key is not None and await _is_known(accounts, subject):
            return
        hint = PaymentHint(
            event_id=subject.event_id,
            event_type=subject.event_type,
            payment_key=subject.payment_key,
            refund_id=subject.refund_id,
        )
        await accounts.hint(subject.account_id, hint)
    except (AccountNotFound, AccountStopped):  # no account of ours, or one that waits for `restore`
        return


def _matters_only_while_waiting(subject: EventSubject) -> bool:
    """Say whether an event can only say something new to an account whose payment is still open.

    A default payment method matters to one that waits for another (R9); an invoice without a payment's key is none of
    ours, and was once made by hand on the same customer.
    """
    about_no_payment = subject.event_type in ABOUT_INVOICES and subject.payment_key is None
    return about_no_payment or subject.event_type == "customer.updated"


async def _is_known(accounts: Accounts, subject: EventSubject) -> bool:
    """Say whether the account's record has what the event could make it find: our own doing, told back to us.

    Each payment that goes well brings an `invoice.paid`, each decline an `invoice.payment_failed`, each void of ours an
    `invoice.voided`. What is about any other payment than the latest is never known here (R22).
    """
    try:
        account = await accounts.account(subject.account_id)
    except Unavailable:
        return False  # no worker is up to say so: the account will find out itself
    payment = account.payment
    if payment.key != subject.payment_key:
        return False
    match subject.event_type:
        case "invoice.paid":
            return payment.status is PaymentStatus.PAID
        case "invoice.payment_failed":
            return payment.status in {PaymentStatus.DECLINED, PaymentStatus.COLLECTING}
        case _:
            return payment.status is PaymentStatus.DECLINED and account.state is not AccountState.PAST_DUE
