"""Answers of the API, as this release has them."""

from typing import Any

from reprise.schemas.accounts import AccountView

INSTANT = "2027-01-31T10:00:00Z"
TERM = {"start": INSTANT, "end": "2027-02-28T10:00:00Z"}
ACCOUNT: dict[str, Any] = AccountView.model_config["json_schema_extra"]["examples"][0]  # type: ignore[index,assignment] # it has one
QUOTE = {
    "amount_due": 7500,
    "currency": "usd",
    "carts": 3,
    "unit_amount": 2500,
    "term": TERM,
    "lines": [{"description": "x", "quantity": 3, "unit_amount": 2500, "amount": 7500, "period": TERM}],
}
ENTRY = {
    "sequence": 1,
    "at": INSTANT,
    "type": "account.opened",
    "actor": {"kind": "operator", "id": "o"},
    "from_state": "new",
    "to_state": "active",
    "term": TERM,
}
