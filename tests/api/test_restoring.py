"""R27: `restore` and `record` over HTTP: who may, from what, and what is refused before anything is written."""

import json
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from temporalio import workflow
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType
from temporalio.api.workflowservice.v1 import DeleteWorkflowExecutionRequest
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from reprise.accounts import restoring
from reprise.accounts.client import Accounts
from reprise.statemachine.commands import RestoreAccount, SetCarts
from reprise.statemachine.timeline import UNKNOWN_ENTRIES
from reprise.worker import account_worker
from reprise.workflows.messages import TASK_QUEUE, WORKFLOW, AccountRun, workflow_id
from reprise.workflows.visibility import search_attributes
from tests.api_side import Api, Callers, Json, new_account
from tests.buttons import Buttons
from tests.stripe_side import StripeSide
from tests.waiting import until
from tests.worker_side import worker_settings


async def opened(operator: Api, **changes: Any) -> tuple[str, str]:
    """Open an account; return its id and path."""
    body = new_account(**changes)
    answer = await operator.ask("POST", "/v1/accounts", body, Idempotency_Key=f"open-{body['account_id']}")
    assert answer.status_code == 201, answer.text
    return body["account_id"], f"/v1/accounts/{body['account_id']}"


async def refused(operator: Api, path: str, body: Json | None = None) -> tuple[int, str]:
    answer = await operator.ask("POST", f"{path}/restore", body)
    return answer.status_code, answer.json()["code"]


@pytest.mark.usefixtures("worker")
async def test_R27_only_what_has_ended_is_restored_and_only_by_operators(
    operator: Api, caller: Callers, temporal: Client
) -> None:
    """409 `account_running`, 404, 403: nothing is changed, and nothing is told of other people's accounts."""
    account_id, path = await opened(operator)
    before = await operator.get(path)
    assert await refused(operator, path) == (409, "account_running")
    assert await operator.get(path) == before
    assert await refused(operator, "/v1/accounts/nobody") == (404, "account_not_found")
    await Buttons(temporal, account_id).terminate()
    for who, said in (
        (caller(account_id), (403, "operator_required")),
        (caller("another"), (404, "account_not_found")),
        (caller(scope="backend"), (403, "operator_required")),
    ):
        assert await refused(who, path) == said
        assert (await who.ask("GET", f"{path}/record")).status_code == said[0]
    assert (await operator.get(path))["restorable"] is True


@pytest.mark.usefixtures("worker")
async def test_R14_R27_answers_are_remembered_over_the_end(operator: Api, temporal: Client) -> None:
    """A command from before, and `restore` itself: the same key gets the first answer, with other content a refusal."""
    account_id, path = await opened(operator)
    first = await operator.ask("PUT", f"{path}/carts", {"carts": 5}, Idempotency_Key="five")
    buttons = Buttons(temporal, account_id)
    await buttons.terminate()
    restored = await operator.ask("POST", f"{path}/restore", Idempotency_Key="back")
    assert restored.status_code == 200
    await operator.ask("PUT", f"{path}/carts", {"carts": 6})
    for method, where, body, key, said in (
        ("PUT", f"{path}/carts", {"carts": 5}, "five", first),
        ("POST", f"{path}/restore", None, "back", restored),
    ):
        again = await operator.ask(method, where, body, Idempotency_Key=key)
        assert (again.status_code, again.json()) == (200, said.json())
    other = await operator.ask("POST", f"{path}/restore", {"from_run_start": True}, Idempotency_Key="back")
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")
    described = await buttons.handle.describe()
    assert await described.memo_value("opened_by") == f"open-{account_id}"
    assert await described.static_summary() == f"Account {account_id}"


@pytest.mark.usefixtures("worker")
async def test_R27_no_run_begins_twice_after_the_same_end(operator: Api, temporal: Client) -> None:
    """Whoever has read the record, and comes late, does not bring an account back that has lived on and ended again."""
    account_id, path = await opened(operator)
    buttons, accounts = Buttons(temporal, account_id), Accounts(temporal)
    await buttons.terminate()
    ended, record = await accounts._run(account_id), (await accounts.record(account_id)).run
    assert (await operator.ask("POST", f"{path}/restore")).status_code == 200
    assert (await operator.ask("PUT", f"{path}/carts", {"carts": 5})).status_code == 200
    await buttons.terminate()

    async def last_record() -> AccountRun:
        return record

    late = await restoring.run_to_start(temporal, RestoreAccount(command_id="late"), None, ended, last_record)
    await restoring.start(temporal, late, ended)
    assert (await operator.get(path))["restorable"] is True
    assert (await operator.ask("POST", f"{path}/restore")).json()["carts"] == 5


