"""What activities are given, and what is read of Stripe, stays as it was made: no step changes it for others."""

import dataclasses
import pkgutil
from datetime import UTC, datetime
from importlib import import_module
from inspect import getmembers, isclass
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from reprise import activities, stripe_api
from reprise.stripe_api.facts import CustomerFact, InvoiceFact
from reprise.stripe_api.inputs import CollectInput


def values() -> dict[str, type[Any]]:
    """The classes of values of both packages."""
    modules = [
        import_module(each.name)
        for package in (activities, stripe_api)
        for each in pkgutil.iter_modules(package.__path__, f"{package.__name__}.")
    ]
    return {
        name: kind
        for module in modules
        for name, kind in getmembers(module, isclass)
        if kind.__module__ == module.__name__ and name[0] != "_"
        if dataclasses.is_dataclass(kind) or issubclass(kind, BaseModel)
    }


VALUES = values()


@pytest.mark.parametrize("name", sorted(VALUES))
def test_a_value_stays_as_it_was_made(name: str) -> None:
    """None of its fields can be set."""
    kind = VALUES[name]
    made = object.__new__(kind) if dataclasses.is_dataclass(kind) else kind.model_construct()
    fields = [each.name for each in dataclasses.fields(kind)] if dataclasses.is_dataclass(kind) else kind.model_fields
    for field in fields:
        with pytest.raises((dataclasses.FrozenInstanceError, ValidationError)):
            setattr(made, field, None)


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
