"""How workflow code is run: in Temporal's sandbox, and never at another time than the one its history says.

A query that waited for a worker can reach it together with events that no workflow task has taken up yet: a timer that
fired, an answer of an activity. Temporal's core then hands these to the workflow with the query, at the time of the
last task, which is past (measured with temporalio 1.35; sdk-java 1375 and sdk-go 755 tell of kin). An account would
find that its term has not ended, sleep through another one, and not fit its own history any more. So such a query is
turned away: the run leaves the cache, and the real task takes it up from its history. Of a run that has ended there is
no real task to come: the query `last_record` is answered from all that had come to it.

And always in the same order: of one task, signals before updates. An update that a reset has put into the history again
comes by its place there when it is new, and after the task's signals when it is replayed (temporalio 1.35); the account
would not fit its own history.

And never so that an activity's failure could stop it: one whose details do not decode, or are of a kind that this SDK
does not know, would fail the workflow task for ever. It comes as a failure without details.
"""

from typing import Any

from temporalio import workflow
from temporalio.api.failure.v1 import ApplicationFailureInfo, Failure
from temporalio.bridge.proto.activity_result import ActivityResolution
from temporalio.bridge.proto.workflow_activation import WorkflowActivation, WorkflowActivationJob
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
from temporalio.converter import (
    FailureConverter,
    PayloadConverter,
    SerializationContext,
    StorageDriverStoreContext,
    StorageDriverWorkflowInfo,
    WorkflowSerializationContext,
)
from temporalio.worker import WorkflowInstance, WorkflowInstanceDetails
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from reprise.temporal.answers import BEFORE_ITS_TIME, LAST_RECORD
from reprise.temporal.first_task import apart_from_first_task

UNREADABLE_FAILURE = "An activity failed in a way that cannot be read."

# The sandbox stays on: it guards against non-determinism. Modules are passed through: python-statemachine does not
# import inside it, and a new copy of our own for each account costs half as much again.
RESTRICTIONS = SandboxRestrictions.default.with_passthrough_all_modules()


def _is_update(job: WorkflowActivationJob) -> bool:
    return job.HasField("do_update")


def _asks_for_last_record(act: WorkflowActivation) -> bool:
    return all(job.query_workflow.query_type == LAST_RECORD or job.HasField("remove_from_cache") for job in act.jobs)


def _say_no_more_than_the_sentence(refusal: Failure) -> None:
    """Take the traceback off an update's refusal, which is meant: the Temporal UI shows people all that is there."""
    if refusal.application_failure_info.non_retryable:
        refusal.ClearField("stack_trace")


class TimelyWorkflowRunner(SandboxedWorkflowRunner):
    """Runs workflows in the sandbox, and turns tasks away that would make them live in the past."""

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        """Return a workflow instance that checks the time of each task."""
        reader = det.payload_converter_factory(), det.failure_converter_class()
        return _TimelyInstance(super().create_instance(apart_from_first_task(det)), *reader)


_UNREADABLE = Failure(message=UNREADABLE_FAILURE, application_failure_info=ApplicationFailureInfo(type="unreadable"))


class _TimelyInstance(WorkflowInstance):
    """A workflow instance with a check before it; everything else it does as it is."""

    def __init__(self, instance: WorkflowInstance, payloads: PayloadConverter, failures: FailureConverter) -> None:
        self._instance = instance
        self._payloads, self._failures = payloads, failures
        self._seen, self._time = 0, 0
        self._lives_in_the_past = False

    def activate(self, act: WorkflowActivation) -> WorkflowActivationCompletion:
        """Perform a task, unless one before it has brought new history without new time."""
        if self._lives_in_the_past and not _asks_for_last_record(act):
            completion = WorkflowActivationCompletion(run_id=act.run_id)
            completion.failed.failure.message = BEFORE_ITS_TIME
            return completion
        seen, time = act.history_length, act.timestamp.ToNanoseconds()
        # Never while replaying: what a history says has happened, and two tasks may bear the same time in it.
        if seen > self._seen and time == self._time and not act.is_replaying:
            self._lives_in_the_past = True  # what it asks for is heard by nobody; the query comes next
        self._seen, self._time = seen, time
        for job in act.jobs:
            self._make_readable(job.resolve_activity.result)
        in_order = sorted(act.jobs, key=_is_update)  # stable: all else stays as it came
        del act.jobs[:]
        act.jobs.extend(in_order)
        completion = self._instance.activate(act)
        for command in completion.successful.commands:
            _say_no_more_than_the_sentence(command.update_response.rejected)
        return completion

    def _make_readable(self, result: ActivityResolution) -> None:
        for failure in (result.failed.failure, result.cancelled.failure):
            if failure.ByteSize():
                try:
                    self._failures.from_failure(failure, self._payloads)
                except Exception:
                    failure.CopyFrom(_UNREADABLE)

    def get_info(self) -> workflow.Info:
        """Return what the workflow knows of itself."""
        return self._instance.get_info()

    def get_thread_id(self) -> int | None:
        """Return the thread that runs it now."""
        return self._instance.get_thread_id()

    def get_serialization_context(self, command_info: Any) -> SerializationContext | None:
        """Return the context that payloads are converted in: a command's, or of those without one, the workflow's.

        The workflow's is known out here. The SDK asks for each payload, several times for a task (1.35), and entering
        the sandbox for all of these takes as long as the task itself.
        """
        if command_info is not None:
            return self._instance.get_serialization_context(command_info)
        info = self.get_info()
        return WorkflowSerializationContext(namespace=info.namespace, workflow_id=info.workflow_id)

    def get_external_store_context(self, command_info: Any) -> StorageDriverStoreContext:
        """Return the context that large payloads are stored in: a command's, or the workflow's, known out here too."""
        if command_info is not None:
            return self._instance.get_external_store_context(command_info)
        info = self.get_info()
        mine = StorageDriverWorkflowInfo(
            id=info.workflow_id, run_id=info.run_id, type=info.workflow_type, namespace=info.namespace
        )
        return StorageDriverStoreContext(target=mine)
