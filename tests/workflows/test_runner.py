"""R27: what the runner makes of a task before the account sees it, and of what the account says."""

import threading
from datetime import timedelta

import pytest
from temporalio.api.common.v1 import Payload, Payloads
from temporalio.api.failure.v1 import ApplicationFailureInfo, CanceledFailureInfo, Failure
from temporalio.bridge.proto.workflow_commands import WorkflowCommand
from temporalio.common import TypedSearchAttributes
from temporalio.converter import WorkflowSerializationContext

from reprise.statemachine.account import Account
from reprise.statemachine.commands import SetCarts, SetEmail, SetPaymentMethod
from reprise.temporal.answers import BEFORE_ITS_TIME
from reprise.temporal.runner import UNREADABLE_FAILURE
from reprise.workflows import presentation
from reprise.workflows.messages import AccountRun
from reprise.workflows.visibility import search_attributes
from tests.workflows.tasks import (
    Run,
    active,
    activity,
    answers,
    cancelled,
    eviction,
    failed_with,
    query,
    run_of,
    signal,
    update,
)

NO_TIME = timedelta(0)
UNKNOWN_DETAILS = Payloads(payloads=[Payload(metadata={"encoding": b"of-another-world"}, data=b"\x00")])


def begun() -> Run:
    """A run that has done its first task."""
    run = Run(run_of(active()))
    run.begin()
    return run


def late(run: Run) -> None:
    """Let news come at the time of the task before, as Temporal's core hands them over beside a query."""
    run.task(signal("set_carts", {"carts": 4}), after=NO_TIME)


def test_a_query_that_comes_with_news_of_no_time_is_turned_away() -> None:
    """With all that comes after it, by the words that callers know; the run leaves the cache, and is taken up anew."""
    run = begun()
    late(run)
    turned_away = run.attempt(query("account"), after=NO_TIME, events=run.events)
    assert (turned_away.run_id, turned_away.failed.failure.message) == ("this-run", BEFORE_ITS_TIME)
    assert run.attempt(query("record"), query("last_record")).failed.failure.message == BEFORE_ITS_TIME
    assert run.attempt(eviction()).HasField("successful")


def test_R27_what_restore_takes_an_account_up_from_is_answered_all_the_same() -> None:
    """No task of a run that has ended comes any more."""
    run = begun()
    late(run)
    record = run.ask("last_record", AccountRun)
    assert record.account.carts == 4


@pytest.mark.parametrize("events", [2, 5])
def test_a_task_with_a_time_of_its_own_is_done(events: int) -> None:
    """Whatever the history's length, from its first task on."""
    run = Run(run_of(active()))
    run.begin(events=events)
    run.task(signal("set_carts", {"carts": 4}), events=events + 4)
    assert run.attempt(query("account"), after=NO_TIME, events=run.events).HasField("successful")


def test_a_query_alone_is_no_news() -> None:
    """However many come, at whatever time."""
    run = begun()
    for _ in range(2):
        assert run.attempt(query("account"), after=NO_TIME, events=run.events).HasField("successful")


def test_two_tasks_of_one_time_are_done_while_a_history_is_replayed() -> None:
    """What it says has happened."""
    run = begun()
    run.task(signal("set_carts", {"carts": 4}), after=NO_TIME, replaying=True)
    assert run.attempt(query("account"), after=NO_TIME, events=run.events).HasField("successful")


def test_a_run_that_begins_with_a_query_is_done_before_it() -> None:
    """A history of one event, which the query comes with: nothing was seen before."""
    run = Run(run_of(active()))
    run.begin(events=1)
    run.task(signal("set_carts", {"carts": 4}), after=NO_TIME, events=4)
    assert run.attempt(query("account"), after=NO_TIME, events=4).failed.failure.message == BEFORE_ITS_TIME


def test_R27_signals_come_before_updates_and_all_else_as_it_came() -> None:
    """In one order, whatever a reset has made of the history."""
    run = begun()
    commands = run.task(
        update("set_carts", SetCarts(carts=8)), signal("set_carts", {"carts": 4}), signal("set_carts", {"carts": 5})
    )
    assert answers(commands)["u"].account.sequence == active().sequence + 3
    carts = [each.carts for each in run.account().timeline[-3:]]
    assert carts == [4, 5, 8]


def refused(commands: list[WorkflowCommand]) -> Failure:
    """Return the failure of an update that was refused."""
    (response,) = [each.update_response for each in commands if each.HasField("update_response")]
    return response.rejected


def test_R20_a_refusal_shows_people_a_sentence_and_no_traceback() -> None:
    """A defect of ours keeps its own."""
    failure = refused(begun().task(update("cancel", {"when": "soon"})))
    assert failure.message.startswith("when: Input should be")
    assert failure.application_failure_info.type == "invalid_request"
    assert failure.application_failure_info.non_retryable
    assert failure.stack_trace == ""
    defect = refused(begun().task(update("never_heard_of")))
    assert not defect.application_failure_info.non_retryable
    assert "Traceback" in defect.stack_trace or defect.stack_trace


UNREADABLE = Failure(
    message="?", application_failure_info=ApplicationFailureInfo(type="stripe_refused", details=UNKNOWN_DETAILS)
)
READABLE = Failure(message="no such card", application_failure_info=ApplicationFailureInfo(type="stripe_refused"))


@pytest.mark.parametrize(
    ("failure", "told"),
    [(UNREADABLE, f"unreadable: {UNREADABLE_FAILURE}"), (READABLE, "stripe_refused: no such card")],
    ids=["unreadable", "readable"],
)
def test_R8_a_failure_that_cannot_be_read_is_one_without_details(failure: Failure, told: str) -> None:
    """It would fail the task for ever; another is told as it is."""
    run = Run(run_of(active()))
    change = activity(run.begin(update("set_payment_method", SetPaymentMethod(payment_method="pm_new"))))
    refusal = answers(run.task(failed_with(change, failure)))["u"].refusal
    assert refusal is not None
    assert refusal.message == told


def test_R8_a_cancellation_that_cannot_be_read_is_one_without_details() -> None:
    """As well."""
    run = Run(run_of(active()))
    change = activity(run.begin(update("set_email", SetEmail(email="new@example.com"))))
    unreadable = Failure(message="?", canceled_failure_info=CanceledFailureInfo(details=UNKNOWN_DETAILS))
    refusal = answers(run.task(cancelled(change, unreadable)))["u"].refusal
    assert refusal is not None
    assert UNREADABLE_FAILURE in refusal.message


def test_a_worker_is_told_of_a_run_what_it_asks() -> None:
    """Which workflow it is, for its log and for what converts and stores payloads."""
    instance = begun().instance
    assert instance.get_info().workflow_id == "account-a1"
    context = instance.get_serialization_context(None)
    assert isinstance(context, WorkflowSerializationContext)
    assert context.workflow_id == "account-a1"
    stored = instance.get_external_store_context(None)
    assert stored.target is not None
    assert stored.target.id == "account-a1"
    sdk = instance._instance  # type: ignore[attr-defined]
    assert (context, stored) == (sdk.get_serialization_context(None), sdk.get_external_store_context(None))


def test_a_worker_is_told_which_thread_runs_a_task_that_takes_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that it can be interrupted; none when it is done."""
    run, seen = begun(), []

    def slowly(account: Account) -> TypedSearchAttributes:
        seen.append(run.instance.get_thread_id())
        return search_attributes(account)

    monkeypatch.setattr(presentation, "search_attributes", slowly)
    run.task(signal("set_carts", {"carts": 4}))
    assert (seen, run.instance.get_thread_id()) == ([threading.get_ident()], None)
