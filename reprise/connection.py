"""The connection to Temporal, by Temporal's own environment configuration."""

import logging
from functools import cache

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.envconfig import ClientConfig
from temporalio.runtime import LogForwardingConfig, LoggingConfig, Runtime, TelemetryConfig


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
