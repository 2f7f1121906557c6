"""R28: histories, records and announcements name things by these words; none changes without being noticed."""

import importlib
import pkgutil
from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Any, Literal, get_args, get_origin

import pytest
from pydantic import BaseModel, TypeAdapter

import reprise.statemachine
from reprise.statemachine.commands import Command
from reprise.statemachine.timeline import EntryType


def classes_of_the_core() -> Iterator[type]:
    for module in pkgutil.iter_modules(reprise.statemachine.__path__):
        name = f"reprise.statemachine.{module.name}"
        for each in vars(importlib.import_module(name)).values():
            if isinstance(each, type) and each.__module__ == name:
                yield each


ENUMS = [each for each in classes_of_the_core() if issubclass(each, StrEnum)]
TAGGED = [
    (each, name, get_args(field.annotation))
    for each in classes_of_the_core()
    if issubclass(each, BaseModel)
    for name, field in each.model_fields.items()
    if get_origin(field.annotation) is Literal and name in {"name", "kind"} and len(get_args(field.annotation)) == 1
]
"""Commands, effects and outcomes: by which word a model is told from the others."""


@pytest.mark.parametrize("enum", ENUMS)
def test_R28_a_value_is_called_what_its_member_is(enum: type[StrEnum]) -> None:
    """In small letters; entries of the timeline with what they are about before it."""
    before = "account." if enum is EntryType else ""
    assert [each.value for each in enum] == [f"{before}{name.lower()}" for name in enum.__members__]


@pytest.mark.parametrize(("model", "field", "names"), TAGGED)
def test_R28_a_model_has_the_only_name_that_it_may_have(
    model: type[BaseModel], field: str, names: tuple[str, ...]
) -> None:
    """Whether it is given or not."""
    assert names == (model.model_fields[field].default,)


@pytest.mark.parametrize("command", [each for each in classes_of_the_core() if issubclass(each, Command)])
def test_R3_what_only_pages_send_are_fields(command: type[Command]) -> None:
    assert command.of_pages <= command.model_fields.keys()


@pytest.mark.parametrize("model", [each for each in classes_of_the_core() if issubclass(each, BaseModel)])
def test_R20_a_default_is_what_its_field_takes(model: type[BaseModel]) -> None:
    """Nothing checks it when it is not given."""
    for name, field in model.model_fields.items():
        if not field.is_required():
            default = field.get_default(call_default_factory=True, validated_data={})
            taken: Any = Annotated[field.annotation, *field.metadata, name]
            assert TypeAdapter(taken).validate_python(default) == default, name
