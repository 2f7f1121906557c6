"""The connection to Temporal, by Temporal's own environment configuration."""

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.envconfig import ClientConfig


async def connect(*, lazy: bool = False) -> Client:
    """Connect to the Temporal service that the environment names (`TEMPORAL_ADDRESS`, `TEMPORAL_PROFILE`, …).

    Args:
        lazy: Connect at the first call, so that a process can start while Temporal is down.

    Raises:
        RuntimeError: The service cannot be reached, unless `lazy`.
    """
    config = ClientConfig.load_client_connect_config()
    config.setdefault("target_host", "127.0.0.1:7233")
    return await Client.connect(**config, data_converter=pydantic_data_converter, lazy=lazy)
