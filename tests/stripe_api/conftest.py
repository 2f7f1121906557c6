"""A sandbox of these tests' own: some of them read all that there is at Stripe."""

from collections.abc import AsyncIterator, Iterator
from contextlib import closing

import pytest
import stripe

from reprise.stripe_api.client import stripe_client
from tests.stripe_side import StripeSide


@pytest.fixture(scope="package")
def stripe_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StripeSide]:
    with closing(StripeSide(tmp_path_factory.mktemp("stripe") / "stripe.db")) as side:
        yield side


@pytest.fixture
async def client(stripe_side: StripeSide) -> AsyncIterator[stripe.StripeClient]:
    async with stripe_client(stripe_side.settings()) as made:
        yield made
