"""Disputes: a payer's bank asks for the money back (docs.stripe.com/disputes)."""

from typing import Literal, get_args

import stripe
from stripe.params import DisputeCloseParams, DisputeListParams

from reprise.stripe_sandbox.calls import LISTING, Call, Endpoint, in_window
from reprise.stripe_sandbox.errors import invalid
from reprise.stripe_sandbox.parameters import Parameters
from reprise.stripe_sandbox.shapes import shaped
from reprise.stripe_sandbox.store import Object, new_id

Reason = Literal[
    "bank_cannot_process",
    "check_returned",
    "credit_not_processed",
    "customer_initiated",
    "debit_not_authorized",
    "duplicate",
    "fraudulent",
    "general",
    "incorrect_account_details",
    "insufficient_funds",
    "noncompliant",
    "product_not_received",
    "product_unacceptable",
    "subscription_canceled",
    "unrecognized",
]
"""Why a payer disputes (`Dispute.reason`)."""

_TO_ANSWER = 7 * 24 * 3600
"""Seconds in which evidence must be given; the least that networks allow (docs.stripe.com/disputes/responding)."""

_ENDED = ("won", "lost")


def opened(call: Call, charge: Object, reason: str, amount: int | None = None) -> Object:
    """Dispute a charge: its money is withdrawn at once.

    Raises:
        StripeFailure: 400: there is no money to dispute, or it is disputed already.
    """
    if not charge["paid"] or charge["disputed"]:
        raise invalid(f"Charge {charge['id']} cannot be disputed.")
    card = charge["payment_method_details"].get("card")
    dispute = shaped(
        stripe.Dispute,
        id=new_id("du"),
        object="dispute",
        amount=charge["amount"] if amount is None else amount,
        balance_transactions=[],
        charge=charge["id"],
        created=call.now,
        currency=charge["currency"],
        enhanced_eligibility_types=[],
        evidence=dict.fromkeys(stripe.Dispute.Evidence.__annotations__) | {"enhanced_evidence": {}},
        evidence_details={
            "due_by": call.now + _TO_ANSWER,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
            "submission_method": "not_submitted",
        },
        is_charge_refundable=False,
        livemode=False,
        metadata={},
        payment_intent=charge["payment_intent"],
        reason=reason,
        status="needs_response",
    )
    if card:
        dispute["payment_method_details"] = {
            "card": {
                "brand": card["brand"],
                "case_type": "chargeback",
                "network": card["brand"],
                "network_reason_code": "10.4",
            },
            "type": "card",
        }
    charge["disputed"] = True
    call.store.put(charge)
    call.store.put(dispute, owner=charge["id"])
    call.emit("charge.dispute.created", dispute)
    call.emit("charge.dispute.funds_withdrawn", dispute)
    return dispute


def closed(call: Call, dispute: Object, status: str) -> Object:
    """End a dispute: lost, or won, with the money coming back.

    Raises:
        StripeFailure: 400: it has ended before.
    """
    if dispute["status"] in _ENDED:
        raise invalid(f"This dispute is already closed: {dispute['status']}.")
    dispute["status"] = status
    call.store.put(dispute)
    call.emit("charge.dispute.updated", dispute, {"status": "needs_response"})
    call.emit("charge.dispute.closed", dispute)
    if status == "won":
        charge = call.found("charge", dispute["charge"])
        call.store.put({**charge, "disputed": False})
        call.emit("charge.dispute.funds_reinstated", dispute)
    return dispute


def retrieve(call: Call, _: Parameters, dispute: str) -> Object:
    """Return a dispute."""
    return call.found("dispute", dispute)


def list_all(call: Call, parameters: Parameters) -> Object:
    """List disputes, also by charge and payment intent."""
    documents = [
        each
        for each in call.store.all("dispute", owner=parameters.get("charge"))
        if parameters.get("payment_intent") in {None, each["payment_intent"]}
        and in_window(each, parameters.get("created"))
    ]
    return call.page("/v1/disputes", documents, parameters)


def close(call: Call, _: Parameters, dispute: str) -> Object:
    """Accept a dispute: it is lost."""
    return closed(call, call.found("dispute", dispute), "lost")


REASONS: tuple[str, ...] = get_args(Reason)
ENDPOINTS = (
    Endpoint("GET", "/v1/disputes", list_all, DisputeListParams, LISTING | {"charge", "payment_intent", "created"}),
    Endpoint("GET", "/v1/disputes/{dispute}", retrieve),
    Endpoint("POST", "/v1/disputes/{dispute}/close", close, DisputeCloseParams),
)
