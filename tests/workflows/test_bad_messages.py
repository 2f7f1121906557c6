"""R20, R27: no message and no request of Temporal's own ends or wedges an account, in whatever state it is."""

import asyncio
from contextlib import suppress
from typing import Any

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowQueryFailedError, WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment

from reprise.schemas.accounts import AccountView
from reprise.statemachine.commands import Cancel, Reactivate, SetCarts
from reprise.worker import account_worker
from reprise.workflows.account import AccountWorkflow
from reprise.workflows.messages import OVER_HTTP, PaymentHint, workflow_id
from tests.stripe_side import StripeSide
from tests.temporal_side import dev_server
from tests.waiting import until
from tests.worker_side import worker_settings
from tests.workflows.dev_account import DevAccount
from tests.workflows.faults import NO_JSON, UNDECODABLE
from tests.workflows.standings import one_of_each
from tests.workflows.world import World

SIGNALS = (
    "cancel",
    "reactivate",
    "set_carts",
    "set_payment_method",
    "set_email",
    "disable",
    "enable",
    "extend_term",
    "change_plan",
    "close",
    "carts",
    "payment-method",
    "email",
    "extend",
    "plan",
    "payment_hint",
    "announcements",
    "resend_announcements",
)
UPDATES = (*SIGNALS[:15], "open", "restore")
NEED_INPUT = (*SIGNALS[2:5], *SIGNALS[7:9], *SIGNALS[10:15], "open")
QUERIES = ("account", "quote", "timeline", "customer_id", "undelivered", "record", "last_record")

GARBAGE: tuple[list[Any], ...] = (
    ["as you like it"],
    [[]],
    [4711],
    [{"colour": "blue", "when": 7, "carts": "many", "enabled": "perhaps", "payment_key": 3, "name": "no"}],
    [{"carts": 10**30, "days": -1, "unit_amount": 1.5, "until": "9999-12-31T23:59:59Z", "payment_key": "x" * 999}],
    [UNDECODABLE],
    [NO_JSON],
    [{}, {}],
    [UNDECODABLE, {}],
)
"""What a signal or update may come with and be none; all of it but nothing at all."""


async def answers(world: World) -> AccountView:
    """Return the account as it stands; no workflow task of it has failed on the way."""
    view = await world.see()
    kinds = [each.event_type for each in await world.events()]
    assert EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED not in kinds, world.account_id
    return view


def test_every_signal_update_and_query_is_tried() -> None:
    """These lists are the workflow's own, save `start_new_run`, which takes anything for what it says."""
    defined = AccountWorkflow.__temporal_workflow_definition  # type: ignore[attr-defined]
    assert set(SIGNALS) | {"start_new_run"} == set(defined.signals)
    assert set(UPDATES) == set(defined.updates)
    assert set(QUERIES) == set(defined.queries)


def _garbage(state: str, turn: int) -> list[list[Any]]:
    """All of it where an account lives; elsewhere every third, another with each name: it is read by the same code."""
    return list(GARBAGE if state == "active" else GARBAGE[turn % 3 :: 3])


def _names(names: tuple[str, ...], state: str) -> list[str]:
    """The second names are handled by the same code: one account is enough for them."""
    return [*(each for each in names if state == "active" or each not in OVER_HTTP.values()), "never_heard_of"]


async def test_R20_R27_what_cannot_be_read_changes_nothing_in_any_state(world: World) -> None:
    """Signals are dropped, updates refused, queries answered with an error; and then the account goes on."""
    here = await one_of_each(world)
    before = {name: await each.see() for name, each in here.items()}
    for name, each in here.items():
        for turn, signal in enumerate(_names(SIGNALS, name)):
            for garbage in _garbage(name, turn):
                await each.handle.signal(signal, args=garbage)
        for signal in NEED_INPUT[:-1]:
            await each.handle.signal(signal)  # nothing, where something is needed
        await each.quiet()
    for name, each in here.items():
        for turn, update in enumerate(_names(UPDATES, name)):
            for garbage in ([[]] if update in NEED_INPUT else []) + _garbage(name, turn):
                with pytest.raises(WorkflowUpdateFailedError):
                    await each.handle.execute_update(update, args=garbage)
        for query in ("quote", "never_heard_of"):
            for garbage in ([], ["as you like it"], [UNDECODABLE]):
                with pytest.raises((WorkflowQueryFailedError, RPCError)):
                    await each.handle.query(query, args=garbage)
        assert await answers(each) == before[name]
    for name, each in here.items():
        if name != "closed":
            assert (await each.do(SetCarts(carts=8))).account.carts == 8


