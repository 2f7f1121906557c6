"""A sandbox of these tests' own: some of them read all that there is at Stripe."""

from collections.abc import AsyncIterator

import pytest
import stripe

from reprise.stripe_api.client import stripe_client
from tests.stripe_side import StripeSide, a_sandbox

stripe_process = pytest.fixture(scope="package")(a_sandbox)


@pytest.fixture
async def client(stripe_side: StripeSide) -> AsyncIterator[stripe.StripeClient]:
    async with stripe_client(stripe_side.settings()) as made:
        yield made
