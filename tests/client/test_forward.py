"""A client of this release reads what a later server says: unknown fields are passed over, unknown values kept."""

from datetime import datetime
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from reprise.client.requests import read_as
from reprise.schemas.accounts import AccountView
from reprise.schemas.announcements import Announcement
from reprise.schemas.api import Access, AccountCount, AccountList, PortalUrl, Timeline
from reprise.schemas.invoices import InvoiceList
from reprise.schemas.payment_methods import PaymentMethodView
from reprise.schemas.problems import ProblemBody
from reprise.statemachine.quotes import Quote
from tests.client.answers import ACCOUNT, ENTRY, INSTANT, QUOTE, TERM
from tests.client.conversations import answered

INVOICE = {
    "id": "in_1",
    "number": None,
    "status": "paid",
    "amount_due": 1,
    "amount_paid": 1,
    "currency": "usd",
    "created": INSTANT,
    "period": TERM,
    "payment_key": None,
    "hosted_invoice_url": None,
    "invoice_pdf": None,
}
SUMMARY = {
    "account_id": "shop-42",
    "state": "active",
    "payment_status": "paid",
    "carts": 3,
    "term_ends_at": INSTANT,
    "access_until": INSTANT,
}
ANSWERS: list[tuple[type[BaseModel], dict[str, Any]]] = [
    (AccountView, ACCOUNT),
    (Quote, QUOTE),
    (Timeline, {"timeline": [ENTRY], "next_cursor": None}),
    (InvoiceList, {"invoices": [INVOICE], "next_cursor": None}),
    (AccountList, {"accounts": [SUMMARY], "next_cursor": None}),
    (AccountCount, {"count": 1, "by_state": {"active": 1}}),
    (Access, {"access": True, "state": "active", "until": INSTANT, "term_end": INSTANT, "grace_until": None}),
    (PaymentMethodView, {"brand": "visa", "last4": "4242", "exp_month": 4, "exp_year": 2028}),
    (PortalUrl, {"url": "https://example.com"}),
    (Announcement, {"type": "account.opened", "timestamp": INSTANT, "data": {"account_id": "shop-42", **ENTRY}}),
    (ProblemBody, {"title": "x", "status": 409, "detail": "x", "code": "x", "quote": QUOTE, "account": ACCOUNT}),
]


def _grown(value: Any) -> Any:
    """Return a value with a field more in each of its objects."""
    if isinstance(value, dict):
        return {**{name: _grown(each) for name, each in value.items()}, "of_tomorrow": {"x": 1}}
    return [_grown(each) for each in value] if isinstance(value, list) else value


@pytest.mark.parametrize(("model", "body"), [each for each in ANSWERS if each[0] is not AccountCount])
def test_unknown_fields_are_passed_over(model: type[BaseModel], body: dict[str, Any]) -> None:
    """At every depth, also where the same model refuses them in a body."""
    assert read_as(model)(answered(200, _grown(body))) == read_as(model)(answered(200, body))


def test_unknown_values_are_kept_as_text() -> None:
    """They equal nothing that this release knows, and no predicate holds for them."""
    later = {
        **ACCOUNT,
        "state": "hibernating",
        "disabled_reason": "weather",
        "plan": {"currency": "xxx", "unit_amount": 1},
        "payment": {**ACCOUNT["payment"], "status": "haggling"},
        "next": {**ACCOUNT["next"], "kind": "full_moon"},
    }
    view: AccountView = read_as(AccountView)(answered(200, later))
    assert (view.state, view.disabled_reason, view.payment.status) == ("hibernating", "weather", "haggling")
    assert view.next is not None
    assert view.next.kind == "full_moon"
    assert not view.is_past_due
    assert not view.is_closed
    entry = {**ENTRY, "type": "account.moved", "actor": {"kind": "robot", "id": None}}
    read: Timeline = read_as(Timeline)(answered(200, {"timeline": [entry], "next_cursor": None}))
    assert (read.timeline[0].type, read.timeline[0].actor.kind) == ("account.moved", "robot")


def test_R20_elsewhere_unknown_values_are_refused() -> None:
    """What is given, and what a record holds, is of this release."""
    with pytest.raises(ValidationError):
        AccountView.model_validate({**ACCOUNT, "state": "hibernating"})
    with pytest.raises(ValidationError):
        Quote.model_validate({**QUOTE, "currency": "xxx"})


def test_instants_are_aware() -> None:
    """And in UTC."""
    view: AccountView = read_as(AccountView)(answered(200, ACCOUNT))
    assert isinstance(view.opened_at, datetime)
    assert view.opened_at.utcoffset() is not None
