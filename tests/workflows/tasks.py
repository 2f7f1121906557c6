"""A run of a workflow, task by task, without a server: what Temporal's core hands over, and what the code makes of it.

For what a server does not let happen at will: two things in one task, an answer at an exact instant, a history of so
many events, a replay of a run that 0.1.0 began. The real runner runs the real workflow; the test says what comes to it.
"""

import asyncio
import json
from datetime import datetime, timedelta
from typing import Any, Final

from pydantic import BaseModel
from temporalio import workflow
from temporalio.api.common.v1 import Payload
from temporalio.api.failure.v1 import ActivityFailureInfo, ApplicationFailureInfo, Failure
from temporalio.bridge.proto.activity_result import ActivityResolution, Cancellation, Success
from temporalio.bridge.proto.activity_result import Failure as ActivityFailed
from temporalio.bridge.proto.workflow_activation import (
    CancelWorkflow,
    DoUpdate,
    FireTimer,
    InitializeWorkflow,
    NotifyHasPatch,
    QueryWorkflow,
    RemoveFromCache,
    ResolveActivity,
    SignalWorkflow,
    WorkflowActivation,
    WorkflowActivationJob,
)
from temporalio.bridge.proto.workflow_commands import ScheduleActivity, StartTimer, WorkflowCommand
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
from temporalio.common import Priority, TypedSearchAttributes
from temporalio.worker import WorkflowInstance, WorkflowInstanceDetails

from reprise.statemachine import editions
from reprise.statemachine.account import Account
from reprise.statemachine.commands import SetCarts
from reprise.temporal.converter import data_converter
from reprise.temporal.runner import RESTRICTIONS, TimelyWorkflowRunner
from reprise.worker import AS_SINGLE_BATCH
from reprise.workflows.account import AccountWorkflow
from reprise.workflows.messages import AccountRun, Answer
from tests.statemachine.book import Book, utc

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
NOW = utc("2027-01-31T10:00")
FIRST_RUN = "first-run"
A_MOMENT = timedelta(milliseconds=1)
AWAY = "away"
CONTINUE_AS_NEW: Final = "continue_as_new_workflow_execution"

Job = WorkflowActivationJob


def _payloads(given: tuple[Any, ...]) -> list[Payload]:
    return [each if isinstance(each, Payload) else _payload(each) for each in given]


def _payload(value: Any) -> Payload:
    (payload,) = data_converter.payload_converter.to_payloads([value])
    return payload


def first_of(given: BaseModel) -> Job:
    """Return what a run begins with."""
    return Job(
        initialize_workflow=InitializeWorkflow(
            workflow_type="", workflow_id="account-a1", arguments=[_payload(given)], randomness_seed=1
        )
    )


def signal(name: str, *given: Any) -> Job:
    """Return a signal that has come."""
    return Job(signal_workflow=SignalWorkflow(signal_name=name, input=_payloads(given), originating_event_id=1))


def update(name: str, *given: Any, update_id: str = "u") -> Job:
    """Return an update that has come; its answer bears its id."""
    return Job(
        do_update=DoUpdate(
            id=update_id, protocol_instance_id=update_id, name=name, input=_payloads(given), run_validator=True
        )
    )


def query(name: str, *given: Any) -> Job:
    """Return a query."""
    return Job(query_workflow=QueryWorkflow(query_id="q", query_type=name, arguments=_payloads(given)))


def answered(asked: ScheduleActivity, answer: Any) -> Job:
    """Return that an activity has answered."""
    return _resolved(asked, ActivityResolution(completed=Success(result=_payload(answer))))


def failed(asked: ScheduleActivity, why: str | None = AWAY, kind: str = "stripe_unavailable") -> Job:
    """Return that an activity has failed for good; without a reason, that Temporal has none."""
    failure = Failure(message="Activity task failed", activity_failure_info=ActivityFailureInfo(activity_id="1"))
    if why is not None:
        cause = Failure(message=why, application_failure_info=ApplicationFailureInfo(type=kind))
        failure.cause.CopyFrom(cause)
    return failed_with(asked, failure)


def failed_with(asked: ScheduleActivity, failure: Failure) -> Job:
    """Return that an activity has failed, with a failure of the test's own making."""
    return _resolved(asked, ActivityResolution(failed=ActivityFailed(failure=failure)))


def cancelled(asked: ScheduleActivity, failure: Failure) -> Job:
    """Return that an activity was cancelled."""
    return _resolved(asked, ActivityResolution(cancelled=Cancellation(failure=failure)))


