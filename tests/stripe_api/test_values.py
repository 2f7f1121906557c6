"""What activities are given, and what is read of Stripe, stays as it was made: no step changes it for others."""

import dataclasses
import pkgutil
from importlib import import_module
from inspect import getmembers, isclass
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from reprise import activities, stripe_api


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
