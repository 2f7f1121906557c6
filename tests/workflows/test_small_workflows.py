"""R12, R18: the workflows beside the account's: a portal session, a revocation, a test of the product's endpoints."""

import json
from datetime import timedelta

import pytest
from pydantic import BaseModel
from temporalio.bridge.proto.workflow_commands import WorkflowCommand

from reprise.activities import names
from reprise.schemas.announcements import EndpointTest, EndpointTests
from reprise.workflows.endpoint_check import EndpointCheck
from reprise.workflows.messages import PortalSessionRun, RevocationRun
from reprise.workflows.portal_session import PortalSession
from reprise.workflows.revocation import Revocation
from tests.workflows.tasks import Run, activity, answered, summaries, timers


def ends(commands: list[WorkflowCommand]) -> bool:
    return any(each.HasField("complete_workflow_execution") for each in commands)


@pytest.mark.parametrize(
    ("given", "kind", "says"),
    [
        (PortalSessionRun(account_id="a1", user_id="ada", seconds=900.5), PortalSession, "the session expires"),
        (RevocationRun(seconds=900.5), Revocation, "what was revoked has expired"),
    ],
    ids=["session", "revocation"],
)
def test_R12_it_lasts_as_long_as_it_says(given: BaseModel, kind: type, says: str) -> None:
    """By one timer, whose summary says what for."""
    run = Run(given, kind=kind)
    commands = run.begin()
    (timer,) = timers(commands)
    assert timer.start_to_fire_timeout.ToTimedelta() == timedelta(seconds=900.5)
    assert summaries(commands) == [says]
    assert not ends(commands)
    assert ends(run.wake())


def test_R12_a_revocation_without_an_end_lasts_for_good() -> None:
    """Until somebody terminates it."""
    run = Run(RevocationRun(), kind=Revocation)
    assert run.begin() == []


def test_R18_endpoints_are_tested_once_each() -> None:
    """By a worker that may reach them; within half a minute, and not again."""
    run = Run(names.EndpointTestInput(endpoint="shop"), kind=EndpointCheck)
    commands = run.begin()
    asked = activity(commands)
    assert (asked.activity_type, asked.task_queue) == ("test_announcement_endpoints", "announcements")
    assert asked.start_to_close_timeout.ToTimedelta() == timedelta(seconds=30)
    assert asked.retry_policy.maximum_attempts == 1
    assert summaries(commands) == ["test the announcement endpoints"]
    answer = {"endpoint": "shop", "url": "https://shop.example.com", "delivered": True, "milliseconds": 3}
    (done,) = run.task(answered(asked, {"endpoints": [answer]}))
    tests = EndpointTests(endpoints=(EndpointTest.model_validate(answer),))
    assert json.loads(done.complete_workflow_execution.result.data) == tests.model_dump(mode="json")
