"""What the tests of the embedded default share."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.local.commands import Dev


@pytest.fixture
def dev(tmp_path: Path) -> Iterator[Callable[..., Dev]]:
    """Start `reprise dev`, any number of times on the same directory; none outlives the test."""
    started: list[Dev] = []

    def start(*options: str, **more: str) -> Dev:
        started.append(Dev(tmp_path / "data", *options, **more))
        return started[-1]

    yield start
    for each in started:
        each.make_sure_it_ended()
