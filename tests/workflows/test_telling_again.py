"""R18: what becomes of waits and tries when somebody asks to tell again, and how an account learns of endpoints."""

from datetime import timedelta
from threading import Event
from typing import Any

from temporalio import workflow
from temporalio.api.enums.v1 import EventType
from temporalio.exceptions import ApplicationError

from reprise.statemachine.terms import whole_seconds
from reprise.workflows.outbox import Outbox
from tests.waiting import until
from tests.workflows.inside import Held, Script, Stage, ran_so_far
from tests.workflows.outboxes import AT_ONCE, BROKEN, MINUTE, SINCE, TOLD, UNKNOWN, again, at, delivered, end, outbox


async def waiting_after_a_try() -> Outbox:
    """An outbox whose first try has come to its end, and that waits before the next one."""
    box = outbox(at(1))
    box.start()
    await end(box)
    box.start()
    return box


async def test_R18_a_wait_after_a_failure_ends_when_somebody_asks(on: Stage) -> None:
    async def tell() -> None:
        box = await waiting_after_a_try()
        asked_at = workflow.now()
        again(box)
        assert box.positions()[0].not_before is None
        await end(box)
        box.start()
        await end(box)
        assert workflow.now() - asked_at < AT_ONCE
        assert box.positions() == (at(4),)

    await on.run(tell, deliver_announcements=Script(BROKEN, delivered(3)))


async def test_R18_a_wait_for_an_unknown_endpoint_ends_when_somebody_asks(on: Stage) -> None:
    """It counts as known until workers say again that they do not know it."""

    async def tell() -> None:
        box = await waiting_after_a_try()
        asked_at = workflow.now()
        again(box)
        assert box.positions()[0] == at(1)
        await end(box)
        box.start()
        await end(box)
        assert workflow.now() - asked_at < AT_ONCE
        assert box.positions()[0].unknown_since is not None

    await on.run(tell, deliver_announcements=Script(UNKNOWN, UNKNOWN))


async def test_R18_a_wait_for_a_try_of_the_run_before_goes_on_whoever_asks(on: Stage) -> None:
    """Two tries of one endpoint are never in flight; what is asked for is told behind it."""

    async def tell() -> None:
        due = whole_seconds(workflow.now() + MINUTE)
        box = outbox(at(3, not_before=due))
        box.start()
        again(box)
        assert box.positions() == (at(3, not_before=due),)
        again(box, *TOLD[:3], from_sequence=2)
        assert box.positions() == (at(2, not_before=due),)
        await end(box)
        box.start()
        assert box.positions() == (at(2, not_before=due),)
        await end(box)
        box.start()
        await end(box)
        assert workflow.now() >= due
        assert box.positions() == (at(4),)

    await on.run(tell, deliver_announcements=Script(delivered(2)))


async def test_R18_asking_while_nothing_waits_is_harmless(on: Stage) -> None:
    """After a failure whose entries nobody wants any more."""

    async def tell() -> None:
        box = await waiting_after_a_try()
        again(box, *TOLD[:3], from_sequence=9)
        assert box.positions()[0].next_sequence == 4, "what comes next, and no later"
        await end(box)
        box.start()
        again(box)
        await end(box)
        assert (len(box), box.has_finished) == (0, False)

    await on.run(tell, deliver_announcements=Script(BROKEN))


