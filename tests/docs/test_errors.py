"""The codes that people read about are those that are said."""

import ast
from collections.abc import Iterator
from pathlib import Path

from reprise.schemas.problem_codes import CODES, PROBLEMS
from reprise.statemachine.refusals import RefusalCode
from tests.docs.errors import ERRORS, with_codes

REPRISE = Path(__file__).parents[2] / "reprise"

NOT_OVER_HTTP = {
    "form_is_foreign",
    "sign_in_needed",
    "link_is_spent",
    "asked_ahead",
    "stripe_failed",
}
"""Said on a page in words, or by the command line: no caller of the API reads them."""


def _said() -> Iterator[str]:
    """Find every code that is written anywhere: of a `Problem`, or an error's own `code`."""
    for file in REPRISE.rglob("*.py"):
        if {"stripe_sandbox", "client", "cli"} & set(file.relative_to(REPRISE).parts[:-1]):
            continue
        for node in ast.walk(ast.parse(file.read_text())):
            match node:
                case ast.Call(func=ast.Name(id="Problem"), args=[_, ast.Constant(value=str(code)), *_]):
                    yield code
                case ast.Assign(targets=[ast.Name(id="code")], value=ast.Constant(value=str(code))):
                    yield code
                case _:
                    pass


def test_the_table_is_written_from_the_codes() -> None:
    """If this fails, a code has changed: run `make diagram`."""
    text = ERRORS.read_text()
    assert with_codes(text) == text, "run `make diagram`"


def test_every_code_that_is_said_stands_in_the_table() -> None:
    """With what to do about it; and none that nobody says."""
    said = set(_said()) | {each.value for each in RefusalCode}
    assert len(said) > 20
    assert said - NOT_OVER_HTTP <= set(CODES)
    by_name = {"not_found", "method_not_allowed", "http_error"}  # chosen by the status, in api/problems.py
    assert set(CODES) <= said | by_name
    assert len(set(CODES)) == len(PROBLEMS)
