"""A process that makes one attempt of one payment, and can be killed while it does."""

import asyncio
import dataclasses
import sys
from datetime import timedelta

from pydantic import TypeAdapter
from temporalio.testing import ActivityEnvironment

from reprise.activities.payments import StripePayments
from reprise.settings import StripeSettings
from reprise.statemachine.outcomes import PaymentOutcome
from reprise.stripe_api.client import stripe_client
from reprise.stripe_api.inputs import CollectInput


def environment_of(try_number: int = 1, seconds: float = 60) -> ActivityEnvironment:
    """Return what an activity runs in: which try it is, and how long that may take, as the workflow says."""
    environment = ActivityEnvironment()
    limit = timedelta(seconds=seconds)
    environment.info = dataclasses.replace(environment.info, attempt=try_number, start_to_close_timeout=limit)
    return environment


async def attempt(
    settings: StripeSettings, asked: CollectInput, try_number: int = 1, seconds: float = 60
) -> PaymentOutcome:
    """Run the activity as a worker would, for the first or a later try."""
    environment = environment_of(try_number, seconds)
    async with stripe_client(settings) as client:
        return await environment.run(StripePayments(client).collect, asked)


if __name__ == "__main__":
    url, body = sys.argv[1:]
    settings = StripeSettings(STRIPE_API_KEY="sk_test_reprise", stripe_url=url)
    outcome = asyncio.run(attempt(settings, CollectInput.model_validate_json(body)))
    sys.stdout.write(TypeAdapter(PaymentOutcome).dump_json(outcome).decode())
