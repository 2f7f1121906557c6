"""The connection to Temporal, by Temporal's own environment configuration."""

import logging
from functools import cache
from typing import Final

from temporalio.api.enums.v1 import WorkflowExecutionStatus as ServersStatus
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.envconfig import ClientConfig
from temporalio.runtime import LogForwardingConfig, LoggingConfig, Runtime, TelemetryConfig

IS_PAUSED: Final = "Workflow is paused"
"""What the server answers to an update of a workflow that somebody has paused in the UI (server 1.32)."""


def _status_of(status: type[WorkflowExecutionStatus], value: object) -> WorkflowExecutionStatus | None:
    return status.RUNNING if value == ServersStatus.WORKFLOW_EXECUTION_STATUS_PAUSED else None


# The SDK does not know the status of a paused workflow and raises ValueError at whatever shows one (1.35): it is open.
WorkflowExecutionStatus._missing_ = classmethod(_status_of)  # type: ignore[assignment]


async def connect(*, lazy: bool = False) -> Client:
    """Connect to the Temporal service that the environment names (`TEMPORAL_ADDRESS`, `TEMPORAL_PROFILE`, …).

    Args:
        lazy: Connect at the first call, so that a process can start while Temporal is down.

    Raises:
        RuntimeError: The service cannot be reached, unless `lazy`.
    """
    config = ClientConfig.load_client_connect_config()
    config.setdefault("target_host", "127.0.0.1:7233")
    return await Client.connect(**config, data_converter=pydantic_data_converter, lazy=lazy, runtime=_runtime())


@cache
def _runtime() -> Runtime:
    """Return a runtime whose logs are Python's: by itself, Temporal's core writes plain text to the console (1.35)."""
    forwarding = LogForwardingConfig(logger=logging.getLogger("temporalio.core"), append_target_to_name=False)
    logs = LoggingConfig(filter=LoggingConfig.default.filter, forwarding=forwarding)
    return Runtime(telemetry=TelemetryConfig(logging=logs))
