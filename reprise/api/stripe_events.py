"""What an event of Stripe's is about: which account, which payment, which refund. Nothing else in it is read (R15).

Which events there are, and what object each carries: docs.stripe.com/api/events/types.
"""

import re
from dataclasses import dataclass
from typing import Any, Final

import stripe

from reprise.activities.stripe_client import is_passing
from reprise.api.problems import unavailable
from reprise.statemachine.payments import PaymentStatus
from reprise.workflows.messages import ACCOUNT_ID, AccountState, AccountView, PaymentHint

ABOUT_INVOICES: Final = frozenset(
    {"invoice.paid", "invoice.payment_failed", "invoice.voided", "invoice.marked_uncollectible"}
)
ABOUT_REFUNDS: Final = frozenset({"refund.created", "refund.updated", "refund.failed", "charge.refund.updated"})
ABOUT_CUSTOMERS: Final = frozenset({"customer.updated", "customer.deleted"})

_PAYMENT_KEY = re.compile(ACCOUNT_ID.removesuffix("$") + r":[0-9]{1,9}$")
_CUSTOMER = re.compile(r"cus_\w{1,250}")
_CHARGE = re.compile(r"(ch|py)_\w{1,250}")
_INTENT = re.compile(r"pi_\w{1,250}")
_REFUND = re.compile(r"(re|pyr|du|dp)_\w{1,250}")


@dataclass(frozen=True)
class Told:
    """What an event tells: a hint, and the account that it is for."""

    account_id: str
    hint: PaymentHint

    @property
    def only_if_waiting(self) -> bool:
        """Whether the hint can only say something new to an account whose payment is still open.

        A default payment method matters to one that waits for another (R9); an invoice without a payment's key is
        none of ours, and was once made by hand on the same customer.
        """
        about_no_payment = self.hint.event_type in ABOUT_INVOICES and self.hint.payment_key is None
        return about_no_payment or self.hint.event_type == "customer.updated"

    def is_known_to(self, account: AccountView) -> bool:
        """Say whether the account's record has what the event could make it find: our own doing, told back to us.

        Each payment that goes well brings an `invoice.paid`, each decline an `invoice.payment_failed`, each void of
        ours an `invoice.voided`. What is about any other payment than the latest is never known here (R22).
        """
        payment = account.payment
        if self.hint.payment_key is None or payment.key != self.hint.payment_key:
            return False
        match self.hint.event_type:
            case "invoice.paid":
                return payment.status is PaymentStatus.PAID
            case "invoice.payment_failed":
                return payment.status in {PaymentStatus.DECLINED, PaymentStatus.COLLECTING}
            case _:
                return payment.status is PaymentStatus.DECLINED and account.state is not AccountState.PAST_DUE


async def told_by(event: stripe.Event, client: stripe.StripeClient) -> Told | None:
    """Return what an event tells, and for which account; None where it is nothing that an account heeds.

    Accounts are named by the object's metadata, or by those of its customer; refunds and disputes lead there by the
    invoice that their charge has paid (R24).

    Raises:
        Problem: 503: Stripe is out of reach, and would have to say whose customer it is. Stripe sends the event again.
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
        if is_passing(error):
            raise unavailable("Stripe cannot be reached.") from error
        return None
    if not isinstance(account_id, str):
        return None
    hint = PaymentHint(event_id=event.id, event_type=event.type, payment_key=payment_key, refund_id=refund_id)
    return Told(account_id, hint)


def _is_heeded(event: stripe.Event) -> bool:
    """Say whether a change of a customer is one: deleted (R23), or another default payment method.

    Stripe says what was changed (`previous_attributes`, docs.stripe.com/api/events/object). That is not believed, it
    only saves looks; where it is not said, the account looks.
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
    return _metadata(await client.v1.customers.retrieve_async(customer_id)).get("account_id")


async def _account_of_charge(charge: Any, client: stripe.StripeClient) -> Any:
    """Return the account whose invoice a charge has paid; where it has paid none, the one that its customer names.

    A customer may pay for several accounts (R25), or be deleted by now (R23).
    """
    charge_id = _matching(_CHARGE, getattr(charge, "id", charge))
    if charge_id is None:
        return None
    found = await client.v1.charges.retrieve_async(charge_id)
    return await _account_of_payment(found, client) or await _account_of_customer(found, client)


async def _account_of_payment(charge: stripe.Charge, client: stripe.StripeClient) -> Any:
    """Return the account named by the invoice that a charge has paid (docs.stripe.com/api/invoice-payment/list)."""
    intent = _matching(_INTENT, getattr(charge.payment_intent, "id", charge.payment_intent))
    if intent is None:
        return None
    payments = await client.v1.invoice_payments.list_async(
        {"payment": {"type": "payment_intent", "payment_intent": intent}, "expand": ["data.invoice"]}
    )
    named = (_metadata(each.invoice).get("account_id") for each in payments.data)
    return next((each for each in named if each), None)


async def _latest_refund(charge: Any, client: stripe.StripeClient) -> str | None:
    """Return the id of the latest refund of a charge: its event carries the charge alone."""
    charge_id = _matching(_CHARGE, getattr(charge, "id", None))
    if charge_id is None:
        return None
    found = await client.v1.refunds.list_async({"charge": charge_id, "limit": 1})
    return found.data[0].id if found.data else None


def _metadata(document: Any) -> dict[str, Any]:
    """Return an object's metadata; none where it has none, as a deleted customer."""
    metadata = getattr(document, "metadata", None)
    return dict(metadata.to_dict()) if isinstance(metadata, stripe.StripeObject) else {}


def _matching(pattern: re.Pattern[str], given: Any) -> str | None:
    return given if isinstance(given, str) and pattern.fullmatch(given) else None
