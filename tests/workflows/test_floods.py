"""However much comes at once, nothing is lost, nothing happens twice, and the account lives."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowHistory

from reprise.accounts.errors import CommandRefused
from reprise.http.problems import problem_of
from reprise.schemas.accounts import AccountView
from reprise.statemachine.commands import Reactivate, SetCarts
from reprise.worker import account_worker
from reprise.workflows import limits
from tests.product import Product
from tests.stripe_side import StripeSide
from tests.temporal_side import dev_server
from tests.waiting import until
from tests.worker_side import worker_settings
from tests.workflows.dev_account import DevAccount
from tests.workflows.flood import flood, flood_from_outside
from tests.workflows.world import utc

AT_ONCE = 8
"""How many callers send commands at the same time: Temporal takes 10 of one workflow."""

EARLY = 150
"""From how many events on the small tests' server suggests a new run."""

Figure = Callable[[str, object], None]

SMALL_AND_LARGE = pytest.mark.parametrize(
    ("server", "many"),
    [
        pytest.param(EARLY, 120, id="small"),
        pytest.param(None, 10_000, id="large", marks=pytest.mark.long),
    ],
    indirect=["server"],
)
"""Small: a server that suggests a new run early. Large: Temporal's own limits, and as many signals as it takes."""


@pytest.fixture(scope="module")
async def server(request: pytest.FixtureRequest) -> AsyncIterator[Client]:
    """A dev server; with a number, one that suggests a new run from so many events on."""
    many: int | None = getattr(request, "param", None)
    settings = {} if many is None else {"limit.historyCount.suggestContinueAsNew": f"{many}"}
    async with dev_server(settings) as client:
        yield client


def count(histories: list[WorkflowHistory], kind: EventType.ValueType) -> int:
    return sum(event.event_type == kind for history in histories for event in history.events)


@pytest.fixture
def flooded(server: Client, stripe_side: StripeSide) -> DevAccount:
    return DevAccount(server, stripe_side)


@pytest.mark.parametrize(
    ("server", "many"),
    [
        pytest.param(EARLY, 120, id="small"),
        pytest.param(None, 2_000, id="large", marks=pytest.mark.long),
    ],
    indirect=["server"],
)
async def test_R14_updates_over_several_runs_are_done_once_each(
    flooded: DevAccount, stripe_side: StripeSide, many: int, record_property: Figure
) -> None:
    """In one term, from several callers at once, over new runs that the server suggests: none lost, none twice."""
    async with account_worker(flooded.client, worker_settings(stripe_side)):
        opened = await flooded.open(carts=0)
        numbers = iter(range(1, many + 1))
        answers: dict[int, AccountView] = {}

        async def send() -> None:
            for number in numbers:
                command = SetCarts(carts=number, command_id=f"key-{number}")
                answers[number] = (await flooded.accounts.command(flooded.account_id, command)).account

        await asyncio.gather(*(send() for _ in range(AT_ONCE)))
        account = await flooded.see()
        assert account.sequence == opened.sequence + many, "as many changes as commands"
        assert all(answer.carts == number for number, answer in answers.items())
        assert len({answer.sequence for answer in answers.values()}) == many

        for number in range(many, many - 50, -1):  # keys of late repeats, most of them answered by an earlier run
            command = SetCarts(carts=number, command_id=f"key-{number}")
            assert (await flooded.accounts.command(flooded.account_id, command)).account == answers[number]
        assert await flooded.see() == account
        runs = [len(history.events) for history in await flooded.histories()]
    assert len(runs) > 1, "the server has suggested new runs"
    record_property("figure", f"{many} updates in a term: {len(runs)} runs, at most {max(runs)} events in one")


