"""What every line carries that is written while an activity runs: whose it is, and what has asked for it."""

from typing import Any

import structlog
from temporalio import activity, workflow
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from reprise.activities.names import AnnounceInput, DeliverInput
from reprise.stripe_api.inputs import CollectInput, InvoiceInput, StripeInput


class LogContext(Interceptor):
    """Binds workflow, run, account, payment key and command to all lines of an activity's try.

    It stays bound in the try's own task after the activity has ended: so what the SDK says of its failure carries it.
    """

    def __init__(self) -> None:
        """Let the SDK's loggers say who they speak of in fields, not in a dictionary behind each text."""
        activity.logger.activity_info_on_message = False
        workflow.logger.workflow_info_on_message = False

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002 - the SDK's name
        """Return the activity with its context."""
        return _Bound(next)


class _Bound(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002 - the SDK's name
        info = activity.info()
        fields = {
            "workflow_id": info.workflow_id,
            "run_id": info.workflow_run_id,
            "activity": info.activity_type,
            "attempt": info.attempt,
            **(_asked(input.args[0]) if input.args else {}),
        }
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(**{name: value for name, value in fields.items() if value is not None})
        return await super().execute_activity(input)


def _asked(argument: Any) -> dict[str, Any]:
    """Return what an activity's input says of whose it is."""
    if not isinstance(argument, StripeInput | AnnounceInput | DeliverInput):
        return {}
    command_id = argument.command_id if isinstance(argument, StripeInput) else None
    return {"account": argument.account_id, "command_id": command_id, "payment_key": _payment_key(argument)}


def _payment_key(argument: StripeInput | AnnounceInput | DeliverInput) -> str | None:
    match argument:
        case CollectInput():
            return argument.payment.key
        case InvoiceInput():
            return argument.payment_key
        case _:
            return None