async def test_R27_what_came_while_no_worker_was_up_is_restored_too(
    operator: Api, temporal: Client, stripe_side: StripeSide
) -> None:
    """A command that waited in the history as the workflow was ended: seen in the account, and done."""
    settings = worker_settings(stripe_side)
    async with account_worker(temporal, settings):
        account_id, path = await opened(operator)
    buttons = Buttons(temporal, account_id)
    await buttons.handle.signal("set_carts", SetCarts(carts=9, command_id="late"))
    await buttons.terminate()
    async with account_worker(temporal, settings):
        assert (await operator.get(path))["carts"] == 9
        assert (await operator.get(f"{path}/timeline"))["timeline"][0]["type"] == "account.carts_changed"
        assert (await operator.ask("POST", f"{path}/restore")).json()["carts"] == 9


# ---------------------------------------------------------------------- from a record


async def delete(temporal: Client, account_id: str) -> None:
    """Delete an account's workflow, as the Temporal UI does."""
    which = WorkflowExecution(workflow_id=workflow_id(account_id))
    await temporal.workflow_service.delete_workflow_execution(
        DeleteWorkflowExecutionRequest(namespace=temporal.namespace, workflow_execution=which)
    )

    async def gone() -> bool:
        try:
            await temporal.get_workflow_handle(workflow_id(account_id)).describe()
        except RPCError:
            return True
        return False

    await until(gone)


@pytest.mark.usefixtures("worker")
async def test_R25_R27_a_deleted_account_is_restored_from_its_record(
    operator: Api, temporal: Client, stripe_side: StripeSide
) -> None:
    """It may be large. The same account and life: what is paid stays paid. Its entry's number is none that was told."""
    account_id, path = await opened(operator)
    for carts in (5, 6):
        await operator.ask("PUT", f"{path}/carts", {"carts": carts})
    record = await operator.get(f"{path}/record")
    whole, access = await operator.get(path), await operator.get(f"{path}/access")
    record["run"]["answered"] = [
        {**each, "command_id": f"{each['command_id']}-{n}"} for n in range(32) for each in record["run"]["answered"]
    ]
    assert len(json.dumps(record)) > 64 * 1024
    await delete(temporal, account_id)
    assert await refused(operator, path) == (404, "account_not_found")
    restored = await operator.ask("POST", f"{path}/restore", {"record": record})
    assert restored.status_code == 200, restored.text
    sequence = whole["sequence"] + UNKNOWN_ENTRIES + 1
    assert restored.json() == {**whole, "sequence": sequence}
    assert await operator.get(f"{path}/access") == access
    newest = (await operator.get(f"{path}/timeline"))["timeline"][0]
    assert (newest["type"], newest["sequence"]) == ("account.restored", sequence)
    again = await operator.get(f"{path}/record")
    assert again["run"]["account"]["life"] == record["run"]["account"]["life"]
    assert stripe_side.charged(account_id) == [7500]


@pytest.mark.usefixtures("worker")
async def test_R27_a_record_that_is_older_than_what_is_known_is_refused(operator: Api, temporal: Client) -> None:
    """409 `record_outdated`: the account's own last record is newer; so is that of another account of the same id."""
    account_id, path = await opened(operator)
    record = await operator.get(f"{path}/record")
    await operator.ask("PUT", f"{path}/carts", {"carts": 5})
    newest = await operator.get(f"{path}/record")
    await Buttons(temporal, account_id).terminate()
    other = json.loads(json.dumps(newest))
    other["run"]["account"]["life"] = "another"
    for each in (record, other):
        assert await refused(operator, path, {"record": each}) == (409, "record_outdated")
    assert (await operator.get(path))["restorable"] is True
    assert (await operator.ask("POST", f"{path}/restore", {"record": newest})).status_code == 200


@pytest.mark.usefixtures("worker")
async def test_A5_R27_an_account_whose_run_timed_out_is_restored(
    operator: Api, temporal: Client, stripe_side: StripeSide
) -> None:
    """With what had been done in that run, and without its time-out; nothing is charged again."""
    account_id, path = await opened(operator)
    buttons = Buttons(temporal, account_id)
    record = await buttons.handle.query("record", result_type=AccountRun)
    await buttons.terminate()
    await temporal.start_workflow(
        WORKFLOW, record, id=buttons.handle.id, task_queue=TASK_QUEUE, run_timeout=timedelta(seconds=3)
    )
    assert (await operator.ask("PUT", f"{path}/carts", {"carts": 5})).status_code == 200
    before = await operator.get(path)
    await buttons.ended(WorkflowExecutionStatus.TIMED_OUT)
    assert await operator.get(path) == before | {"restorable": True}
    restored = await operator.ask("POST", f"{path}/restore")
    assert restored.json() == before | {"sequence": before["sequence"] + 1}
    described = await buttons.handle.describe()
    assert described.raw_description.execution_config.workflow_run_timeout.ToTimedelta() == timedelta(0)
    assert (await operator.ask("PUT", f"{path}/carts", {"carts": 6})).json()["carts"] == 6
    assert stripe_side.charged(account_id) == [7500]


