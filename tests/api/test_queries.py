"""Reads never disturb an account: also not one that a new worker takes up at the moment when its term ends."""

import asyncio
import uuid
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from temporalio.client import Client, WorkflowHandle, WorkflowQueryFailedError
from temporalio.service import RPCError
from temporalio.worker import Replayer

from reprise.schemas.accounts import AccountView
from reprise.temporal.converter import data_converter
from reprise.temporal.runner import RESTRICTIONS, TimelyWorkflowRunner
from reprise.worker import account_worker
from reprise.workflows.account import AccountWorkflow
from reprise.workflows.messages import workflow_id
from tests.api_side import Api, new_account
from tests.stripe_side import StripeSide
from tests.waiting import until
from tests.worker_side import worker_process, worker_settings

ACCOUNTS = 6
"""A query that waited comes before the task or after it, as it happens: one account would not prove it each time."""


async def term_start(handle: WorkflowHandle[Any, Any]) -> datetime:
    """Ask when the account's term began, until somebody answers."""

    async def answered() -> AccountView | None:
        with suppress(RPCError, WorkflowQueryFailedError):
            account: AccountView = await handle.query("account", result_type=AccountView)
            return account
        return None

    account = await until(answered, seconds=60)
    assert account.term is not None
    return account.term.start


async def test_R5_a_term_ends_while_a_query_waits_for_a_worker(
    temporal: Client, stripe_side: StripeSide, operator: Api
) -> None:
    """A query reaches a new worker together with a timer that no task has taken up: the term ends all the same.

    Taken at the time of the last task, the timer would be started anew for a whole term, and the account would not
    fit its own history from then on.
    """
    ids = [f"shop-{uuid.uuid4().hex[:12]}" for _ in range(ACCOUNTS)]
    handles = [temporal.get_workflow_handle(workflow_id(each)) for each in ids]
    victim = worker_process(temporal, stripe_side)
    end = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=9)
    bodies = [new_account(account_id=each, paid_through=end.isoformat()) for each in ids]
    opened = await asyncio.gather(*(operator.ask("POST", "/v1/accounts", body) for body in bodies))
    assert {each.status_code for each in opened} == {201}
    runs = [(await handle.describe()).run_id for handle in handles]
    victim.kill()  # so that tasks are still meant for it: they reach another worker later than queries do
    victim.wait()
    queries = [asyncio.create_task(term_start(handle)) for handle in handles for _ in range(2)]
    await asyncio.sleep((end - datetime.now(UTC)).total_seconds() + 0.5)
    async with account_worker(temporal, worker_settings(stripe_side)), asyncio.timeout(40):
        await asyncio.gather(*queries)
        for handle in handles:
            await until(partial(term_start, handle), lambda start: start == end, seconds=40)
    replayer = Replayer(
        workflows=[AccountWorkflow],
        data_converter=data_converter,
        workflow_runner=TimelyWorkflowRunner(RESTRICTIONS),
    )
    for each, run in zip(ids, runs, strict=True):
        assert stripe_side.charged(each) == [7500]
        await replayer.replay_workflow(
            await temporal.get_workflow_handle(workflow_id(each), run_id=run).fetch_history()
        )
