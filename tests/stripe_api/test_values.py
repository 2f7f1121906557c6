"""What is asked of Stripe, and what Stripe says: plain values that nobody changes, with what they say by themselves."""

import dataclasses
import importlib
import pkgutil
from datetime import UTC, datetime

import pytest
from pydantic import BaseModel

import reprise.stripe_api
from reprise.stripe_api.billing_details import _Kept
from reprise.stripe_api.facts import CustomerFact, InvoiceFact
from reprise.stripe_api.inputs import CollectInput

CHANGES_BY_ITSELF = {_Kept}


def test_values_are_never_changed_in_place() -> None:
    """An activity cannot ask for anything else than it was asked."""
    for module in pkgutil.iter_modules(reprise.stripe_api.__path__, "reprise.stripe_api."):
        for value in vars(importlib.import_module(module.name)).values():
            if not isinstance(value, type) or value.__module__ != module.name or value in CHANGES_BY_ITSELF:
                continue
            if issubclass(value, BaseModel):
                assert value.model_config.get("frozen"), value
            if dataclasses.is_dataclass(value):
                assert value.__dataclass_params__.frozen, value  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("status", "paid", "unpaid"),
    [
        ("draft", False, True),
        ("open", False, True),
        ("uncollectible", False, True),
        ("paid", True, False),
        ("void", False, False),
    ],
)
def test_R22_an_invoice_says_whether_it_is_or_can_be_paid(status: str, paid: bool, unpaid: bool) -> None:
    """And which of its account's payments it is."""
    fact = InvoiceFact(
        invoice_id="in_1",
        customer_id="cus_1",
        account_id="a",
        life=None,
        payment_key="a:12",
        status=status,
        total=1,
        currency="usd",
        created=datetime(2027, 1, 1, tzinfo=UTC),
    )
    assert (fact.is_paid, fact.is_unpaid, fact.number) == (paid, unpaid, 12)


def test_what_is_not_said_of_a_value() -> None:
    """A customer is there; cards are asked for (R21)."""
    assert CustomerFact(customer_id="cus_1").deleted is False
    assert CollectInput.model_fields["payment_methods"].default == ("card",)
