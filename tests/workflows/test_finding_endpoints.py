"""R18: how an account learns of endpoints, and what the lists show of those that it cannot tell."""

from datetime import timedelta

from temporalio import workflow
from temporalio.api.enums.v1 import EventType
from temporalio.common import SearchAttributePair, TypedSearchAttributes

from reprise.activities.names import LIST_ENDPOINTS
from reprise.temporal.search_attributes import UNDELIVERED_TO
from tests.workflows.inside import Ran, Script, Stage
from tests.workflows.outboxes import AT_ONCE, BROKEN, MINUTE, SINCE, TOLD, again, at, delivered, end, outbox


async def test_R18_an_account_asks_once_which_endpoints_there_are(on: Stage) -> None:
    """Not before a try of an earlier run must be over; again after a minute, then two; they are told from there on."""

    async def tell() -> None:
        due = workflow.now() + MINUTE
        box = outbox(entries=TOLD[1:3], not_before=due)
        assert (len(box), box.not_before, box.may_be_left) == (2, due, True)
        for minutes in (1, 2):
            box.start()
            box.start()
            await end(box)
            assert workflow.now() >= due
            assert workflow.now() < due + MINUTE
            due = workflow.now() + minutes * MINUTE
            assert (box.not_before, box.untold(), box.positions()) == (due, TOLD[1:3], ())
            assert not box.has_finished
        box.start()
        box.add(TOLD[3])
        again(box)
        box.finish()
        assert (box.not_before, box.untold()) == (due, TOLD[1:4]), "it goes on asking"
        await end(box)
        assert workflow.now() >= due
        assert box.positions() == (at(2), at(2, "crm"))
        assert box.untold() == TOLD[1:4]
        box.start()
        await end(box)
        assert box.not_before is None

    names = {"endpoints": ("shop", "crm")}
    answers = Script(BROKEN, BROKEN, names)
    ran = await on.run(tell, list_announcement_endpoints=answers, deliver_announcements=lambda: delivered(3))
    asked = [each for each in ran.scheduled if each.activity_type.name == LIST_ENDPOINTS]
    assert len(asked) == 3
    for each in asked:
        assert each.task_queue.name == "announcements"
        assert each.start_to_close_timeout.ToTimedelta() == timedelta(seconds=60)
        assert each.retry_policy.initial_interval.seconds == 60
        assert each.retry_policy.backoff_coefficient == 2
        assert each.retry_policy.maximum_interval.ToTimedelta() == timedelta(hours=6)


async def test_R18_where_there_is_no_endpoint_nothing_waits(on: Stage) -> None:
    """Found out at once, after an instant that has come; or when the last one is gone: nobody is to be told."""

    async def tell() -> None:
        asked_at = workflow.now()
        for due in (asked_at, asked_at - timedelta(days=2)):
            nobody = outbox(not_before=due)
            nobody.start()
            await end(nobody)
            assert workflow.now() - asked_at < AT_ONCE
            assert (nobody.untold(), nobody.positions(), nobody.not_before) == ((), (), None)
            nobody.start()
            assert not nobody.has_finished
        last = outbox(at(1, unknown_since=SINCE))
        last.start()
        await end(last)
        assert (last.untold(), last.positions()) == ((), ())

    gone = {"taken": 0, "endpoints": (), "known": False}
    ran = await on.run(tell, list_announcement_endpoints=lambda: {"endpoints": ()}, deliver_announcements=Script(gone))
    assert len(ran.scheduled) == 3
    assert ran.count(EventType.EVENT_TYPE_TIMER_STARTED) == 0


async def test_R18_an_endpoint_that_is_new_is_told_what_comes_from_then_on(on: Stage) -> None:
    async def tell() -> None:
        box = outbox(at(1))
        box.start()
        box.add(TOLD[3])
        await end(box)
        assert box.positions() == (at(4), at(5, "crm"))
        assert box.untold() == TOLD[3:4]

    await on.run(tell, deliver_announcements=Script(delivered(3, "shop", "crm")))


# ---------------------------------------------------------------------- what the lists show


def _shown(ran: Ran) -> list[str]:
    """What each upsert has made of `UndeliveredTo`."""
    return [
        event.upsert_workflow_search_attributes_event_attributes.search_attributes.indexed_fields[
            UNDELIVERED_TO.name
        ].data.decode()
        for event in ran.events
        if event.event_type == EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES
    ]


async def test_R18_the_lists_show_whom_an_account_cannot_tell(on: Stage) -> None:
    """Whatever the run before has shown is not shown again; only what changes, in a fixed order."""
    shown = TypedSearchAttributes([SearchAttributePair(UNDELIVERED_TO, ["crm"])])

    async def tell() -> None:
        box = outbox(at(1), at(3, "crm", failing_since=SINCE, not_before=SINCE), entries=TOLD[:3])
        assert [each.pending for each in box.backlog()] == [3, 1]
        again(box)
        box.finish()
        for _ in range(2):
            box.start()
            await end(box)
        assert box.undelivered_to == ("crm", "shop")
        mended = outbox(at(3, "crm", failing_since=SINCE))
        mended.start()
        await end(mended)
        again(mended)
        mended.finish()

    ran = await on.run(tell, shown=shown, deliver_announcements=Script(BROKEN, BROKEN, delivered(1)))
    assert _shown(ran) == ['["crm","shop"]', ""]
