"""R18: what an outbox makes of each answer, at its very instant: positions, waits, tries."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from temporalio import workflow
from temporalio.api.enums.v1 import EventType
from temporalio.exceptions import ApplicationError

from reprise.activities.names import DELIVER_ANNOUNCEMENTS
from reprise.statemachine.terms import whole_seconds
from reprise.workflows.delivery import Delivery
from reprise.workflows.messages import EndpointPosition
from tests.workflows.faults import FAULTS, raising
from tests.workflows.inside import Script, Stage, logged
from tests.workflows.outboxes import AWAY, BROKEN, MINUTE, SINCE, TOLD, UNKNOWN, at, delivered, end, outbox

# ---------------------------------------------------------------------- what is asked, and how


async def test_R18_how_an_endpoint_is_tried_and_how_one_that_does_not_answer(on: Stage) -> None:
    """Quickly four times, or with patience for good; twenty entries at once, on a queue of their own."""

    async def tell() -> None:
        box = outbox(at(2), at(29, "crm", failing_since=SINCE), entries=TOLD)
        box.start()
        await end(box)

    ran = await on.run(tell, deliver_announcements=lambda: delivered(2, "shop", "crm"))
    quick, patient = ran.scheduled[:2]
    for each in (quick, patient):
        assert each.activity_type.name == DELIVER_ANNOUNCEMENTS
        assert each.task_queue.name == "announcements"
        assert each.start_to_close_timeout.ToTimedelta() == timedelta(seconds=60)
    policy = quick.retry_policy
    assert (policy.initial_interval.seconds, policy.backoff_coefficient, policy.maximum_attempts) == (1, 2, 4)
    policy = patient.retry_policy
    assert (policy.initial_interval.seconds, policy.backoff_coefficient, policy.maximum_attempts) == (60, 2, 0)
    assert policy.maximum_interval.ToTimedelta() == timedelta(hours=6)
    asked = [json.loads(each.input.payloads[0].data) for each in (quick, patient)]
    assert [(each["account_id"], each["endpoint"], each["patient"]) for each in asked] == [
        ("a1", "shop", False),
        ("a1", "crm", True),
    ]
    assert [[entry["sequence"] for entry in each["entries"]] for each in asked] == [list(range(2, 22)), [29, 30]]


# ---------------------------------------------------------------------- what an answer makes of a position

FAILING = at(1, not_before=SINCE, failing_since=SINCE, last_error="away", unknown_since=SINCE)
Expected = Callable[[datetime], EndpointPosition | None]

OUTCOMES: dict[str, tuple[EndpointPosition, Any, Expected]] = {
    "taken": (FAILING, delivered(2), lambda _: at(3)),
    "all taken": (at(2), delivered(2), lambda _: at(4)),
    "none taken": (FAILING, delivered(0), lambda _: at(1)),
    "unknown": (
        at(1, failing_since=SINCE, last_error="away"),
        UNKNOWN,
        lambda now: at(
            1, failing_since=SINCE, last_error="away", unknown_since=now, not_before=now + timedelta(minutes=20)
        ),
    ),
    "away": (
        at(1),
        AWAY,
        lambda now: at(1, failing_since=now, last_error="product_unavailable: away"),
    ),
    "still away": (
        at(1, failing_since=SINCE, last_error="?"),
        AWAY,
        lambda now: at(1, failing_since=SINCE, last_error="product_unavailable: away", not_before=now + MINUTE),
    ),
    "broken": (
        at(1),
        BROKEN,
        lambda now: at(1, failing_since=now, last_error="of_another_kind: broken", not_before=now + MINUTE),
    ),
    "unreadable": (
        at(1),
        FAULTS["nothing"],
        lambda now: at(
            1, failing_since=now, last_error="The activity's answer could not be read.", not_before=now + MINUTE
        ),
    ),
    "more taken than told": (
        at(3),
        delivered(2),
        lambda now: at(3, failing_since=now, last_error="The activity told 2 of 1 changes.", not_before=now + MINUTE),
    ),
    "a long story": (
        at(1),
        raising(ApplicationError, "x" * 400, type="t", non_retryable=True),
        lambda now: at(1, failing_since=now, last_error=f"t: {'x' * 297}", not_before=now + MINUTE),
    ),
}


@pytest.mark.parametrize("outcome", OUTCOMES.values(), ids=OUTCOMES.keys())
async def test_R18_what_a_try_makes_of_a_position(on: Stage, outcome: tuple[EndpointPosition, Any, Expected]) -> None:
    """How far the endpoint has come, since when it takes nothing and why, and before when it is not tried."""
    before, answer, expected = outcome

    async def tell() -> None:
        box = outbox(before)
        box.start()
        await end(box)
        after, now = box.positions(), whole_seconds(workflow.now())
        assert after[0] == expected(now)
        assert box.undelivered_to == (("shop",) if after[0].failing_since or after[0].unknown_since else ())
        assert box.untold() == TOLD[after[0].next_sequence - 1 : 3]
        assert not box.has_finished
        assert len(after) == 1 + (answer is UNKNOWN), "a worker has told of another"

    await on.run(tell, deliver_announcements=Script(answer))


@pytest.mark.parametrize(("ago", "is_gone"), [(3600, True), (3599, False)])
async def test_R18_an_endpoint_unknown_for_an_hour_is_gone(
    on: Stage, ago: int, is_gone: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """With what waited for it, which the log tells; what others wait for stays."""

    async def tell() -> None:
        since = whole_seconds(workflow.now()) - timedelta(seconds=ago)
        box = outbox(at(2, unknown_since=since), at(3, "crm", not_before=workflow.now() + MINUTE))
        box.start()
        await end(box)
        assert [each.endpoint for each in box.positions()] == ["crm"] if is_gone else ["shop", "crm"]
        assert box.untold() == TOLD[2 if is_gone else 1 : 3]
        assert box.undelivered_to == (() if is_gone else ("shop",))

    await on.run(tell, deliver_announcements=Script(UNKNOWN))
    told = [(each.endpoint, each.account, each.dropped) for each in logged(caplog, "is gone")]
    assert told == ([("shop", "a1", 2)] if is_gone else [])


async def test_R18_a_failure_is_logged_with_whom_it_is_about(on: Stage, caplog: pytest.LogCaptureFixture) -> None:
    async def tell() -> None:
        box = outbox(at(1))
        box.start()
        await end(box)

    await on.run(tell, deliver_announcements=Script(BROKEN))
    (failure,) = logged(caplog, "was not told")
    assert (failure.endpoint, failure.account, failure.why) == ("shop", "a1", "of_another_kind: broken")


async def test_R18_waits_double_until_a_try_succeeds(on: Stage) -> None:
    """A minute, two; after a success a minute again. What waits is told no earlier, and then at once."""

    async def tell() -> None:
        box, waits = outbox(at(1)), []
        for _ in range(4):
            box.start()
            assert not box.has_finished
            await end(box)
            failed_at, due = whole_seconds(workflow.now()), box.positions()[0].not_before
            waits.append((due - failed_at).total_seconds() / 60 if due else 0)
            if due:
                box.start()
                assert box.positions()[0].not_before == due, "it waits, and no try is under way"
                await end(box)
                assert workflow.now() >= due
                assert workflow.now() < due + MINUTE
        assert waits == [1, 2, 0, 1]

    await on.run(tell, deliver_announcements=Script(BROKEN, BROKEN, delivered(1), BROKEN))


async def test_R18_no_entries_no_try_and_one_try_at_a_time(on: Stage) -> None:
    """An instant that has come, or is long past, is not waited for; while a try is under way, none is begun."""

    async def tell() -> None:
        now = workflow.now()
        idle, due = at(4, "idle"), EndpointPosition.model_construct(**dict(at(1)) | {"not_before": now})
        ours = (idle, due, at(1, "late", not_before=now - timedelta(days=3)), at(1, "early", not_before=now + MINUTE))
        box = outbox(*ours)
        assert box.positions() == ours
        assert box.not_before is None
        box.start()
        box.start()
        box.start()
        over = whole_seconds(now + timedelta(seconds=61))
        assert [each.not_before for each in box.positions()] == [None, over, over, whole_seconds(now + MINUTE)]
        await end(box)

    ran = await on.run(tell, deliver_announcements=lambda: delivered(3))
    assert len(ran.scheduled) == 2
    assert ran.count(EventType.EVENT_TYPE_TIMER_STARTED) == 1


def test_R18_what_an_endpoint_has_not_taken() -> None:
    """From where it stands on; and why."""
    position = at(2, failing_since=SINCE, last_error="away", unknown_since=SINCE + MINUTE)
    told = Delivery("a1", position).backlog(TOLD[:4])
    assert told.model_dump() == {
        "endpoint": "shop",
        "pending": 3,
        "next_sequence": 2,
        "oldest_at": TOLD[1].at,
        "failing_since": SINCE,
        "last_error": "away",
        "unknown_since": SINCE + MINUTE,
    }
    assert TOLD[1].at < TOLD[2].at < TOLD[3].at
    nothing = Delivery("a1", at(5)).backlog(TOLD[:4])
    assert (nothing.pending, nothing.next_sequence, nothing.oldest_at) == (0, 5, None)
