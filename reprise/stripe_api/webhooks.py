"""What an event of Stripe's is about: which account, which payment, which refund. Nothing else in it is read (R15).

What object each carries: docs.stripe.com/api/events/types.
"""

import re
from dataclasses import dataclass
from typing import Any

import stripe

from reprise.errors import Unavailable
from reprise.statemachine.account import ACCOUNT_ID
from reprise.stripe_api.client import understood
from reprise.stripe_api.errors import is_transient
from reprise.stripe_api.event_types import ABOUT_CUSTOMERS, ABOUT_INVOICES, ABOUT_REFUNDS

_PAYMENT_KEY = re.compile(ACCOUNT_ID.removesuffix("$") + r":[0-9]{1,9}$")
_CUSTOMER = re.compile(r"cus_\w{1,250}")
_CHARGE = re.compile(r"(ch|py)_\w{1,250}")
_INTENT = re.compile(r"pi_\w{1,250}")
_REFUND = re.compile(r"(re|pyr|du|dp)_\w{1,250}")


class InvalidSignature(ValueError):  # noqa: N818 - it is
    """What came is no event that Stripe has signed for us."""


@dataclass(frozen=True)
class EventSubject:
    """What an event is about: an account, and of it a payment, or a refund or dispute."""

    account_id: str
    event_id: str
    event_type: str
    payment_key: str | None
    refund_id: str | None


_NO_EVENT = (ValueError, TypeError, AttributeError, KeyError, RecursionError)
"""What the library makes of bodies that are no event, and of signatures that are none."""


def verified(payload: bytes, signature: str, secrets: tuple[str, ...]) -> stripe.Event:
    """Return an event that is signed with one of the endpoint's secrets: two, while they are exchanged.

    It has what every event has (docs.stripe.com/api/events/object): id, type and an object.

    Raises:
        InvalidSignature: It is signed with none of them, or it is no event.
    """
    try:
        if not signature.isascii():
            raise InvalidSignature("no signature of Stripe's")
        event = _signed(payload, signature, secrets)
        _ = event.data.object
        named: tuple[object, ...] = (event.id, event.type)
    except _NO_EVENT as error:
        raise InvalidSignature("not an event that Stripe has signed for us") from error
    if not all(isinstance(each, str) and each.isascii() for each in named):
        raise InvalidSignature("an event without id or type")
    return event


def _signed(payload: bytes, signature: str, secrets: tuple[str, ...]) -> stripe.Event:
    for secret in secrets:
        try:
            event: stripe.Event = stripe.Webhook.construct_event(payload, signature, secret)
            return event
        except stripe.SignatureVerificationError:
            continue
    raise InvalidSignature("signed with no secret of ours")


async def subject_of(event: stripe.Event, client: stripe.StripeClient) -> EventSubject | None:
    """Return what an event is about; None where it is nothing that an account heeds.

    Accounts are named by the object's metadata, or by those of its customer; refunds and disputes lead there by the
    invoice that their charge has paid (R24).

    Raises:
        Unavailable: Stripe is out of reach, and would have to say whose customer it is. Stripe sends the event again.
    """
    about, refund_id, payment_key = event.data.object, None, None
    try:
        if event.type in ABOUT_INVOICES:
            payment_key = _matching(_PAYMENT_KEY, _metadata(about).get("payment_key"))
            account_id = _metadata(about).get("account_id") or await _account_of_customer(about, client)
        elif event.type in ABOUT_CUSTOMERS:
            account_id = _metadata(about).get("account_id") if _is_heeded(event) else None
        elif event.type in ABOUT_REFUNDS or event.type.startswith("charge.dispute."):
            refund_id = _matching(_REFUND, getattr(about, "id", None))
            account_id = await _account_of_charge(getattr(about, "charge", None), client) if refund_id else None
        elif event.type == "charge.refunded":
            refund_id = await _latest_refund(about, client)
            account_id = await _account_of_charge(about, client) if refund_id else None
        else:
            return None
    except stripe.StripeError as error:
        if is_transient(error):
            raise Unavailable("Stripe cannot be reached.") from error
        return None
    if not isinstance(account_id, str):
        return None
    return EventSubject(account_id, event.id, event.type, payment_key, refund_id)


def _is_heeded(event: stripe.Event) -> bool:
    """Say whether a change of a customer is one: deleted (R23), or another default payment method.

    Stripe says what was changed (`previous_attributes`, docs.stripe.com/api/events/object). That is not believed, it
    only saves polls; where it is not said, the account polls Stripe.
    """
    previous = getattr(event.data, "previous_attributes", None)
    if event.type == "customer.deleted" or not isinstance(previous, stripe.StripeObject):
        return True
    settings = getattr(previous, "invoice_settings", None)
    return hasattr(previous, "default_source") or hasattr(settings, "default_payment_method")


async def _account_of_customer(document: Any, client: stripe.StripeClient) -> Any:
    """Return the account that the customer of an object names."""
    customer = getattr(document, "customer", None)
    if _metadata(customer):
        return _metadata(customer).get("account_id")
    customer_id = _matching(_CUSTOMER, getattr(customer, "id", customer))
    if customer_id is None:
        return None
    return _metadata(await understood(client.v1.customers.retrieve_async(customer_id))).get("account_id")


async def _account_of_charge(charge: Any, client: stripe.StripeClient) -> Any:
    """Return the account whose invoice a charge has paid; where it has paid none, the one that its customer names.

    A customer may pay for several accounts (R25), or be deleted by now (R23).
    """
    charge_id = _matching(_CHARGE, getattr(charge, "id", charge))
    if charge_id is None:
        return None
    found = await understood(client.v1.charges.retrieve_async(charge_id))
    return await _account_of_payment(found, client) or await _account_of_customer(found, client)


async def _account_of_payment(charge: stripe.Charge, client: stripe.StripeClient) -> Any:
    """Return the account named by the invoice that a charge has paid (docs.stripe.com/api/invoice-payment/list)."""
    intent = _matching(_INTENT, charge.payment_intent)
    if intent is None:
        return None
    payments = await understood(
        client.v1.invoice_payments.list_async(
            {"payment": {"type": "payment_intent", "payment_intent": intent}, "expand": ["data.invoice"]}
        )
    )
    named = (_metadata(each.invoice).get("account_id") for each in payments.data)
    return next((each for each in named if each), None)


async def _latest_refund(charge: Any, client: stripe.StripeClient) -> str | None:
    """Return the id of the latest refund of a charge: its event carries the charge alone."""
    charge_id = _matching(_CHARGE, getattr(charge, "id", None))
    if charge_id is None:
        return None
    found = await understood(client.v1.refunds.list_async({"charge": charge_id, "limit": 1}))
    return next((each.id for each in found.data), None)


def _metadata(document: Any) -> dict[str, Any]:
    """Return an object's metadata; none where it has none, as a deleted customer."""
    metadata = getattr(document, "metadata", None)
    return dict(metadata.to_dict()) if isinstance(metadata, stripe.StripeObject) else {}


def _matching(pattern: re.Pattern[str], given: Any) -> str | None:
    return given if isinstance(given, str) and pattern.fullmatch(given) else None