async def test_A3_R27_signals_with_nothing_are_the_commands_with_all_their_defaults(world: World) -> None:
    """As the Temporal UI and command line send them: `cancel`, `reactivate`, `disable`, `enable`, a hint, a new run."""
    await world.open()
    for nothing in ([], [None]):
        await world.handle.signal("payment_hint", args=nothing)
        await world.handle.signal("cancel", args=nothing)
        assert (await world.until("cancelled")).carts == 3
        await world.handle.signal("reactivate", args=nothing)
        assert (await world.until("active")).carts == 3
    run = (await world.last_event())[0]
    await world.handle.signal("start_new_run", args=["anything", 7])
    await until(world.last_event, lambda it: it[0] != run, seconds=30)
    for reason in ([{"reason": "check"}], []):
        await world.handle.signal("disable", args=reason)
        await world.until("disabled")
        await world.handle.signal("enable")
        await world.until("reactivated")
    await world.handle.signal("close")
    await world.until("closed")
    await answers(world)


async def test_R20_R27_updates_as_a_person_sends_them(world: World) -> None:
    """With nothing, where nothing is needed; by the names of HTTP; and the entry says who it was, or where from."""
    await world.open()
    sent: list[tuple[str, list[Any]]] = [
        ("cancel", []),
        ("reactivate", [None]),
        ("carts", [{"carts": 5, "actor": "grace@example.com"}]),
        ("extend", [{"days": 3, "actor": {"kind": "operator", "id": "alan"}}]),
        ("plan", [{"currency": "usd", "unit_amount": 2000}]),
        ("email", [{"email": "new@example.com"}]),
        ("payment-method", [{"payment_method": "pm_card_visa"}]),
        ("disable", []),
        ("enable", []),
    ]
    for name, given in sent:
        await world.handle.execute_update(name, args=given)
    told = [(each.type.removeprefix("account."), each.actor.id) for each in (await world.timeline())[2:]]
    unnamed = "Temporal UI"
    assert told == [
        ("cancelled", unnamed),
        ("resumed", unnamed),
        ("carts_changed", "grace@example.com"),
        ("term_extended", "alan"),
        ("plan_changed", unnamed),
        ("email_changed", unnamed),
        ("payment_method_changed", unnamed),
        ("disabled", unnamed),
        ("enabled", unnamed),
    ]
    await world.handle.execute_update("close")
    await answers(world)


@pytest.mark.parametrize(
    ("update", "given", "field", "words"),
    [
        ("carts", [], "carts", 'carts: Field required. Nothing was changed. Send, for example, {"carts": 5, "actor"'),
        ("set_carts", [{"carts": "many"}], "carts", "carts: Input should be a valid integer"),
        ("cancel", [{"colour": "blue"}], "colour", "colour: there is no such field"),
        ("cancel", [{"when": "soon"}], "when", "when: Input should be 'term_end' or 'now'"),
        ("disable", [{"actor": " "}], "actor", "actor: say who you are"),
        ("extend", [{}], None, "give either until or days"),
        ("plan", [{"unit_amount": -1}], "plan.currency", "plan.currency: Field required"),
        ("close", [{}, {}], None, "2 arguments instead of one"),
        ("reactivate", ["now"], None, "Input should be an object"),
        ("open", [{"account_id": "x"}], "email", "email: Field required"),
    ],
)  # fmt: skip
async def test_R20_an_update_that_cannot_be_read_is_told_what_is_wrong(
    world: World, update: str, given: list[Any], field: str | None, words: str
) -> None:
    """A sentence with the field's name and an example, by a code that programs know; not the traceback of a decoder."""
    await world.open(paid_through=(await world.now()).replace(year=2028))
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await world.handle.execute_update(update, args=given)
    cause = refused.value.cause
    assert isinstance(cause, ApplicationError)
    assert (cause.type, cause.details[0]["field"]) == ("invalid_request", field)
    assert words in cause.message
    assert "pydantic" not in cause.message
    assert cause.failure is not None
    assert cause.failure.stack_trace == ""
    assert cause.message.count("Nothing was changed. Send, for example, {") == 1
    assert (await answers(world)).sequence == 1