def _resolved(asked: ScheduleActivity, result: ActivityResolution) -> Job:
    return Job(resolve_activity=ResolveActivity(seq=asked.seq, result=result))


def cancellation() -> Job:
    """Return that somebody has requested to cancel the workflow."""
    return Job(cancel_workflow=CancelWorkflow(reason="a click"))


def eviction() -> Job:
    """Return that the worker lets go of the run."""
    return Job(remove_from_cache=RemoveFromCache(message="make room"))


def patch(name: str) -> Job:
    """Return that the history has a patch's marker."""
    return Job(notify_has_patch=NotifyHasPatch(patch_id=name))


class Run:
    """One run, whose tasks the test makes. Each of its methods returns what the run has asked Temporal for in it."""

    def __init__(
        self,
        given: BaseModel,
        *,
        kind: type = AccountWorkflow,
        at: datetime = NOW,
        shown: TypedSearchAttributes = TypedSearchAttributes.empty,
        first: Job | None = None,
    ) -> None:
        """Prepare the run; its first task comes with `begin`. `first`: what it begins with, where that says more."""
        first = first or first_of(given)
        began = first.initialize_workflow
        self._first: Job | None = first
        self._began_in_0_1_0 = isinstance(given, AccountRun) and given.edition == editions.FIRST
        self.now = at
        self.events = 0
        self.timers: dict[int, datetime] = {}
        """When each timer fires that runs, by its number."""
        definition = workflow._Definition.must_from_class(kind)
        self.instance = _made(
            WorkflowInstanceDetails(
                payload_converter_factory=data_converter._new_payload_converter,
                failure_converter_class=data_converter.failure_converter_class,
                interceptor_classes=[],
                defn=definition,
                info=_info(definition.name or "", at, shown, began),
                randomness_seed=1,
                extern_functions={},
                disable_eager_activity_execution=True,
                worker_level_failure_exception_types=[],
                patch_activation_callback=None,
                last_completion_result=began.last_completion_result,
                last_failure=began.continued_failure if began.HasField("continued_failure") else None,
                default_workflow_logic_flags=frozenset({AS_SINGLE_BATCH}),
            )
        )

    def begin(self, *jobs: Job, **how: Any) -> list[WorkflowCommand]:
        """Perform the first task."""
        first, self._first = self._first, None
        assert first is not None, "a run begins once"
        return self.task(first, *jobs, **how)

    def task(self, *jobs: Job, **how: Any) -> list[WorkflowCommand]:
        """Perform a task."""
        completion = self.attempt(*jobs, **how)
        assert completion.HasField("successful"), completion.failed.failure.message
        commands = list(completion.successful.commands)
        for each in commands:
            if each.HasField("start_timer"):
                self.timers[each.start_timer.seq] = self.now + each.start_timer.start_to_fire_timeout.ToTimedelta()
            elif each.HasField("cancel_timer"):
                self.timers.pop(each.cancel_timer.seq, None)
        return commands

    def wake(self, *jobs: Job, **how: Any) -> list[WorkflowCommand]:
        """Let time pass until the next timer fires."""
        due, number = min((due, number) for number, due in self.timers.items())
        del self.timers[number]
        return self.task(Job(fire_timer=FireTimer(seq=number)), *jobs, after=due - self.now, **how)

    def attempt(
        self,
        *jobs: Job,
        after: timedelta = A_MOMENT,
        events: int | None = None,
        size: int = 1000,
        replaying: bool = False,
        suggested: bool = False,
    ) -> WorkflowActivationCompletion:
        """Perform a task that may fail, some time after the one before; the history grows by five events."""
        self.now += after
        self.events = self.events + 5 if events is None else events
        act = WorkflowActivation(
            run_id="this-run",
            is_replaying=replaying,
            history_length=self.events,
            history_size_bytes=size,
            continue_as_new_suggested=suggested,
            available_internal_flags=[] if self._began_in_0_1_0 else [AS_SINGLE_BATCH.value],
            jobs=jobs,
        )
        act.timestamp.FromDatetime(self.now)
        return self.instance.activate(act)

    def ask(self, name: str, result: type, *given: Any) -> Any:
        """Ask a query, and return its answer."""
        (command,) = self.task(query(name, *given), after=timedelta(0), events=self.events)
        told = command.respond_to_query
        assert told.HasField("succeeded"), told.failed.message
        return data_converter.payload_converter.from_payloads([told.succeeded.response], [result])[0]

    def record(self) -> AccountRun:
        """Return all that an account's run is."""
        record: AccountRun = self.ask("record", AccountRun)
        return record

    def account(self) -> Account:
        """Return the account as it stands."""
        account = self.record().account
        assert account is not None
        return account


