"""One payment of 75.00 USD, and its invoice as Stripe shows it: whatever of it a test wants to be otherwise."""

from datetime import UTC, datetime
from typing import Any

from reprise.statemachine.money import Plan
from reprise.statemachine.payments import Payment, PaymentPurpose, PaymentStatus
from reprise.statemachine.quotes import upfront_quote
from reprise.statemachine.terms import nth_term
from reprise.statemachine.timeline import TIMER
from reprise.stripe_api.inputs import CollectInput
from tests.stripe_side import Json

START = datetime(2027, 1, 31, 10, tzinfo=UTC)
KEY = "shop:1"

PAYMENT = Payment(
    key=KEY,
    purpose=PaymentPurpose.FIRST,
    quote=upfront_quote(Plan(currency="usd", unit_amount=2500), 3, nth_term(START, 0, "UTC")),
    asked_by=TIMER,
    status=PaymentStatus.COLLECTING,
    attempt=1,
    started_at=START,
)
ASKED = CollectInput(account_id="shop", life="life", customer_id="cus_1", payment=PAYMENT)
CUSTOMER = {"id": "cus_1", "object": "customer", "invoice_settings": {"default_payment_method": "pm_1"}}


def line(**changes: Any) -> Json:
    whole = {"id": "il_1", "object": "line_item", "quantity": 3, "amount": 7500, "currency": "usd"}
    return {**whole, "metadata": {"line": "0"}, **changes}


def invoice(intent: Json | None = None, **changes: Any) -> Json:
    """Return an open invoice with its line, and with what a payment intent says of its payment."""
    shown = {"id": "pi_1", "object": "payment_intent", "status": "requires_payment_method", "last_payment_error": None}
    payment = {"type": "payment_intent", "payment_intent": {**shown, **(intent or {})}}
    whole = {
        "id": "in_1", "object": "invoice", "status": "open", "currency": "usd", "total": 7500, "amount_due": 7500,
        "starting_balance": 0, "customer": CUSTOMER, "hosted_invoice_url": "https://pay.example/in_1",
        "metadata": {"account_id": "shop", "life": "life", "payment_key": KEY},
        "lines": {"object": "list", "data": [line()], "has_more": False},
        "payments": {"object": "list", "data": [{"id": "inpay_1", "object": "invoice_payment", "payment": payment}]},
    }  # fmt: skip
    return {**whole, **changes}


def failed(**error: Any) -> Json:
    """Return an open invoice whose last charge has failed."""
    return invoice({"last_payment_error": {"type": "card_error", "charge": "ch_1", **error}})
