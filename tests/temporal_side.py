"""Temporal's servers, as tests run them: the dev server, and the test server whose clock they move."""

import contextlib
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

from reprise.local.servers import SERVER_SETTINGS
from reprise.temporal.converter import data_converter
from reprise.temporal.search_attributes import SEARCH_ATTRIBUTES

BIN = Path(sys.executable).parent


async def started(start: Callable[[], Awaitable[WorkflowEnvironment]]) -> WorkflowEnvironment:
    """Start a server. The SDK (1.35) gives it five seconds, which a busy machine may need more than once.

    Raises:
        RuntimeError: It did not start.
    """
    for _ in range(4):
        with contextlib.suppress(RuntimeError):
            return await start()
    return await start()


@asynccontextmanager
async def dev_server(settings: Mapping[str, str] | None = None, *, as_it_comes: bool = False) -> AsyncIterator[Client]:
    """Run a dev server as the embedded default does, or as servers come; with dynamic settings of its own."""
    given = {**({} if as_it_comes else SERVER_SETTINGS), **(settings or {})}
    arguments = [part for each in given.items() for part in ("--dynamic-config-value", "=".join(each))]
    server = await started(
        lambda: WorkflowEnvironment.start_local(
            dev_server_existing_path=str(BIN / "temporal"),
            data_converter=data_converter,
            search_attributes=list(SEARCH_ATTRIBUTES),
            dev_server_log_level="never",
            dev_server_extra_args=arguments,
        )
    )
    async with server:
        yield server.client


@asynccontextmanager
async def time_skipping_server() -> AsyncIterator[WorkflowEnvironment]:
    """Run Temporal's test server: its clock is one for all accounts."""
    server = await started(
        lambda: WorkflowEnvironment.start_time_skipping(
            test_server_existing_path=str(BIN / "temporal-test-server"), data_converter=data_converter
        )
    )
    async with server:
        request = AddSearchAttributesRequest(namespace="default")
        for key in SEARCH_ATTRIBUTES:
            request.search_attributes[key.name] = IndexedValueType.ValueType(key.indexed_value_type)
        await server.client.operator_service.add_search_attributes(request)
        yield server
