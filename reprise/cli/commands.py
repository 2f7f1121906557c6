"""How commands are added: each with what it does and examples, so that `--help` shows both."""

import inspect
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import typer

F = TypeVar("F", bound=Callable[..., Any])


def command(group: typer.Typer, *examples: str, name: str | None = None) -> Callable[[F], F]:
    """Add a function to a group as a command.

    Args:
        group: Where it is added.
        examples: Command lines, for `--help`.
        name: The command's; by default the function's.
    """

    def add(function: F) -> F:
        group.command(name or function.__name__.replace("_", "-"), help=help_of(function, examples))(function)
        return function

    return add


def help_of(function: Callable[..., Any], examples: Sequence[str]) -> str:
    """Return a command's help: the words of its docstring, then the examples, a line each."""
    words = inspect.cleandoc(function.__doc__ or "")
    lines = "\n".join(f"  {each}" for each in examples)
    return f"{words}\n\n\b\nExamples:\n{lines}" if examples else words


def group(name: str, words: str) -> typer.Typer:
    """Return an empty group of commands.

    Args:
        name: The group's.
        words: What its commands are about.
    """
    return typer.Typer(name=name, help=words, no_args_is_help=True, rich_markup_mode=None)
