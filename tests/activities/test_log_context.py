"""Every line that is written while an activity runs says whose it is, and what has asked for it."""

from typing import Any

import pytest
import structlog
from temporalio import activity, workflow
from temporalio.testing import ActivityEnvironment
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput

from reprise.activities.log_context import LogContext
from reprise.activities.names import AnnounceInput, DeliverInput
from reprise.stripe_api.inputs import CollectInput, InvoiceInput, RefundInput
from tests.activities.payer import Payer

INFO = ActivityEnvironment().info
OF_THE_TRY = {
    "workflow_id": INFO.workflow_id,
    "run_id": INFO.workflow_run_id,
    "activity": INFO.activity_type,
    "attempt": INFO.attempt,
}
WHOSE: dict[str, Any] = {"account_id": "acct-1", "customer_id": "cus_1", "command_id": "cmd-1"}
ASKED = {"command_id": "cmd-1", "payment_key": "acct-1:1"}


class Bound(ActivityInboundInterceptor):
    """An activity that returns what is bound to its lines."""

    def __init__(self) -> None:
        """There is none behind it."""

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002, ARG002 - the SDK's name
        return structlog.contextvars.get_contextvars()


async def bound(*args: Any) -> Any:
    async def act() -> None:
        pass

    with structlog.contextvars.bound_contextvars(account="of-another-activity"):
        asked = ExecuteActivityInput(fn=act, args=args, executor=None, headers={})
        return await ActivityEnvironment().run(LogContext().intercept_activity(Bound()).execute_activity, asked)


def collect() -> CollectInput:
    payer = Payer(None, account_id="acct-1")  # type: ignore[arg-type] # it asks for nothing
    return payer.asked().model_copy(update={"command_id": "cmd-1"})


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        (collect(), ASKED),
        (InvoiceInput(**WHOSE, payment_key="acct-1:1", invoice_id=None), ASKED),
        (InvoiceInput(**WHOSE, payment_key=None, invoice_id=None), {"command_id": "cmd-1"}),
        (RefundInput(**{**WHOSE, "command_id": None}, object_id="re_1"), {}),
        (AnnounceInput(account_id="acct-1", entries=()), {}),
        (DeliverInput(account_id="acct-1", endpoint="default", entries=()), {}),
    ],
    ids=lambda each: type(each).__name__,
)  # fmt: skip
async def test_lines_of_an_activity_say_whose_it_is(argument: Any, said: dict[str, str]) -> None:
    """Account, payment and command, as far as there are such; nothing stays of the try before."""
    assert await bound(argument, "more") == {**OF_THE_TRY, "account": "acct-1", **said}


@pytest.mark.parametrize("args", [(), ("acct-1",)])
async def test_lines_of_any_other_activity_say_which_it_is(args: tuple[str, ...]) -> None:
    """One without an argument, or with another."""
    assert await bound(*args) == OF_THE_TRY


def test_the_sdk_says_who_it_speaks_of_in_fields(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not in a dictionary behind each text."""
    monkeypatch.setattr(activity.logger, "activity_info_on_message", True)
    monkeypatch.setattr(workflow.logger, "workflow_info_on_message", True)
    LogContext()
    assert not activity.logger.activity_info_on_message
    assert not workflow.logger.workflow_info_on_message
