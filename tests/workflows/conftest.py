"""Workflow tests run on Temporal's time-skipping test server, with the real worker against the Stripe sandbox."""

import uuid
from collections.abc import AsyncIterator

import pytest
from temporalio.testing import WorkflowEnvironment

from reprise.worker import account_worker
from tests.product import Product
from tests.stripe_side import StripeSide
from tests.temporal_side import time_skipping_server
from tests.worker_side import worker_settings
from tests.workflows.inside import Stage, stage
from tests.workflows.world import World


@pytest.fixture
async def env() -> AsyncIterator[WorkflowEnvironment]:
    """A server of the test's own."""
    async with time_skipping_server() as server:
        yield server


@pytest.fixture
async def world(env: WorkflowEnvironment, stripe_side: StripeSide) -> AsyncIterator[World]:
    """A world with a worker in it, at 2027-01-31T10:00Z: where most of the worked examples begin."""
    async with account_worker(env.client, worker_settings(stripe_side)):
        here = World(env, stripe_side, f"acct-{uuid.uuid4().hex[:12]}")
        await here.skip_to("2027-01-31T10:00")
        yield here


@pytest.fixture
async def told(env: WorkflowEnvironment, stripe_side: StripeSide, product: Product) -> AsyncIterator[World]:
    """A world whose product is told of every change."""
    settings = worker_settings(stripe_side, announcements_url=product.url, announcements_secret=product.secret)
    async with account_worker(env.client, settings):
        here = World(env, stripe_side, f"told-{product.server_port}")
        here.announce = True
        await here.skip_to("2027-01-31T10:00")
        yield here


@pytest.fixture(scope="package")
async def on() -> AsyncIterator[Stage]:
    """Where parts of the workflow's code are run by themselves, one after another; its clock only goes on."""
    async with time_skipping_server() as server, stage(server) as here:
        yield here
