"""Workflow tests run on Temporal's time-skipping test server, with the real worker against the Stripe sandbox."""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment

from reprise.settings import WorkerSettings
from reprise.temporal.search_attributes import SEARCH_ATTRIBUTES
from reprise.worker import account_worker
from tests.conftest import BIN
from tests.stripe_side import StripeSide
from tests.workflows.world import World


def worker_settings(stripe: StripeSide, **changes: Any) -> WorkerSettings:
    return WorkerSettings(STRIPE_API_KEY="sk_test_reprise", stripe_url=stripe.url, drain_timeout=5, **changes)


@asynccontextmanager
async def time_skipping_server() -> AsyncIterator[WorkflowEnvironment]:
    """Run Temporal's test server: its clock is one for all accounts."""
    server = await WorkflowEnvironment.start_time_skipping(
        test_server_existing_path=str(BIN / "temporal-test-server"), data_converter=pydantic_data_converter
    )
    async with server:
        request = AddSearchAttributesRequest(namespace="default")
        for key in SEARCH_ATTRIBUTES:
            request.search_attributes[key.name] = IndexedValueType.ValueType(key.indexed_value_type)
        await server.client.operator_service.add_search_attributes(request)
        yield server


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
