"""The connection to Temporal."""

import logging
from functools import cache

from temporalio.api.enums.v1 import WorkflowExecutionStatus as ServersStatus
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.envconfig import ClientConfig, ClientConnectConfig
from temporalio.runtime import LogForwardingConfig, LoggingConfig, PrometheusConfig, Runtime, TelemetryConfig

from reprise.temporal.converter import data_converter


def _status_of(status: type[WorkflowExecutionStatus], value: object) -> WorkflowExecutionStatus | None:
    return status.RUNNING if value == ServersStatus.WORKFLOW_EXECUTION_STATUS_PAUSED else None


# The SDK does not know the status of a paused workflow and raises ValueError at whatever shows one (1.35): it is open.
WorkflowExecutionStatus._missing_ = classmethod(_status_of)  # type: ignore[assignment]


async def connect(
    address: str | None = None, *, namespace: str | None = None, lazy: bool = False, metrics: str | None = None
) -> Client:
    """Connect to Temporal: the only way in, so that what every caller needs (a codec, tracing) stands here once.

    Args:
        address: Of the server; by default the one that Temporal's own environment configuration names
            (`TEMPORAL_ADDRESS`, `TEMPORAL_PROFILE`, …).
        namespace: There; by default the configuration's.
        lazy: Connect at the first call, so that a process can start while Temporal is down.
        metrics: Where Prometheus is to find this process's metrics, as host:port; one address for each process.

    Raises:
        RuntimeError: The service cannot be reached, unless `lazy`.
    """
    config = ClientConfig.load_client_connect_config() if address is None else ClientConnectConfig(target_host=address)
    config.setdefault("target_host", "127.0.0.1:7233")
    if namespace is not None:
        config["namespace"] = namespace
    return await Client.connect(**config, data_converter=data_converter, lazy=lazy, runtime=_runtime(metrics))


@cache
def _runtime(metrics: str | None) -> Runtime:
    """Return a runtime whose logs are Python's: by itself, Temporal's core writes plain text to the console (1.35).

    Metrics are named as Temporal's own dashboards name them.
    """
    forwarding = LogForwardingConfig(logger=logging.getLogger("temporalio.core"), append_target_to_name=False)
    logs = LoggingConfig(filter=LoggingConfig.default.filter, forwarding=forwarding)
    served = metrics and PrometheusConfig(
        bind_address=metrics, counters_total_suffix=True, unit_suffix=True, durations_as_seconds=True
    )
    return Runtime(telemetry=TelemetryConfig(logging=logs, metrics=served or None))