@SMALL_AND_LARGE
async def test_a_flood_of_commands_while_no_worker_is_up_is_got_through(
    flooded: DevAccount, stripe_side: StripeSide, many: int, record_property: Figure, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As signals, all in one workflow task: taken a part at a time, each once, in their order."""
    at_once = limits.COMMAND_BATCH_SIZE if many >= 10_000 else 50
    monkeypatch.setattr(limits, "COMMAND_BATCH_SIZE", at_once)
    async with account_worker(flooded.client, worker_settings(stripe_side)):
        opened = await flooded.open(carts=0)
    await flood(flooded.client, flooded.account_id, "set_carts", many - 1)
    last = SetCarts(carts=10_000, command_id="last")
    await flooded.accounts.signal(flooded.account_id, last)
    async with account_worker(flooded.client, worker_settings(stripe_side)):
        account = await flooded.until(
            lambda now: now.carts == last.carts and now.sequence >= opened.sequence + many, 120
        )
        histories = await flooded.histories()
    breaths = count(histories, EventType.EVENT_TYPE_TIMER_FIRED)
    assert not count(histories, EventType.EVENT_TYPE_MARKER_RECORDED), "the second edition stands behind no patch (R28)"
    assert account.sequence == opened.sequence + many
    assert breaths >= many // at_once - 1
    record_property("figure", f"{many} commands as signals, no worker up: taken in {breaths + 1} parts")


@SMALL_AND_LARGE
async def test_R8_R15_a_flood_while_a_payment_is_under_way_neither_doubles_nor_delays_it(
    flooded: DevAccount, stripe_side: StripeSide, many: int, record_property: Figure
) -> None:
    """Hints and commands while Stripe holds an answer back: one charge, of the quote that was frozen."""
    async with account_worker(flooded.client, worker_settings(stripe_side)):
        await flooded.open(carts=3, paid_through=utc("2026-01-15T10:00"))
        fault = stripe_side.fault(method="POST", path=r"/v1/invoices/[^/]+/pay", when="after", hang=True)
        pressed = asyncio.create_task(flooded.accounts.command(flooded.account_id, Reactivate(command_id="back")))
        await stripe_side.hit(fault)
        hints, carts = many // 2, many // 2 - 10
        await flood_from_outside(flooded.client, flooded.account_id, "payment_hint", hints)
        await flood_from_outside(flooded.client, flooded.account_id, "set_carts", carts)
        last = SetCarts(carts=9_999, command_id="last")  # the flood itself is sent by many at once, in no order
        await flooded.accounts.signal(flooded.account_id, last)
        stripe_side.no_faults()
        answer = await pressed
        account = await flooded.until(lambda now: now.carts == last.carts and now.state == "reactivated", 120)
        looks = count(await flooded.histories(), EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED)
    assert account.payment.status == "paid"
    assert stripe_side.charged(flooded.account_id) == [7500]
    assert len(stripe_side.invoices(flooded.account_id)) == 1
    assert looks == 2, "the customer was registered and the payment made; there was nothing to look at"
    waited = "" if answer.finished else " (answered with 202 first)"
    record_property("figure", f"{hints} hints and {carts} commands beside one payment: one charge{waited}")


@pytest.mark.parametrize(
    ("bound", "most", "events"), [("MAX_HISTORY_EVENTS", 300, 400), ("MAX_HISTORY_BYTES", 100_000, 800)]
)
@pytest.mark.parametrize("server", [EARLY], ids=[""], indirect=True)
async def test_a_run_whose_history_is_full_refuses_what_waits_and_the_account_goes_on(
    flooded: DevAccount, stripe_side: StripeSide, monkeypatch: pytest.MonkeyPatch, bound: str, most: int, events: int
) -> None:
    """Temporal ends a workflow whose history grows without bound: commands that take an act each could do that."""
    monkeypatch.setattr(limits, bound, most)
    async with account_worker(flooded.client, worker_settings(stripe_side)):
        await flooded.open(carts=0)
        await flood(flooded.client, flooded.account_id, "set_payment_method", 150)
        await until(flooded.histories, lambda them: len(them) > 1, seconds=60)
        runs = [len(history.events) for history in await flooded.histories()]
        assert (await flooded.do(SetCarts(carts=9))).carts == 9
    assert max(runs) < events


@pytest.mark.parametrize("server", [EARLY], ids=[""], indirect=True)
async def test_R18_changes_that_the_product_does_not_hear_of_never_outgrow_what_a_run_can_hand_on(
    server: Client, stripe_side: StripeSide, product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Refused with 429 from some number on, while the product is down; nothing of what was taken is lost."""
    monkeypatch.setattr(limits, "MAX_OUTBOX_SIZE", 20)
    product.answers = [500] * 2
    flooded = DevAccount(server, stripe_side, announce=True)
    settings = worker_settings(stripe_side, announcements_url=product.url, announcements_secret=product.secret)
    async with account_worker(server, settings):
        await flooded.open(carts=0)
        for number in range(1, 20):
            await flooded.do(SetCarts(carts=number))
        with pytest.raises(CommandRefused) as refused:
            await flooded.do(SetCarts(carts=20))
        told = problem_of(refused.value)
        assert (told.status, told.code, told.headers["Retry-After"]) == (429, "too_many_commands", "60")
        account = await flooded.see()
        assert account.carts == 19
        last = account.sequence
        await until(lambda: product.heard and product.heard[-1]["data"]["sequence"] >= last, seconds=30)
        assert (await flooded.do(SetCarts(carts=99))).carts == 99
    heard = [each["data"]["sequence"] for each in product.heard]
    assert sorted(set(heard)) == list(range(1, max(heard) + 1))