async def test_R18_a_patient_try_that_waits_ends_when_somebody_asks(on: Stage) -> None:
    """Temporal repeats it, after a minute at first; another one is begun at once."""
    tried, mended = Event(), Event()

    def answer() -> Any:
        if mended.is_set():
            return delivered(3)
        tried.set()
        raise ApplicationError("away", type="product_unavailable", next_retry_delay=timedelta(hours=6))

    async def tell() -> None:
        box = outbox(at(1, failing_since=SINCE, last_error="away", not_before=SINCE))
        box.start()
        await workflow.wait_condition(tried.is_set)
        mended.set()
        asked_at = workflow.now()
        again(box)
        await workflow.wait_condition(lambda: box._deliveries["shop"].has_finished)
        box.finish()
        assert box.positions() == (at(1, failing_since=SINCE, last_error="away"),), "nothing was learnt"
        box.start()
        await end(box)
        assert workflow.now() - asked_at < AT_ONCE
        assert box.positions() == (at(4),)

    part = await on.begin(tell, deliver_announcements=answer)
    await until(tried.is_set)
    await part.signal("look")
    await on.end(part)


async def test_R18_a_try_that_is_called_off_before_it_began_is_made_again(on: Stage) -> None:
    """Asked for in the very task that begins it."""

    async def tell() -> None:
        box = outbox(at(1))
        box.start()
        again(box)
        await workflow.wait_condition(lambda: box._deliveries["shop"].has_finished)
        box.finish()
        assert box.positions() == (at(1),)
        box.start()
        await end(box)
        assert box.positions() == (at(4),)

    await on.run(tell, deliver_announcements=Script(delivered(3)))


async def test_R18_what_a_try_has_told_says_nothing_of_what_was_asked_for_meanwhile(on: Stage) -> None:
    """It is heard out, and then all is told from there on."""
    held = Held(delivered(3))

    async def tell() -> None:
        box = outbox(at(1))
        box.start()
        await workflow.wait_condition(held.begun.is_set)
        again(box, *TOLD[:3], from_sequence=2)
        box.finish()
        box.start()
        await end(box)
        assert held.released.is_set(), "two tries are never in flight"
        assert box.positions() == (at(2),)
        assert box.untold() == TOLD[1:3]
        box.start()
        await end(box)
        assert box.positions() == (at(4),)

    part = await on.begin(tell, deliver_announcements=Script(held, delivered(2)))
    await until(held.begun.is_set)
    await part.signal("look")
    # The server loses a task that asks to cancel what has just ended (1.35).
    requested = EventType.EVENT_TYPE_ACTIVITY_TASK_CANCEL_REQUESTED
    await until(lambda: ran_so_far(part), lambda ran: ran.count(requested))
    held.released.set()
    await on.end(part)


async def test_R18_only_what_was_asked_for_is_told_again(on: Stage) -> None:
    """To one endpoint or all; without a number, nothing that was not to be told; of no endpoint, nothing."""

    async def tell() -> None:
        later = whole_seconds(workflow.now() + MINUTE)
        box = outbox(at(4, not_before=later), at(4, "crm", not_before=later), entries=TOLD[3:5])
        again(box, *TOLD[:6], endpoint="crm")
        assert box.untold() == TOLD[3:5], "the sixth came while announcements were off"
        box.finish()
        assert not box.has_finished
        again(box, *TOLD[:5], endpoint="nobody", from_sequence=1)
        assert (box.untold(), [each.next_sequence for each in box.positions()]) == (TOLD[3:5], [4, 4])
        again(box, *TOLD[:5], endpoint="crm", from_sequence=2)
        assert (box.untold(), [each.next_sequence for each in box.positions()]) == (TOLD[1:5], [4, 2])
        again(box, *TOLD[:5], from_sequence=5)
        assert (box.untold(), [each.next_sequence for each in box.positions()]) == (TOLD[4:5], [5, 5])
        again(box, *TOLD[:5], from_sequence=6)
        assert (box.untold(), [each.next_sequence for each in box.positions()]) == ((), [6, 6])
        again(box, *TOLD[:5], from_sequence=7)
        assert (box.untold(), [each.next_sequence for each in box.positions()]) == ((), [6, 6])
        nobody = outbox()
        again(nobody, *TOLD[:5], from_sequence=1)
        nobody.finish()
        assert nobody.untold() == TOLD[:3], "it is not known yet whether there is an endpoint"

    await on.run(tell)