def _set(*where: str | int, value: Any) -> Callable[[Json], None]:
    def change(record: Json) -> None:
        at: Any = record
        for each in where[:-1]:
            at = at[each]
        at[where[-1]] = value

    return change


account = partial(_set, "run", "account")

SPOILT: dict[str, tuple[Callable[[Json], None], str]] = {
    "of another account": (account("account_id", value="another"), "account_id"),
    "of a later edition": (account("edition", value=99), "edition"),
    "of a later form": (_set("version", value=2), "version"),
    "with what is not known": (account("payment", "tip", value=1), "record"),
    "in no state": (account("state", value="asleep"), "state"),
    "never opened": (account("state", value="new"), "state"),
    "without its term": (account("term", value=None), "term"),
    "without its anchor": (account("anchor", value=None), "anchor"),
    "with another's payment": (account("payment", "key", value="another:1"), "payment.key"),
    "with payments not counted": (account("payment_count", value=0), "payment.key"),
    "with a gap at its end": (account("sequence", value=9), "timeline"),
    "with another's customer": (account("customer_id", value="../v1/charges"), "customer_id"),
    "with a time without zone": (account("term", "end", value="2027-01-01T00:00:00"), "term.end"),
    "without an account": (_set("run", "account", value=None), "account"),
    "without anything": (_set("run", value=None), "run"),
}
"""What a record may have suffered, and the field that is named."""


@pytest.mark.usefixtures("worker")
async def test_R20_R27_a_record_is_checked_whole_before_anything_is_written(operator: Api, temporal: Client) -> None:
    """422 with the field, and no workflow begins."""
    account_id, path = await opened(operator)
    record = await operator.get(f"{path}/record")
    await delete(temporal, account_id)
    for what, (spoil, field) in SPOILT.items():
        spoilt = json.loads(json.dumps(record))
        spoil(spoilt)
        answer = await operator.ask("POST", f"{path}/restore", {"record": spoilt})
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request"), what
        assert any(each["field"].endswith(field) for each in answer.json()["errors"]), (what, answer.text)
    answer = await operator.ask("POST", f"{path}/restore", {"record": record, "from": "the backup"})
    assert (answer.status_code, [each["field"] for each in answer.json()["errors"]]) == (422, ["from"])
    with pytest.raises(RPCError):
        await temporal.get_workflow_handle(workflow_id(account_id)).describe()


# ---------------------------------------------------------------------- of a history that cannot be replayed


@workflow.defn(name=WORKFLOW)
class OfAnotherRelease:
    """A workflow of the same name, whose history is none that this release could have."""

    @workflow.run
    async def run(self, _: AccountRun) -> None:
        await workflow.execute_activity("none_of_ours", start_to_close_timeout=timedelta(days=1))


async def test_R27_an_account_whose_history_cannot_be_replayed(
    operator: Api, temporal: Client, stripe_side: StripeSide
) -> None:
    """It says so, to reads as well; from what its run began with it is restored when asked, and from a newer record."""
    settings = worker_settings(stripe_side)
    async with account_worker(temporal, settings):
        accounts = [await opened(operator) for _ in range(2)]
        records = [await operator.get(f"{path}/record") for _, path in accounts]
        for account_id, _ in accounts:
            await delete(temporal, account_id)
    runner = UnsandboxedWorkflowRunner()
    async with Worker(temporal, task_queue=TASK_QUEUE, workflows=[OfAnotherRelease], workflow_runner=runner):
        for (account_id, _), record in zip(accounts, records, strict=True):
            run = AccountRun.model_validate(record["run"])
            assert run.account is not None
            handle = await temporal.start_workflow(
                WORKFLOW,
                run,
                id=workflow_id(account_id),
                task_queue=TASK_QUEUE,
                search_attributes=search_attributes(run.account),
            )
            await until(
                handle.fetch_history,
                lambda it: it.events[-1].event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED,
            )
            await handle.terminate()
    async with account_worker(temporal, settings):
        for (_, path), record in zip(accounts, records, strict=True):
            answer = await operator.ask("GET", path)
            assert (answer.status_code, answer.json()["code"]) == (409, "record_unreadable")
            assert (await operator.get(f"{path}/access"))["restorable"] is True
            assert await refused(operator, path) == (409, "record_unreadable")
            began = await operator.get(f"{path}/record?from_run_start=true")
            assert began["run"] == record["run"]
        (_, first), (_, second) = accounts
        restored = await operator.ask("POST", f"{first}/restore", {"from_run_start": True})
        assert (restored.status_code, restored.json()["state"]) == (200, "active")
        assert "when its last run began" in (await operator.get(f"{first}/timeline"))["timeline"][0]["reason"]
        given = await operator.ask("POST", f"{second}/restore", {"record": records[1]})
        assert (given.status_code, given.json()["state"]) == (200, "active")
    assert [stripe_side.charged(account_id) for account_id, _ in accounts] == [[7500], [7500]]
