"""Where the assumptions are tried: at the sandbox, or with `--stripe` at Stripe."""

import re
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from reprise.stripe_api.client import stripe_client
from tests.assumptions.account import Account, WrongKeyError, settings_of_stripe
from tests.stripe_side import StripeSide

HERE = Path(__file__).parent
SOURCE = re.compile(r"^\s*Source: \S", re.MULTILINE)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take `--stripe`."""
    parser.addoption("--stripe", action="store_true", help="Try the assumptions at Stripe, by STRIPE_API_KEY.")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse an assumption without its source."""
    for item in items:
        if item.path.parent == HERE and isinstance(item, pytest.Function):
            assert SOURCE.search(item.function.__doc__ or ""), f"{item.nodeid}: the docstring names no `Source:`"


@pytest.fixture
async def account(request: pytest.FixtureRequest) -> AsyncIterator[Account]:
    """A Stripe account; what a test makes there is cleared away after it."""
    if request.config.getoption("--stripe", default=False):
        try:
            settings = settings_of_stripe()
        except WrongKeyError as wrong:
            pytest.exit(str(wrong), returncode=2)
    else:
        side: StripeSide = request.getfixturevalue("stripe_side")
        settings = side.settings()
    async with stripe_client(settings) as client:
        here = Account(client)
        try:
            yield here
        finally:
            await here.clear()


@pytest.fixture
def key() -> str:
    """An idempotency key that nobody has used."""
    return f"assumption-{uuid.uuid4().hex}"
