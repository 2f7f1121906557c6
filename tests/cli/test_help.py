"""`--help`: each command says what it does, with examples that are commands."""

import re
import shlex
from itertools import takewhile
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from reprise.cli import accounts as words
from reprise.cli.account import FEEDBACK
from reprise.cli.main import app
from reprise.statemachine.account import AccountState, DisabledReason
from reprise.statemachine.commands import Feedback
from reprise.statemachine.payments import PaymentStatus


def _commands(found: Any, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    inside = getattr(found, "commands", None)
    if inside is None:
        return [path]
    return [each for name, command in inside.items() for each in _commands(command, (*path, name))]


COMMANDS = _commands(get_command(app))


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_each_command_says_what_it_does_with_examples_that_are_commands(command: tuple[str, ...]) -> None:
    """Their names and options are there; of a pipe, the part before it."""
    said = CliRunner().invoke(app, [*command, "--help"])
    assert said.exit_code == 0
    words, _, rest = said.output.partition("Examples:\n")
    assert rest, f"{command} has no examples"
    assert len(words.splitlines()) > 2
    examples = [line.strip() for line in takewhile(str.strip, rest.splitlines())]
    for example in examples:
        typed = shlex.split(example.partition(" | ")[0].partition(" > ")[0])
        name, *arguments = [each for each in typed if not re.match(r"[A-Z_]+=", each)]
        assert (name, *arguments[: len(command)]) == ("reprise", *command)
        again = CliRunner().invoke(app, [*arguments, "--help"])
        assert again.exit_code == 0, again.output


def test_there_is_what_was_promised() -> None:
    """By its names."""
    groups = {each[0] for each in COMMANDS}
    assert {"account", "accounts", "profile", "token", "portal-link", "setup-namespace", "worker", "api"} <= groups
    of_one = {each[1] for each in COMMANDS if each[0] == "account"}
    commands = "open show quote cancel reactivate carts card email timeline disable enable extend plan close restore"
    assert set(commands.split()) <= of_one


@pytest.mark.parametrize(
    ("told", "known"),
    [
        (words.STATES, [each for each in AccountState if each is not AccountState.NEW]),
        (words.REASONS, list(DisabledReason)),
        (words.STATUSES, list(PaymentStatus)),
        (FEEDBACK, list(Feedback.__args__)),  # type: ignore[attr-defined] # a Literal's words
    ],
)
def test_what_may_be_chosen_is_what_there_is(told: tuple[str, ...], known: list[str]) -> None:
    """The help and the completion name the core's own words, without loading it."""
    assert sorted(told) == sorted(known)


def test_the_shell_completes() -> None:
    """The words of an option come without asking anybody."""
    environment = {
        "_REPRISE_COMPLETE": "complete_bash",
        "COMP_WORDS": "reprise accounts list --state ",
        "COMP_CWORD": "4",
    }
    said = CliRunner().invoke(app, [], env=environment, prog_name="reprise")
    assert said.output.split() == list(words.STATES)


def test_every_command_over_the_API_has_the_same_options() -> None:
    """Where the API is, and how the answer is printed."""
    for command in COMMANDS:
        if command[0] in {"account", "accounts"}:
            output = CliRunner().invoke(app, [*command, "--help"]).output
            assert all(each in output for each in ("--url", "--token", "--profile", "--json", "--retry-for")), command
