"""Record what a release leaves behind: `make histories VERSION=0.1.0`.

Histories of whole lives, which every later version must replay without a difference; account records of each standing,
which every later version must load; and the source of the worker, whose accounts every later version must go on with.
"""

import asyncio
import json
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from temporalio.client import WorkflowHistory
from temporalio.testing import WorkflowEnvironment

from reprise.statemachine.commands import Cancel, Close, Disable, Enable, ExtendTerm, Reactivate, SetCarts
from reprise.worker import account_worker
from reprise.workflows.messages import AccountRun
from tests.stripe_side import StripeSide
from tests.temporal_side import time_skipping_server
from tests.worker_side import worker_settings
from tests.workflows import records
from tests.workflows.released import keep_worker
from tests.workflows.world import World

HISTORIES = Path(__file__).parent / "histories"
RELEASES = sorted(each for each in HISTORIES.iterdir() if each.is_dir())


def recorded(path: Path) -> WorkflowHistory:
    """Return a history as it was recorded."""
    return WorkflowHistory.from_json(path.stem, path.read_text())


async def renewals(world: World) -> None:
    await world.open()
    await world.at("2027-04-30T10:00:01")


async def lapsed_and_back(world: World) -> None:
    await world.open()
    await world.at("2027-02-10T10:00")
    await world.do(Cancel())
    await world.at("2027-03-05T10:00")
    await world.do(SetCarts(carts=5))
    await world.card("pm_card_chargeCustomerFail")
    await world.at("2027-04-15T12:00")
    await world.do(Reactivate())
    await world.card("pm_card_visa")
    await world.do(Reactivate())


async def past_due_and_paid(world: World) -> None:
    await world.open()
    await world.card("pm_card_chargeCustomerFail")
    await world.at("2027-03-04T10:00")
    await world.handle.signal("payment_hint", {})
    await world.quiet()
    await world.card("pm_card_visa")


async def past_due_and_given_up(world: World) -> None:
    await world.open()
    await world.card("pm_card_chargeCustomerFail")
    await world.at("2027-03-08T10:00")


async def unauthenticated(world: World) -> None:
    await world.open(payment_method="pm_card_authenticationRequired")
    await world.at("2027-02-02T10:00")


async def operators(world: World) -> None:
    await world.open()
    await world.do(Disable(reason="check"))
    await world.do(Enable())
    await world.do(ExtendTerm(days=3))
    await world.do(Close())
    await world.quiet()


STORIES: tuple[Callable[[World], Awaitable[None]], ...] = (
    renewals,
    lapsed_and_back,
    past_due_and_paid,
    past_due_and_given_up,
    unauthenticated,
    operators,
)


async def tell(story: Callable[[World], Awaitable[None]], stripe: StripeSide, folder: Path) -> None:
    """Live one story, and write down the history of each of its runs."""
    server: WorkflowEnvironment
    async with time_skipping_server() as server, account_worker(server.client, worker_settings(stripe)):
        world = World(server, stripe, story.__name__.replace("_", "-"))
        await world.skip_to("2027-01-31T10:00")
        await story(world)
        await world.quiet()
        run: str | None = (await world.last_event())[0]
        number = 0
        while run:
            history = await server.client.get_workflow_handle(world.handle.id, run_id=run).fetch_history()
            started = history.events[0].workflow_execution_started_event_attributes
            content = json.dumps(_nameless(json.loads(history.to_json())), indent=1, sort_keys=True)
            (folder / f"{story.__name__}-{number}.json").write_text(content + "\n")
            run, number = started.continued_execution_run_id or None, number + 1
            carried = started.input.payloads
            if run and carried:
                record = AccountRun.model_validate_json(carried[0].data)
                assert record.account is not None, "a continued run carries its account"


def _nameless(recorded: Any) -> Any:
    """Take out which process on which machine did it."""
    if isinstance(recorded, dict):
        return {key: "recorder" if key == "identity" else _nameless(value) for key, value in recorded.items()}
    return [_nameless(each) for each in recorded] if isinstance(recorded, list) else recorded


async def main(version: str) -> None:
    """Record all stories of a version, its records and its worker."""
    folder = HISTORIES / version
    folder.mkdir(parents=True, exist_ok=True)
    records.write(folder / "records")
    keep_worker(folder)
    with tempfile.TemporaryDirectory() as directory:
        stripe = StripeSide(Path(directory) / "stripe.db")
        for story in STORIES:
            await tell(story, stripe, folder)
        stripe.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
