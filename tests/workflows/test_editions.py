"""R28: a run decides by the edition of the rules that its input names; only a new run takes the newest."""

from datetime import timedelta

import pytest
from temporalio.api.enums.v1 import EventType

from reprise.activities import names
from reprise.statemachine import editions
from reprise.statemachine.commands import SetPaymentMethod
from reprise.workflows.messages import TASK_QUEUE, WORKFLOW, AccountRun, workflow_id
from tests.waiting import until
from tests.workflows.opening import opening_of
from tests.workflows.world import World


async def runs_input(world: World) -> AccountRun:
    """Return the input of the account's present run."""
    started = (await world.events())[0].workflow_execution_started_event_attributes
    return AccountRun.model_validate_json(started.input.payloads[0].data)


async def new_run(world: World) -> AccountRun:
    """Let the account go on in a new run, and return that run's input."""
    before = (await world.last_event())[0]
    await world.handle.signal("start_new_run")
    await until(world.last_event, lambda it: it[0] != before, seconds=30)
    await world.quiet()
    return await runs_input(world)


async def test_R28_an_account_of_edition_1_decides_by_it_until_its_next_run(world: World) -> None:
    """What 0.1.0 took: a sum below what Stripe charges. The next run is of the newest edition, and refuses one."""
    await world.open_with(opening_of(world.account_id, carts=0), edition=editions.FIRST)
    cheap = {"plan": {"currency": "usd", "unit_amount": 10}}
    await world.handle.execute_update("change_plan", cheap, id="p1")
    await world.handle.execute_update("set_carts", {"carts": 1}, id="c1")
    run = await new_run(world)
    assert (run.edition, run.account and run.account.edition) == (editions.NEWEST, editions.NEWEST)
    assert run.account is not None
    assert (run.account.life, run.account.carts) == (None, 1)
    await world.handle.execute_update("set_carts", {"carts": 0}, id="c2")
    with pytest.raises(Exception, match="Workflow update failed"):
        await world.handle.execute_update("set_carts", {"carts": 1}, id="c3")
    assert (await world.see()).carts == 0


async def test_R8_R28_each_life_of_an_id_is_told_from_another(world: World) -> None:
    """Opened again after Temporal has forgotten it: a life of its own, for all of its runs."""
    lives, at_stripe = [], []
    for _ in range(2):
        await world.open_with(opening_of(world.account_id))
        first, second = await new_run(world), await new_run(world)
        assert first.account is not None
        assert second.account is not None
        assert first.account.life == second.account.life
        lives.append(first.account.life)
        at_stripe += [each["metadata"]["life"] for each in world.invoices()]
        await world.handle.terminate()
        world.account_id = f"{world.account_id}-again"
    assert None not in lives
    assert lives[0] != lives[1]
    assert at_stripe == lives


async def test_R28_a_worker_leaves_a_run_of_a_later_edition_to_a_later_worker(world: World) -> None:
    """Its task fails, and is given to another, until the old workers are gone; nothing is decided meanwhile."""
    run = AccountRun(edition=editions.NEWEST + 1, opening=opening_of(world.account_id))
    await world.client.start_workflow(WORKFLOW, run, id=workflow_id(world.account_id), task_queue=TASK_QUEUE)
    failed = EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED
    await until(world.events, lambda them: failed in [each.event_type for each in them], seconds=30)
    message = next(
        each.workflow_task_failed_event_attributes.failure.message
        for each in await world.events()
        if each.event_type == failed
    )
    assert f"not {editions.NEWEST + 1}" in message
    assert world.invoices() == []


@pytest.mark.parametrize("edition", [editions.FIRST, editions.NEWEST])
async def test_A4_a_wrong_key_makes_no_loop_in_a_run_of_any_edition(world: World, edition: int) -> None:
    """401 for the customer: the payment stops, a card change is refused; each asks a few times, then no more."""
    world.stripe.fault(method="*", path="/v1/customers.*", when="before", status=401, times=10_000)
    answer = await world.open_with(opening_of(world.account_id), edition=edition)
    assert answer.account.state == "disabled"
    refused = (await world.do(SetPaymentMethod(payment_method="pm_card_mastercard"))).refusal
    assert refused is not None
    assert refused.decline_code == "stripe_refused", "not told as done"
    await world.env.sleep(timedelta(minutes=30))
    await world.quiet()
    asked = [
        each.activity_task_scheduled_event_attributes.activity_type.name
        for each in await world.events()
        if each.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED
    ]
    assert set(asked) == {names.REGISTER_CUSTOMER}
    assert len(asked) <= 4
    world.stripe.no_faults()
    assert (await world.do(SetPaymentMethod(payment_method="pm_card_mastercard"))).refusal is None
