"""What comes with a message, read: the SDK hands over whatever was sent, nothing, several values, of any type.

(temporalio 1.35, `_process_handler_args`: types hold only where as many arguments come as a handler names.) What came
with nothing is a message of defaults, so that a person can send one by its name alone.
"""

import inspect
import json
from typing import Any, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError
from temporalio import workflow

from reprise.statemachine.commands import TEMPORAL_UI, Command
from reprise.statemachine.refusals import RefusalCode
from reprise.workflows.messages import Refusal

Message = TypeVar("Message", bound=BaseModel)
AnyOf = TypeVar("AnyOf", bound=Command)

_JSON: TypeAdapter[Any] = TypeAdapter(Any)


def read(kind: type[Message], given: tuple[Any, ...]) -> Message:
    """Return the message.

    Raises:
        ValueError: It is none of this kind.
    """
    if len(given) > 1:
        raise ValueError(f"{len(given)} arguments instead of one")
    content: Any = next((each for each in given if each is not None), {})
    return kind.model_validate_json(_JSON.dump_json(content))


def read_command(kind: type[AnyOf], given: tuple[Any, ...]) -> AnyOf:
    """Return the command; one that names nobody was sent through Temporal itself, by its UI or command line.

    Raises:
        ValueError: It is none of this kind.
    """
    command = read(kind, given)
    return command if "actor" in command.model_fields_set else command.model_copy(update={"actor": TEMPORAL_UI})


def dropped(signal: str, error: Exception) -> None:
    """Write to the log that a signal could not be read: there is nobody to refuse it to."""
    why = type(error).__name__
    if isinstance(error, ValidationError):
        why = "; ".join(f"{_name(each['loc'])}: {each['type']}" for each in error.errors())
    workflow.logger.warning("a signal was dropped", extra={"signal": signal, "why": why})


def unreadable(kind: type[Command], error: Exception) -> Refusal:
    """Return the refusal of a command that cannot be read: it names each field, and shows what could be sent (R20)."""
    wrong, field = [str(error)], None
    if isinstance(error, ValidationError):
        errors = error.errors()
        wrong = [": ".join(filter(None, (_name(each["loc"]), _sentence(each["msg"])))) for each in errors[:MOST_NAMED]]
        field = _name(errors[0]["loc"]) or None
    message = f"{'; '.join(wrong)}. Nothing was changed. Send, for example, {example_of(kind)}"
    return Refusal(code=RefusalCode.INVALID_REQUEST, message=message, field=field)


MOST_NAMED = 5
"""Fields at fault that one refusal names."""


def example_of(kind: type[Command]) -> str:
    """Return an input of a command as a person writes it: the examples of its fields, and who they are."""
    fields = {
        name: field.examples[0]
        for name, field in kind.model_fields.items()
        if field.examples and name not in kind.of_pages
    }
    return json.dumps({**fields, "actor": "grace@example.com"})


def described(kind: type[Command]) -> str:
    """Return what the Temporal UI says of a command: what it does, and what to send along."""
    words = inspect.cleandoc(kind.__doc__ or "").partition("\n\n")[0]
    return f"{words} {'Needs no input; may take' if _needs_nothing(kind) else 'Input'}: {example_of(kind)}"


def _needs_nothing(kind: type[Command]) -> bool:
    try:
        kind()
    except ValidationError:
        return False
    return True


def _name(location: tuple[int | str, ...]) -> str:
    return ".".join(str(each)[:100] for each in location)


def _sentence(message: str) -> str:
    if message == "Extra inputs are not permitted":
        return "there is no such field"
    return message.removeprefix("Value error, ")[:200]
