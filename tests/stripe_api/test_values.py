"""What the parts that speak to Stripe hand to each other is a value: nobody changes it on the way."""

import inspect
import pkgutil
from collections.abc import Iterator
from dataclasses import is_dataclass
from importlib import import_module
from typing import Any

from pydantic import BaseModel

from reprise import activities, stripe_api


def values() -> Iterator[Any]:
    for package in (activities, stripe_api):
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            for name, kind in inspect.getmembers(import_module(module.name), inspect.isclass):
                own = kind.__module__ == module.name and not name.startswith("_")
                if own and (is_dataclass(kind) or issubclass(kind, BaseModel)):
                    yield kind


def is_frozen(kind: Any) -> bool:
    return bool(kind.model_config["frozen"] if issubclass(kind, BaseModel) else kind.__dataclass_params__.frozen)


def test_values_are_frozen() -> None:
    """Each is what it was when it was made."""
    found = list(values())
    assert [each for each in found if not is_frozen(each)] == []
    assert len(found) > 20
