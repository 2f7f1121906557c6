"""Accounts that a released worker has started go on under this one: it is exchanged in the midst of their lives."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from temporalio.client import Client, WorkflowExecutionStatus

from reprise.statemachine import editions, machine
from reprise.statemachine.commands import Cancel, Reactivate, RestoreAccount, SetCarts
from reprise.worker import account_worker
from reprise.workflows.messages import AccountRun, workflow_id
from tests.buttons import Buttons
from tests.product import Product
from tests.statemachine.book import opening, utc
from tests.stripe_side import StripeSide
from tests.temporal_side import dev_server
from tests.waiting import until
from tests.worker_side import worker_settings
from tests.workflows.dev_account import DevAccount
from tests.workflows.record import RELEASES
from tests.workflows.released import ARCHIVE, released_worker


@pytest.fixture(scope="module")
async def server() -> AsyncIterator[Client]:
    async with dev_server() as client:
        yield client


@pytest.mark.parametrize("release", RELEASES, ids=[each.name for each in RELEASES])
async def test_accounts_of_a_release_go_on_under_this_code(
    release: Path, server: Client, stripe_side: StripeSide
) -> None:
    """Mid-term, cancelled, past due, disabled, with a payment under way, with an update that waits for a worker.

    One whose workflow that release has let end on "Request cancellation" is restored (R27).
    """
    renewing, leaving, late, failing, asleep, paying, ended = (DevAccount(server, stripe_side) for _ in range(7))

    old = released_worker(release, server.service_client.config.target_host, stripe_side.url)
    try:
        for account in (renewing, leaving, late, failing, asleep, paying, ended):
            await account.open_as_0_1_0_does()
        lost = server.get_workflow_handle(workflow_id(ended.account_id))
        await lost.cancel()
        await leaving.cancel_as_0_1_0_does()
        for account in (late, failing):
            await account.card("pm_card_chargeCustomerFail")
            await account.pass_time()
        for account in (asleep, paying):
            await account.cancel_as_0_1_0_does()
            await account.pass_time()
        slept = len(await asleep.histories())
        assert slept == (1 if release.name == "0.1.0" else 2), "since 0.2.0 it sleeps in a run of its own"
        fault = stripe_side.fault(method="POST", path=r"/v1/invoices/[^/]+/pay", when="after", delay_seconds=2)
        pressed = asyncio.create_task(paying.do(Reactivate(command_id="back")))
        await stripe_side.hit(fault)
        old.terminate()  # it takes no more tasks, and lets what it does at Stripe come to its end
        assert await asyncio.to_thread(old.wait, 30) == 0
    finally:
        old.kill()
        old.wait()
    waiting = asyncio.create_task(renewing.do(SetCarts(carts=4)))

    async with account_worker(server, worker_settings(stripe_side)):
        assert (await waiting).carts == 4
        assert (await pressed).state == "reactivated"
        assert (await late.card("pm_card_visa")).state == "active"
        if not (await ended.accounts.describe(ended.account_id)).is_running:
            before = await ended.see()
            assert before.restorable
            restored = await ended.accounts.restore(ended.account_id, RestoreAccount(command_id="restore"))
            assert restored.account == before.model_copy(update={"restorable": False, "sequence": before.sequence + 1})
        else:
            assert release.name != "0.1.0", "since 0.2.0 a request does not end an account"
        await failing.pass_time(days=8)
        given_up = await failing.see()
        assert (given_up.state, given_up.disabled_reason) == ("disabled", "payment_failed")
        await leaving.pass_time()
        assert (await leaving.see()).state == "disabled"
        assert leaving.charged() == [7500]
        for each in (failing, leaving):
            assert len(await each.histories()) == 2, "under this code it sleeps in a run of its own"

        assert (await failing.card("pm_card_visa")).state == "disabled"
        for each in (asleep, failing, leaving):
            assert (await each.do(Reactivate(expected_amount=7500))).state == "reactivated"
        assert len(await asleep.histories()) == slept, "its run goes on as it began"
        again = await paying.do(Reactivate(command_id="back"))
        assert again.state == "reactivated", "the first answer, for a payment that the old worker made"

        for each in (renewing, late, failing, leaving, asleep, paying, ended):
            await each.pass_time()
            assert (await each.see()).state == "active"
        assert renewing.charged() == [7500, 10000]
        assert ended.charged() == [7500, 7500]
        assert leaving.charged() == failing.charged() == asleep.charged() == paying.charged() == [7500] * 3
        assert late.charged() == [7500] * 3
        assert len(await asleep.histories()) == slept + 1
        for each in (asleep, paying):  # the next time in a run of this code
            await each.do(Cancel())
            runs = len(await each.histories())
            await each.pass_time()
            assert len(await each.histories()) == runs + 1


async def _begun_with(server: Client, account: DevAccount) -> int:
    """Return by which edition of the rules an account's run has begun, as its history says."""
    history = await server.get_workflow_handle(workflow_id(account.account_id)).fetch_history()
    (given,) = history.events[0].workflow_execution_started_event_attributes.input.payloads
    return AccountRun.model_validate_json(given.data).edition


