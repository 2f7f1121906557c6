"""Faults of activities: between the real worker and its real activities, for one account and activity at a time."""

import asyncio
import inspect
from collections.abc import Callable
from typing import Any, NoReturn

import temporalio.client
import temporalio.worker
from temporalio import activity
from temporalio.api.common.v1 import Payload
from temporalio.client import Client
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError

from reprise.workflows.messages import account_id_of

Fault = Callable[[], Any]


def raising(kind: Callable[..., BaseException], *given: Any, **named: Any) -> Fault:
    """An activity's failure."""

    def fault() -> NoReturn:
        raise kind(*given, **named)

    return fault


UNDECODABLE = RawValue(Payload(metadata={"encoding": b"of-another-world"}, data=b"\x00\xff"))
NO_JSON = RawValue(Payload(metadata={"encoding": b"json/plain"}, data=b"{"))

FAULTS: dict[str, Fault] = {
    "retryable": raising(ApplicationError, "away", type="stripe_unavailable"),
    "refused": raising(ApplicationError, "Invalid API Key provided", type="stripe_refused", non_retryable=True),
    "of-no-known-type": raising(ApplicationError, "?", type="never_heard_of", non_retryable=True),
    "a-defect": raising(ZeroDivisionError, "a defect"),
    "not-registered": raising(ApplicationError, "Activity function is not registered", type="NotFoundError"),
    "cancelled": raising(asyncio.CancelledError),
    "unreadable-failure": raising(ApplicationError, "?", UNDECODABLE, type="stripe_refused", non_retryable=True),
    "nothing": lambda: None,
    "a-text": lambda: "as you like it",
    "another-type": lambda: {"kind": "paid", "colour": "blue"},
    "about-something-else": lambda: {
        "kind": "paid",
        "payment_key": "somebody:9",
        "invoice": "paid",
        "email": "x@example.com",
    },
    "a-number": lambda: 4711,
    "undecodable": lambda: UNDECODABLE,
    "no-json": lambda: NO_JSON,
}
"""Every way in which an activity can come to no answer, or to one that is none. A try that times out is made again like
one that fails (`retryable`), until the act's own time is over: then the workflow hears of a time-out in both cases."""


class Faults(temporalio.client.Interceptor, temporalio.worker.Interceptor):
    """Lets activities fail as a test says."""

    def __init__(self) -> None:
        self.of: dict[tuple[str, str], Fault] = {}
        self.tries: list[tuple[str, str]] = []

    def intercept_activity(
        self,
        next: temporalio.worker.ActivityInboundInterceptor,  # noqa: A002 - the SDK names it
    ) -> temporalio.worker.ActivityInboundInterceptor:
        return _Failing(next, self)

    def client(self, client: Client) -> Client:
        """Return the same client, whose workers have these faults."""
        config = client.config()
        config["interceptors"] = [self]
        return Client(**config)


class _Failing(temporalio.worker.ActivityInboundInterceptor):
    def __init__(self, next_: temporalio.worker.ActivityInboundInterceptor, faults: Faults) -> None:
        super().__init__(next_)
        self._faults = faults

    async def execute_activity(self, input: temporalio.worker.ExecuteActivityInput) -> Any:  # noqa: A002
        info = activity.info()
        subject = (account_id_of(info.workflow_id or ""), info.activity_type)
        self._faults.tries.append(subject)
        fault = self._faults.of.get(subject)
        if fault is None:
            return await super().execute_activity(input)
        answer = fault()
        return await answer if inspect.isawaitable(answer) else answer
