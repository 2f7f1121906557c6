"""The opening of an account as most tests want it."""

from typing import Any

from reprise.statemachine.commands import OpenAccount
from reprise.statemachine.money import Plan


def opening_of(account_id: str, command_id: str = "open", **changes: Any) -> OpenAccount:
    """Return the opening of an account: three carts at 25.00 USD with a good card, unless the test says otherwise."""
    asked: dict[str, Any] = {
        "account_id": account_id,
        "email": f"{account_id}@example.com",
        "carts": 3,
        "plan": Plan(currency="usd", unit_amount=2500),
        "payment_method": "pm_card_visa",
        "command_id": command_id,
        **changes,
    }
    return OpenAccount(**asked)
