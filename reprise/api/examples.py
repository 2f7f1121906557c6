"""What the OpenAPI document shows as examples: one of each answer that people ask about."""

from datetime import UTC, datetime
from typing import Any, Final

from fastapi import FastAPI

from reprise.api import openapi
from reprise.http.problems import Problem, body_of
from reprise.schemas.accounts import AccountView
from reprise.schemas.problems import FieldError
from reprise.statemachine.money import Plan
from reprise.statemachine.quotes import upfront_quote
from reprise.statemachine.refusals import IDEMPOTENCY_KEY_REUSED
from reprise.statemachine.terms import Term

_ACTIVE: Final[dict[str, Any]] = AccountView.model_json_schema()["examples"][0]

_DISABLED: Final[dict[str, Any]] = {
    **_ACTIVE,
    "state": "disabled",
    "in_service": False,
    "renews": False,
    "disabled_reason": "first_payment_failed",
    "anchor": None,
    "term": None,
    "payment": {**_ACTIVE["payment"], "status": "declined", "decline_code": "insufficient_funds"},
    "next": None,
}

_LAPSED: Final[dict[str, Any]] = {
    **_ACTIVE,
    "state": "disabled",
    "in_service": False,
    "renews": False,
    "disabled_reason": "cancelled",
    "payment": {**_ACTIVE["payment"], "key": "shop-42:2", "invoice_id": "in_2ExampleInvoice"},
    "next": None,
    "sequence": 7,
}

_TO_CONFIRM: Final[dict[str, Any]] = {
    **_LAPSED,
    "payment": {
        **_LAPSED["payment"],
        "status": "requires_action",
        "action_url": "https://invoice.stripe.com/i/acct_1Example/test_Example",
    },
    "next": {
        "kind": "payment_due",
        "at": "2027-04-15T12:05:00Z",
        "summary": "look whether the payer has authenticated",
    },
}

_CLEARING: Final[dict[str, Any]] = {
    **_LAPSED,
    "payment": {**_LAPSED["payment"], "status": "processing"},
    "next": {"kind": "payment_due", "at": "2027-04-15T13:00:00Z", "summary": "look whether the payment has cleared"},
}


def _answer(**named: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    """Return answers with an account, by name: what each is, and the account."""
    shown = {name: {"summary": summary, "value": value} for name, (summary, value) in named.items()}
    return {"content": {"application/json": {"examples": shown}}}


OPENED: Final = _answer(
    paid=("The first month is paid: the account is active.", _ACTIVE),
    declined=(
        "The first payment failed. The account exists all the same, out of service; `reactivate` is the way on.",
        _DISABLED,
    ),
)
"""What opening an account answers (201)."""

ACCEPTED: Final = _answer(
    requires_action=("The payer must confirm at `payment.action_url`; then it goes on by itself.", _TO_CONFIRM),
    processing=("The bank takes days. Asking again joins this payment.", _CLEARING),
)
"""What is not finished yet (202)."""

_ANSWERS: Final = {
    name: example
    for answers in (OPENED, ACCEPTED)
    for name, example in answers["content"]["application/json"]["examples"].items()
}


def document(app: FastAPI) -> None:
    """Put the accounts into the OpenAPI document whole: FastAPI (0.165) takes what is null out of examples, too."""

    def add(schema: dict[str, Any]) -> None:
        schema["components"]["schemas"][AccountView.__name__]["examples"] = [_ACTIVE]
        for operation in openapi.operations(schema):
            for response in operation["responses"].values():
                shown = response.get("content", {}).get("application/json", {}).get("examples", {})
                shown.update({name: _ANSWERS[name] for name in shown})

    openapi.extend(app, add)


_QUOTE: Final = upfront_quote(
    Plan(currency="usd", unit_amount=2500),
    5,
    Term(start=datetime(2027, 4, 15, 12, tzinfo=UTC), end=datetime(2027, 5, 15, 12, tzinfo=UTC)),
)

_PROBLEMS: Final[tuple[Problem, ...]] = (
    Problem(401, "unauthorized", "The token has expired. Send a valid one: Authorization: Bearer …."),
    Problem(
        402,
        "payment_declined",
        "The payment was declined (insufficient_funds). Nothing was charged. Try another payment method.",
        decline_code="insufficient_funds",
    ),
    Problem(
        402,
        "no_payment_method",
        "There is no payment method. Nothing was charged. Add one, then reactivate again.",
    ),
    Problem(409, "already_in_service", "This account is in service: there is nothing to bring back."),
    Problem(
        409,
        "payment_in_progress",
        "A payment of this account is being collected. Try again when it is known how it turned out.",
    ),
    Problem(
        409,
        "quote_changed",
        "Reactivating costs $125.00 now, not $75.00. Nothing was charged.",
        quote=_QUOTE,
    ),
    Problem(409, "idempotency_key_reused", IDEMPOTENCY_KEY_REUSED),
    Problem(
        415,
        "unsupported_media_type",
        "Send the body as JSON, with the header Content-Type: application/json (it says nothing). Nothing was"
        " recorded.",
    ),
    Problem(
        422,
        "invalid_request",
        "Wrong input: plan.unit_amount. Nothing was recorded.",
        errors=[FieldError(field="plan.unit_amount", message="Input should be greater than or equal to 0")],
    ),
    Problem(
        503,
        "engine_unavailable",
        "Temporal cannot be reached. Send it again with the same Idempotency-Key: it is taken once.",
    ),
)


def problems(status: int) -> dict[str, Any]:
    """Return examples of the errors with this status, by their codes."""
    return {each.code: {"value": body_of(each)} for each in _PROBLEMS if each.status == status}
