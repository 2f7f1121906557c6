"""R14: a Temporal server with its default settings holds a new run back for a second; no command is lost to that."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from temporalio.client import Client, WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError

from reprise.accounts.client import Accounts
from reprise.accounts.errors import CommandRefused
from reprise.accounts.sending import _once_a_run_takes_it
from reprise.settings import ApiSettings
from reprise.statemachine.commands import Close, SetCarts
from reprise.statemachine.refusals import RefusalCode
from reprise.temporal.answers import NOT_TAKEN
from reprise.worker import STICKY_PATIENCE, account_worker
from tests.stripe_side import StripeSide
from tests.temporal_side import dev_server
from tests.worker_side import worker_settings
from tests.workflows.dev_account import DevAccount
from tests.workflows.world import utc


@pytest.fixture(scope="module")
async def server() -> AsyncIterator[Client]:
    async with dev_server(as_it_comes=True) as client:
        yield client


async def close_beside_commands(account: DevAccount) -> None:
    """Closing goes on in a new run: each command that meets it is taken, or told that the account is closed."""
    accounts = Accounts(account.client, command_wait=8)
    await account.open(paid_through=utc("2099-01-01T00:00"))
    commands = [SetCarts(carts=carts, command_id=f"carts-{carts}") for carts in range(10, 18)]
    close = accounts.command(account.account_id, Close(command_id="close"))
    answers = await asyncio.gather(
        close,
        *(accounts.command(account.account_id, each) for each in commands),
        return_exceptions=True,
    )
    refused = [each for each in answers if isinstance(each, CommandRefused)]
    assert {each.code for each in refused} <= {RefusalCode.ACCOUNT_CLOSED}
    taken = [each for each in answers if not isinstance(each, BaseException)]
    assert len(taken) + len(refused) == len(answers), answers
    entries = [each.type for each in await account.accounts.timeline(account.account_id)]
    assert entries.count("account.carts_changed") == len(taken) - 1
    assert entries.count("account.closed") == 1


async def test_R14_commands_beside_a_continue_as_new_on_a_server_as_it_comes(
    server: Client, stripe_side: StripeSide
) -> None:
    """All are answered within the wait, whatever the server does with the tasks of a run that it holds back."""
    async with account_worker(server, worker_settings(stripe_side)):
        for _ in range(2):
            await asyncio.gather(*(close_beside_commands(DevAccount(server, stripe_side)) for _ in range(4)))


def test_R14_a_task_that_nobody_is_given_is_given_to_another_within_the_wait() -> None:
    """A second for the run that is held back, and one to be answered in, are left."""
    wait = ApiSettings.model_fields["command_wait"].default
    assert STICKY_PATIENCE.total_seconds() + 2 < wait


async def test_R14_what_no_worker_has_seen_is_sent_again() -> None:
    """Such a failure of an update is the server's own, and no answer; the account's is."""
    failures = [NOT_TAKEN, NOT_TAKEN, "already_in_service"]

    async def send() -> None:
        cause = ApplicationError("the server's words", type=failures.pop(0))
        raise WorkflowUpdateFailedError(cause)

    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await _once_a_run_takes_it(send)
    assert isinstance(refused.value.cause, ApplicationError)
    assert (refused.value.cause.type, failures) == ("already_in_service", [])
