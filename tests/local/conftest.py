"""What the tests of the embedded default share."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.local.commands import Dev


class Standing(NamedTuple):
    """A `reprise dev`, its data directory, and what it said of itself."""

    dev: Dev
    data: Path
    where: Mapping[str, str]


@pytest.fixture(scope="session")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    """One that goes on, for all tests that leave it as it is, but for accounts of their own."""
    data = tmp_path_factory.mktemp("dev") / "data"
    started = Dev(data)
    yield Standing(started, data, started.addresses())
    started.make_sure_it_ended()


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