async def test_A1_R27_an_account_that_failed_under_0_1_0_is_restored_as_it_stood(
    server: Client, stripe_side: StripeSide, product: Product
) -> None:
    """A slow product made the run fail at its next renewal. What that has charged is known, and not charged again."""
    product.hangs = True
    release = next(each for each in RELEASES if each.name == "0.1.0")
    old = released_worker(release, server.service_client.config.target_host, stripe_side.url, product)
    account = DevAccount(server, stripe_side)
    try:
        soon = datetime.now(UTC) + timedelta(seconds=4)
        await account.open_as_0_1_0_does(announce=True, paid_through=f"{soon}")
        await Buttons(server, account.account_id).ended(WorkflowExecutionStatus.FAILED, seconds=60)
    finally:
        old.kill()
        old.wait()
    product.hangs = False
    settings = worker_settings(stripe_side, announcements_url=product.url, announcements_secret=product.secret)
    async with account_worker(server, settings):
        before = await account.see()
        assert (before.restorable, before.state, before.payment.status) == (True, "active", "paid")
        restored = await account.accounts.restore(account.account_id, RestoreAccount(command_id="restore"))
        assert restored.account == before.model_copy(update={"restorable": False, "sequence": before.sequence + 1})
        assert await _begun_with(server, account) == editions.NEWEST, "an older worker leaves it alone"
        assert (await account.do(SetCarts(carts=4))).carts == 4
        await account.pass_time()
    assert account.charged() == [7500, 10000]


@pytest.mark.parametrize("release", RELEASES, ids=[each.name for each in RELEASES])
@pytest.mark.parametrize("edition", [editions.FIRST, editions.NEWEST])
def test_R28_an_old_worker_takes_up_no_run_of_a_later_edition(release: Path, edition: int) -> None:
    """While workers are exchanged: it cannot read what a new one hands on, so that it decides nothing about it."""
    account, _ = machine.open_account(opening(), utc("2027-01-31T10:00"), edition=edition)
    message = AccountRun(edition=edition, account=account).model_dump_json()
    read = "import sys; from reprise.workflows.messages import AccountRun; AccountRun.model_validate_json(sys.argv[1])"
    command = [sys.executable, "-P", "-c", read, message]
    ended = subprocess.run(command, env={"PYTHONPATH": str(release / ARCHIVE)}, capture_output=True, text=True)
    assert ended.returncode != 0
    assert "ValidationError" in ended.stderr


async def test_an_operator_can_bring_a_sleeping_account_into_a_new_run(server: Client, stripe_side: StripeSide) -> None:
    """`start_new_run`: so that no run is older than the code, and a patch can be taken out."""
    account = DevAccount(server, stripe_side)
    async with account_worker(server, worker_settings(stripe_side)):
        await account.open()
        await account.do(Cancel(when="now"))
        await server.get_workflow_handle(workflow_id(account.account_id)).signal("start_new_run")
        await until(account.histories, lambda them: len(them) > 1, seconds=30)
        assert (await account.do(Reactivate())).state == "reactivated"
    assert account.charged() == [7500]