# ---------------------------------------------------------------------- Temporal's own cancellation


async def test_A2_R27_a_cancellation_request_ends_no_account_in_any_state(world: World) -> None:
    """It is told which commands are meant, and nothing else changes."""
    here = await one_of_each(world)
    for name, each in here.items():
        before, entries = await each.see(), len(await each.timeline())
        seen = (await each.last_event())[:2]
        await each.handle.cancel()
        await each.quiet(after=seen)
        told = [] if name == "closed" else ["account.cancellation_requested"]
        assert [entry.type for entry in (await each.timeline())[entries:]] == told
        after = await answers(each)
        assert after.model_copy(update={"sequence": before.sequence}) == before
    for name, each in here.items():
        if name != "closed":
            assert (await each.do(SetCarts(carts=8))).account.carts == 8


async def test_A2_R27_a_cancellation_request_beside_a_payment_changes_nothing_of_it(world: World) -> None:
    """The attempt goes on; one charge."""
    await world.open(paid_through=(await world.now()).replace(year=2026))
    fault = world.stripe.fault(method="POST", path=r"/v1/invoices/[^/]+/pay", when="after", hang=True)
    pressed = asyncio.create_task(world.do(Reactivate()))
    await world.stripe.hit(fault)
    await world.handle.cancel()
    assert (await world.do(SetCarts(carts=4))).account.payment.status == "collecting"
    world.stripe.no_faults()
    assert (await pressed).account.state == "reactivated"
    assert world.charged() == [7500]
    await answers(world)


async def test_A2_R27_a_cancellation_request_before_the_first_task_is_outlived(
    env: WorkflowEnvironment, stripe_side: StripeSide
) -> None:
    """No worker was up when the account was opened, nor when somebody requested to cancel its workflow."""
    world = World(env, stripe_side, "early")
    await world.skip_to("2027-01-31T10:00")
    opening = asyncio.create_task(world.open())

    async def cancelled() -> bool:
        with suppress(RPCError):
            await world.handle.cancel()
            return True
        return False

    await until(cancelled, seconds=30)
    async with account_worker(env.client, worker_settings(stripe_side)):
        assert (await opening).state == "active"
        assert world.charged() == [7500]
        assert (await world.do(Cancel())).account.state == "cancelled"
        await answers(world)


async def test_A2_R27_a_run_that_was_requested_to_cancel_replays(
    env: WorkflowEnvironment, stripe_side: StripeSide
) -> None:
    """A worker that remembers no run takes it up from its history each time."""
    world = World(env, stripe_side, "forgotten")
    async with account_worker(env.client, worker_settings(stripe_side, max_cached_workflows=0)):
        await world.skip_to("2027-01-31T10:00")
        await world.open()
        await world.handle.cancel()
        assert (await world.do(Cancel())).account.state == "cancelled"
        await world.handle.signal("payment_hint", PaymentHint())
        assert (await world.do(Reactivate())).account.state == "active"
        assert world.charged() == [7500]
        await answers(world)


async def test_A2_R27_each_run_of_an_account_outlives_a_request_of_its_own(stripe_side: StripeSide) -> None:
    """Its runs go on in new ones, which renew; on Temporal's own server, since the test server cannot do that then."""
    async with dev_server() as client, account_worker(client, worker_settings(stripe_side)):
        account = DevAccount(client, stripe_side)
        await account.open()
        for terms in (1, 2):
            await client.get_workflow_handle(workflow_id(account.account_id)).cancel()
            await client.get_workflow_handle(workflow_id(account.account_id)).cancel()
            await account.until(lambda now, terms=terms: now.sequence == 2 * terms + 1)  # type: ignore[misc]
            await account.pass_time()
        await account.until(lambda now: now.sequence == 6)
        assert account.charged() == [7500] * 3
        assert len(await account.histories()) == 3
