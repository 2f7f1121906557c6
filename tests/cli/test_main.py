"""The command `reprise` itself."""

import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from reprise.cli.main import app

PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"


def test_the_version_is_that_of_the_project() -> None:
    """Said without a command, and nothing else with it."""
    said = CliRunner().invoke(app, ["--version"])
    assert said.exit_code == 0
    assert said.output == f"reprise {tomllib.loads(PYPROJECT.read_text())['project']['version']}\n"


@pytest.mark.parametrize("arguments", [[], ["--help"]])
def test_without_a_command_it_says_what_there_is(arguments: list[str]) -> None:
    """What the program is for, and its commands."""
    said = CliRunner().invoke(app, arguments)
    assert "Runs the life of subscription accounts" in said.output
    assert "--version" in said.output
    assert "fast-forward" in said.output