def _made(details: WorkflowInstanceDetails) -> WorkflowInstance:
    """Make an instance, which wants to be made within a loop; its tasks then run in one of its own."""

    async def made() -> WorkflowInstance:
        return TimelyWorkflowRunner(RESTRICTIONS).create_instance(details)

    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(made())
    finally:
        loop.close()


def _info(kind: str, at: datetime, shown: TypedSearchAttributes, began: InitializeWorkflow) -> workflow.Info:
    own = TypedSearchAttributes([*shown])  # the SDK changes it in place
    return workflow.Info(
        attempt=1, continued_run_id=None, cron_schedule=None, execution_timeout=None,
        first_execution_run_id=FIRST_RUN, headers=dict(began.headers), namespace="default",
        original_execution_run_id="this-run", parent=None, root=None, raw_memo=dict(began.memo.fields),
        retry_policy=None, run_id="this-run", run_timeout=None, search_attributes={}, start_time=at,
        workflow_start_time=at, task_queue="accounts", task_timeout=timedelta(seconds=10),
        typed_search_attributes=own, workflow_id="account-a1", workflow_type=kind, priority=Priority.default,
    )  # fmt: skip


def carts(number: int, command_id: str | None = None) -> Job:
    """Return a change of carts that has come as a signal."""
    return signal("set_carts", SetCarts(carts=number, command_id=command_id))


def active(edition: int = editions.NEWEST) -> Account:
    """An account in service since an hour ago."""
    return Book.open("2027-01-31T09:00", edition=edition).account


def unpaid(edition: int = editions.NEWEST) -> Account:
    """An account whose renewal has failed an hour ago."""
    book = Book.open("2026-12-31T09:00", edition=edition)
    book.card = "insufficient_funds"
    return book.at("2027-01-31T09:30").account


def run_of(account: Account, **given: Any) -> AccountRun:
    """Return the input of a run that takes an account up, by the edition of its rules."""
    return AccountRun(edition=account.edition, account=account, **given)


def activities(commands: list[WorkflowCommand]) -> list[ScheduleActivity]:
    """Return the activities that a task has asked for."""
    return [each.schedule_activity for each in commands if each.HasField("schedule_activity")]


def activity(commands: list[WorkflowCommand]) -> ScheduleActivity:
    """Return the only activity that a task has asked for."""
    (asked,) = activities(commands)
    return asked


def timers(commands: list[WorkflowCommand]) -> list[StartTimer]:
    """Return the timers that a task has asked for."""
    return [each.start_timer for each in commands if each.HasField("start_timer")]


def answers(commands: list[WorkflowCommand]) -> dict[str, Answer]:
    """Return the answers to updates that a task has given, by the updates' ids."""
    told = [each.update_response for each in commands if each.HasField("update_response")]
    return {
        each.protocol_instance_id: Answer.model_validate_json(each.completed.data)
        for each in told
        if each.HasField("completed")
    }


def refusals(commands: list[WorkflowCommand]) -> dict[str, str]:
    """Return which updates a task has refused before anything was written, by their ids: the code of the refusal."""
    told = [each.update_response for each in commands if each.HasField("update_response")]
    return {
        each.protocol_instance_id: each.rejected.application_failure_info.type
        for each in told
        if each.HasField("rejected")
    }


def next_run(commands: list[WorkflowCommand]) -> AccountRun | None:
    """Return the input of the run that a task has asked to go on in; None if it has asked for none."""
    asked = [each.continue_as_new_workflow_execution for each in commands if each.HasField(CONTINUE_AS_NEW)]
    return AccountRun.model_validate_json(asked[0].arguments[0].data) if asked else None


def summaries(commands: list[WorkflowCommand]) -> list[str]:
    """Return the summaries of all that a task has asked for."""
    return [json.loads(each.user_metadata.summary.data) for each in commands if each.user_metadata.HasField("summary")]


def markers(commands: list[WorkflowCommand]) -> list[str]:
    """Return the patches whose markers a task has put into the history."""
    return [each.set_patch_marker.patch_id for each in commands if each.HasField("set_patch_marker")]
