"""Sandbox tests speak to it through the real `stripe` library, over real HTTP."""

from collections.abc import AsyncIterator

import pytest
import stripe

from reprise.stripe_api.client import stripe_client
from tests.stripe_side import StripeSide, a_sandbox

stripe_process = pytest.fixture(scope="module")(a_sandbox)  # one for each file: some tests compare all that it knows


@pytest.fixture
async def client(stripe_side: StripeSide) -> AsyncIterator[stripe.StripeClient]:
    async with stripe_client(stripe_side.settings(stripe_retries=0)) as made:
        yield made


@pytest.fixture
async def customer(client: stripe.StripeClient) -> stripe.Customer:
    """A customer with a good card."""
    made = await client.v1.customers.create_async({"email": "payer@example.com", "name": "A Payer"})
    method = await client.v1.payment_methods.attach_async("pm_card_visa", {"customer": made.id})
    return await client.v1.customers.update_async(made.id, {"invoice_settings": {"default_payment_method": method.id}})
