"""Charges: the record of one try to move money, with a card or from a bank account."""

from datetime import UTC, datetime, timedelta
from typing import Any

import stripe

from reprise.stripe_sandbox.behaviour import Conduct
from reprise.stripe_sandbox.calls import Call
from reprise.stripe_sandbox.declines import error_code, message
from reprise.stripe_sandbox.shapes import shaped
from reprise.stripe_sandbox.store import Object, new_id

_BANK_DAYS = 4
"""How many days a debit takes (docs.stripe.com/payments/ach-direct-debit)."""


def of_card(call: Call, intent: Object, method: Object, meets: Conduct) -> Object:
    """Return the record of a card's charge, paid or declined."""
    card = method["card"]
    details = {
        "card": {
            **{name: card[name] for name in ("brand", "country", "exp_month", "exp_year", "fingerprint", "last4")},
            "funding": "credit",
            "network": card["brand"],
            "checks": card["checks"],
        },
        "type": "card",
    }
    record = _record(call, intent, method, new_id("ch"), details)
    record["outcome"] = _outcome(meets)
    if meets.decline:
        fail(record, error_code(meets.decline), message(meets.decline))
    else:
        succeed(call, record)
    return record


def of_bank_account(call: Call, intent: Object, method: Object) -> Object:
    """Return the record of a bank account's debit, which is pending."""
    account = method["us_bank_account"]
    due = datetime.fromtimestamp(call.now, UTC) + timedelta(days=_BANK_DAYS)
    names = ("account_holder_type", "account_type", "bank_name", "fingerprint", "last4", "routing_number")
    details = {
        "us_bank_account": {
            **{name: account[name] for name in names},
            "expected_debit_date": due.date().isoformat(),
            "mandate": None,
            "payment_reference": None,
        },
        "type": "us_bank_account",
    }
    record = _record(call, intent, method, new_id("py"), details)
    record.update(status="pending", captured=True, amount_captured=record["amount"])
    return record


def succeed(call: Call, record: Object) -> None:
    """Turn a record into that of money that has moved."""
    record.update(
        status="succeeded",
        paid=True,
        captured=True,
        amount_captured=record["amount"],
        receipt_url=f"{call.base_url}/_sandbox/receipts/{record['id']}",
    )


def fail(record: Object, code: str, sentence: str) -> None:
    """Turn a record into that of money that has not moved."""
    record.update(
        status="failed", paid=False, captured=False, amount_captured=0, failure_code=code, failure_message=sentence
    )


def _outcome(meets: Conduct) -> dict[str, Any]:
    paid = meets.decline is None
    return {
        "advice_code": meets.advice,
        "network_advice_code": None,
        "network_decline_code": None if paid else "05",
        "network_status": "approved_by_network" if paid else "declined_by_network",
        "reason": meets.decline,
        "risk_level": "normal",
        "risk_score": 12,
        "seller_message": "Payment complete." if paid else "The bank returned a decline.",
        "type": "authorized" if paid else "issuer_declined",
    }


def _record(call: Call, intent: Object, method: Object, charge_id: str, details: dict[str, Any]) -> Object:
    return shaped(
        stripe.Charge,
        id=charge_id,
        object="charge",
        amount=intent["amount"],
        amount_captured=0,
        amount_refunded=0,
        billing_details=method["billing_details"],
        captured=False,
        created=call.now,
        currency=intent["currency"],
        customer=intent["customer"],
        description=intent["description"],
        disputed=False,
        fraud_details={},
        livemode=False,
        metadata={},
        paid=False,
        payment_intent=intent["id"],
        payment_method=method["id"],
        payment_method_details=details,
        refunded=False,
        status="pending",
    )
