"""The bodies of commands over HTTP: made from the commands, so that a field has one place (R20)."""

import inspect
from collections.abc import Callable
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, create_model, model_validator

from reprise.statemachine.commands import Command

_OF_ALL: Final = frozenset({*Command.model_fields, "name"})
"""What says who sends a command, and which it is: the token, the header and the path say that."""


def body_of(command: type[Command]) -> type[BaseModel] | None:
    """Return the model of a command's body: the command's own fields, with its checks, and no others.

    None for a command that has none. What only the whole shows (one of two fields, say) is checked by the command.
    """
    own = {
        name: (field.rebuild_annotation(), field)
        for name, field in command.model_fields.items()
        if name not in _OF_ALL | command.of_pages
    }
    if not own:
        return None
    extra = command.model_config.get("json_schema_extra")
    made: type[BaseModel] = create_model(
        f"{command.__name__}Body",
        __config__=ConfigDict(extra="forbid", frozen=True, json_schema_extra=extra),
        __doc__=words_of(command),
        __validators__=_read_first(command),
        **own,  # type: ignore[call-overload] # its overloads do not take fields by a mapping
    )
    return made


def words_of(command: type[Command]) -> str:
    """Return what a command does, in a sentence."""
    return inspect.cleandoc(command.__doc__ or "").partition("\n\n")[0]


def _read_first(command: type[Command]) -> dict[str, Any]:
    """Return what a command does with its input before it is read, for its body to do the same."""
    found = command.__pydantic_decorators__.model_validators.items()
    return {name: _before(each.func) for name, each in found if each.info.mode == "before"}


def _before(read: Callable[[Any], Any]) -> Any:
    def of_body(_: type[BaseModel], given: Any) -> Any:
        return read(given)

    return model_validator(mode="before")(classmethod(of_body))  # type: ignore[arg-type] # its types want a name
