"""What Reprise is measured against: a workflow of a few lines."""

from datetime import timedelta

from pydantic import BaseModel
from temporalio import activity, workflow

QUEUE = "bare"


class Number(BaseModel):
    """What is sent and answered."""

    value: int


@activity.defn
async def answer(number: Number) -> Number:
    """Answer at once."""
    return number


@workflow.defn(name="Bare")
class BareWorkflow:
    """One number that can be set, and as many activities at the start."""

    def __init__(self) -> None:
        """Start without a number."""
        self._number: Number | None = None

    @workflow.run
    async def run(self, number: Number) -> None:
        """Ask the activity as often as the number says, then wait for ever."""
        answered = number
        for _ in range(number.value):
            answered = await workflow.execute_activity(answer, number, start_to_close_timeout=timedelta(minutes=1))
        self._number = answered
        await workflow.wait_condition(lambda: False)

    @workflow.update
    async def started(self) -> Number:
        """Wait for the activity's answer."""
        await workflow.wait_condition(lambda: self._number is not None)
        assert self._number is not None
        return self._number

    @workflow.update
    async def set(self, number: Number) -> Number:
        """Set the number."""
        self._number = number
        return number
