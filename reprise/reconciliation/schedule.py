"""The Temporal Schedule that begins a reconciliation each night."""

from datetime import timedelta

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleSpec,
    ScheduleUpdate,
    ScheduleUpdateInput,
)
from temporalio.service import RPCError, RPCStatusCode

from reprise.reconciliation.messages import (
    MEMO_ASKED,
    RECONCILIATION,
    SCHEDULE,
    SUMMARY,
    ReconciliationRun,
    workflow_id,
)
from reprise.schemas.reconciliations import ReconciliationBody
from reprise.workflows.messages import TASK_QUEUE


async def ensure_schedule(client: Client, cron: str | None) -> None:
    """Make the schedule what it is to be, however often and by how many workers that is asked for at once.

    A night that falls into a reconciliation which still runs is passed over; so is one that nobody was up for, if a day
    has passed since. What an operator has set in Temporal beside the time (a pause, a note) stays.

    Args:
        client: Temporal's.
        cron: When, in cron's five fields and UTC; None: no schedule, and one that is there is deleted.

    Raises:
        RPCError: The server does not take it: it is no cron, say.
    """
    handle = client.get_schedule_handle(SCHEDULE)
    if cron is None:
        try:
            await handle.delete()
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
        return
    wanted = _schedule(cron)
    try:
        await client.create_schedule(SCHEDULE, wanted)
    except ScheduleAlreadyRunningError:
        await handle.update(lambda there: _changed(there, wanted))


def _schedule(cron: str) -> Schedule:
    return Schedule(
        action=ScheduleActionStartWorkflow(
            RECONCILIATION,
            ReconciliationRun(),
            id=workflow_id("nightly"),
            task_queue=TASK_QUEUE,
            static_summary=SUMMARY,
            memo={MEMO_ASKED: ReconciliationBody().model_dump(mode="json")},
        ),
        spec=ScheduleSpec(cron_expressions=[cron]),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=timedelta(days=1)),
    )


def _changed(there: ScheduleUpdateInput, wanted: Schedule) -> ScheduleUpdate:
    wanted.state = there.description.schedule.state
    return ScheduleUpdate(schedule=wanted)
