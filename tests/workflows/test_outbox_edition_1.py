"""R28: what a run of the first edition tells its one endpoint, as 0.1.0 did: waits, tries, and what is handed on."""

import json
from datetime import datetime, timedelta
from threading import Event
from typing import Any

import pytest
from temporalio import workflow
from temporalio.api.enums.v1 import EventType
from temporalio.exceptions import ApplicationError

from reprise.activities.names import ANNOUNCE
from reprise.statemachine.timeline import TimelineEntry
from reprise.workflows.messages import ResendAnnouncements
from reprise.workflows.outbox_edition_1 import FirstOutbox
from tests.waiting import until
from tests.workflows.faults import FAULTS
from tests.workflows.inside import Held, Script, Stage, logged
from tests.workflows.outboxes import BROKEN, MINUTE, TOLD, end


def first(entries: tuple[TimelineEntry, ...] = TOLD[:3], not_before: datetime | None = None) -> FirstOutbox:
    return FirstOutbox("a1", entries, not_before)


async def test_R18_how_the_first_edition_tells(on: Stage) -> None:
    """Twenty changes at once, in the account's own queue; of what was told, nothing comes again; none means all."""

    async def tell() -> None:
        box = first(TOLD)
        assert box.may_be_left
        for left in (TOLD[3:], TOLD[23:]):
            box.start()
            box.start()
            assert not box.may_be_left
            await end(box)
            assert (box.untold(), box.not_before, box.may_be_left) == (left, None, True)
        box.add(TOLD[0])
        assert len(box) == 8
        box.start()
        await end(box)
        box.start()
        assert (len(box), box.may_be_left, box.has_finished) == (0, True, False)

    ran = await on.run(tell, announce=Script(3, 20, 0))
    asked = [json.loads(each.input.payloads[0].data) for each in ran.scheduled]
    assert [(each["account_id"], len(each["entries"])) for each in asked] == [("a1", 20), ("a1", 20), ("a1", 8)]
    for each in ran.scheduled:
        assert (each.activity_type.name, each.task_queue.name) == (ANNOUNCE, "inside")
        assert each.start_to_close_timeout.ToTimedelta() == timedelta(seconds=60)
        assert each.retry_policy.initial_interval.seconds == 2
        assert each.retry_policy.backoff_coefficient == 2
        assert each.retry_policy.maximum_interval.ToTimedelta() == timedelta(hours=1)


@pytest.mark.parametrize("answer", [BROKEN, FAULTS["nothing"], lambda: 4, lambda: -1, lambda: True])
async def test_R18_R28_whatever_telling_comes_to_is_outlived(
    on: Stage, caplog: pytest.LogCaptureFixture, answer: Any
) -> None:
    """Waits double until a try succeeds; nothing is lost; the log says why."""

    async def tell() -> None:
        box, waits = first(), []
        for _ in range(4):
            box.start()
            await end(box)
            due = box.not_before
            waits.append((due - workflow.now()) if due else timedelta(0))
            if due is None:
                assert box.untold() == TOLD[1:3]
                continue
            box.start()
            assert box.may_be_left, "it waits, and no try is under way"
            box.start()
            await end(box)
            assert workflow.now() >= due
            assert workflow.now() < due + MINUTE
        assert waits == [MINUTE, 2 * MINUTE, timedelta(0), MINUTE]
        assert box.untold() == TOLD[1:3]

    ran = await on.run(tell, announce=Script(answer, answer, 1, answer))
    assert len(logged(caplog, "the product was not told")) == 3
    assert ran.count(EventType.EVENT_TYPE_TIMER_STARTED) == 3
    patches = [each for each in ran.events if each.event_type == EventType.EVENT_TYPE_MARKER_RECORDED]
    assert len(patches) == (answer is BROKEN), "0.1.0 ended by a failure: what goes on stands behind a patch"
    assert all(b"outlive-announcing" in each.SerializeToString() for each in patches)


async def test_R18_a_new_run_tells_nothing_before_the_try_under_way_must_be_over(on: Stage) -> None:
    """It is called off, which nobody may hear: 61 seconds. A wait is called off as well."""
    tried = Event()

    def away() -> Any:
        tried.set()
        raise ApplicationError("away", type="product_unavailable", next_retry_delay=timedelta(hours=6))

    async def tell() -> None:
        box = first()
        box.stop()
        box.start()
        await workflow.wait_condition(tried.is_set)
        box.stop()
        await end(box)
        assert box.not_before == workflow.now() + timedelta(seconds=61)
        assert (box.untold(), box.may_be_left) == (TOLD[:3], True)
        box.start()
        box.stop()
        await workflow.sleep(70)
        assert not box.has_finished, "nothing waits any more"

    part = await on.begin(tell, announce=away)
    await until(tried.is_set)
    await part.signal("look")
    ran = await on.end(part)
    assert ran.count(EventType.EVENT_TYPE_TIMER_FIRED) == 1


async def test_R18_a_try_that_is_called_off_before_it_began_counts_as_under_way(on: Stage) -> None:
    async def tell() -> None:
        box = first()
        box.start()
        box.stop()
        await end(box)
        assert box.not_before == workflow.now() + timedelta(seconds=61)

    await on.run(tell, announce=Script())


@pytest.mark.parametrize("told", [0, 1])
async def test_R18_the_first_edition_tells_again(on: Stage, told: int) -> None:
    """In a new run; what the try under way tells says nothing of what was asked for."""
    held = Held(told)

    async def tell() -> None:
        box = first(TOLD[1:3])
        assert box.resend(ResendAnnouncements(), TOLD[:5]) is True
        assert box.untold() == TOLD[1:3]
        box.start()
        await workflow.wait_condition(held.begun.is_set)
        assert box.resend(ResendAnnouncements(from_sequence=1), TOLD[:2]) is True
        assert box.untold() == TOLD[:3]
        held.released.set()
        await end(box)
        assert (box.untold(), box.not_before is None) == (TOLD[:3], not told)
        box.resend(ResendAnnouncements(from_sequence=3), TOLD[:3])
        assert box.untold() == TOLD[2:3]

    part = await on.begin(tell, announce=Script(held))
    await until(held.begun.is_set)
    await part.signal("look")
    await on.end(part)


def test_R18_what_the_first_edition_has_not_told() -> None:
    """To whichever endpoint there is: it knows no names, and no positions."""
    (backlog,) = first(TOLD[1:4], TOLD[0].at).backlog()
    assert (backlog.endpoint, backlog.pending, backlog.next_sequence, backlog.oldest_at) == ("", 3, 2, TOLD[1].at)
    assert first(()).backlog() == ()
    assert (first().positions(), first().undelivered_to) == ((), ())
    assert first(not_before=TOLD[0].at).not_before == TOLD[0].at


async def test_R18_an_instant_that_has_come_is_not_waited_for(on: Stage) -> None:
    async def tell() -> None:
        now = workflow.now()
        for due in (now, now - timedelta(days=2)):
            box = first(not_before=due)
            box.start()
            assert not box.may_be_left
            await end(box)
        early = first(not_before=now + MINUTE)
        early.start()
        assert early.may_be_left

    await on.run(tell, announce=lambda: 3)
