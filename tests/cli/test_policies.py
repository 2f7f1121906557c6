"""Policies as they are typed: what is wrong is named, before anything is sent."""

import pytest
import typer

from reprise.cli.policies import policy


def test_only_what_was_said_is_sent() -> None:
    """The rest stays as it is for others, also when that changes."""
    assert policy('{"retry_days": [1, 3], "on_dispute": "disable"}') == {"retry_days": [1, 3], "on_dispute": "disable"}
    assert policy("{}") == {}


@pytest.mark.parametrize(
    ("typed", "named"),
    [
        ("retry_days", "policy: Invalid JSON"),
        ("[1]", "policy: "),
        ('{"retry_days": [3, 1]}', "retry_days: must rise"),
        ('{"retry": [1], "on_dispute": "shout"}', "on_dispute: .*; retry: "),
    ],
)
def test_R20_what_is_wrong_is_named(typed: str, named: str) -> None:
    """With the field, and how to write it."""
    with pytest.raises(typer.BadParameter, match=f"^{named}.*Write JSON, such as"):
        policy(typed)
