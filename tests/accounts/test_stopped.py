"""R27: accounts whose workflow was ended from outside. What is known is still told; what would change it is refused."""

import json
from datetime import timedelta
from typing import Any

import pytest
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHandle

from reprise.temporal.search_attributes import ACCOUNT_STATE
from reprise.worker import account_worker
from reprise.workflows.messages import TASK_QUEUE, WORKFLOW, AccountRun, workflow_id
from tests.api_accounts import opened_id
from tests.api_side import Api, Callers, Json, new_account
from tests.buttons import Buttons
from tests.stripe_events import header
from tests.stripe_side import StripeSide
from tests.waiting import until
from tests.worker_side import worker_settings

COMMANDS: list[tuple[str, str, Json | None]] = [
    ("POST", "cancel", None),
    ("POST", "reactivate", None),
    ("PUT", "carts", {"carts": 5}),
    ("PUT", "email", {"email": "new@example.com"}),
    ("PUT", "payment-method", {"payment_method": "pm_card_visa"}),
    ("POST", "disable", {"reason": "why"}),
    ("POST", "enable", None),
    ("POST", "extend", {"days": 3}),
    ("POST", "plan", {"currency": "usd", "unit_amount": 100}),
    ("POST", "close", None),
]


def workflow(temporal: Client, account_id: str) -> WorkflowHandle[Any, Any]:
    return temporal.get_workflow_handle(workflow_id(account_id))


async def terminated(operator: Api, temporal: Client, **changes: Any) -> str:
    """An account that somebody has terminated in the Temporal UI."""
    account = await opened_id(operator, **changes)
    await Buttons(temporal, account).terminate()
    return account


@pytest.mark.usefixtures("worker")
async def test_R27_what_is_known_of_a_terminated_account_is_told(
    operator: Api, caller: Callers, temporal: Client
) -> None:
    """Account, timeline, quote, access, invoices, as they were; by its billing user as well."""
    body = new_account()
    path = f"/v1/accounts/{body['account_id']}"
    await operator.ask("POST", "/v1/accounts", body)
    user = caller(body["account_id"])
    reads = [(who, f"{path}{each}") for who in (operator, user) for each in ("", "/access", "/timeline", "/invoices")]
    before = [await who.get(each) for who, each in reads]
    await workflow(temporal, body["account_id"]).terminate()
    for (who, each), said in zip(reads, before, strict=True):
        restorable = {"restorable": True} if "restorable" in said else {}
        assert await who.get(each) == {**said, **restorable}, each
    assert before[1]["access"] is True
    quote = await user.ask("GET", f"{path}/reactivation-quote")
    assert (quote.status_code, quote.json()["code"]) == (409, "already_in_service")


@pytest.mark.usefixtures("worker")
async def test_R27_a_lapsed_accounts_quote_is_still_told(operator: Api, temporal: Client) -> None:
    """What coming back costs, once somebody has taken it up again."""
    account_id = await terminated(operator, temporal, paid_through="2026-01-15T10:00:00Z")
    assert (await operator.get(f"/v1/accounts/{account_id}/reactivation-quote"))["amount_due"] == 7500
    assert (await operator.get(f"/v1/accounts/{account_id}/access"))["access"] is False


@pytest.mark.usefixtures("worker")
async def test_R27_every_command_is_refused_with_what_to_do(
    operator: Api, temporal: Client, stripe_side: StripeSide
) -> None:
    """409 `account_stopped`, awaited or not; it names `restore`, and nothing is charged."""
    account_id = await terminated(operator, temporal)
    for method, what, body in COMMANDS:
        for headers in ({}, {"Prefer": "respond-async"}):
            answer = await operator.ask(method, f"/v1/accounts/{account_id}/{what}", body, **headers)
            assert (answer.status_code, answer.json()["code"]) == (409, "account_stopped"), what
            assert "terminated" in answer.json()["detail"]
            assert "restore" in answer.json()["detail"]
    assert stripe_side.charged(account_id) == [7500]


@pytest.mark.usefixtures("worker")
async def test_R1_the_id_of_an_account_that_has_ended_is_taken(
    operator: Api, temporal: Client, stripe_side: StripeSide
) -> None:
    """409, never 500, and no second charge; a repeat of the request that opened it gets its first answer (R14)."""
    body = new_account()
    opened = await operator.ask("POST", "/v1/accounts", body, Idempotency_Key="first")
    await workflow(temporal, body["account_id"]).terminate()
    answer = await operator.ask("POST", "/v1/accounts", body)
    assert (answer.status_code, answer.json()["code"]) == (409, "account_exists")
    again = await operator.ask("POST", "/v1/accounts", body, Idempotency_Key="first")
    assert (again.status_code, again.json()) == (201, opened.json())
    assert stripe_side.charged(body["account_id"]) == [7500]


async def test_R16_access_to_a_terminated_account_needs_no_worker(
    temporal: Client, operator: Api, stripe_side: StripeSide
) -> None:
    """What it said before: from the last search attributes, compared with the clock."""
    async with account_worker(temporal, worker_settings(stripe_side)):
        account_id = await terminated(operator, temporal)
        lapsed = await terminated(operator, temporal, paid_through="2026-01-15T10:00:00Z")
    access = await operator.get(f"/v1/accounts/{account_id}/access")
    assert (access["access"], access["state"]) == (True, "active")
    assert access["grace_until"] == access["until"] > access["term_end"]
    assert (await operator.get(f"/v1/accounts/{lapsed}/access"))["state"] == "disabled"


@pytest.fixture
async def never_opened(temporal: Client, worker: None) -> str:  # noqa: ARG001 - it fails on a worker
    """A workflow that failed in its first task, as one does whose opening is refused there."""
    account_id = str(new_account()["account_id"])
    await temporal.start_workflow(WORKFLOW, AccountRun(), id=workflow_id(account_id), task_queue=TASK_QUEUE)
    await Buttons(temporal, account_id).ended(WorkflowExecutionStatus.FAILED)
    described = await workflow(temporal, account_id).describe()
    assert described.typed_search_attributes.get(ACCOUNT_STATE) is None
    return account_id


@pytest.mark.usefixtures("worker")
async def test_R1_an_opening_that_was_refused_has_left_no_account(operator: Api, never_opened: str) -> None:
    """404 for reads and commands, 409 for its id, and it is in no list."""
    path = f"/v1/accounts/{never_opened}"
    for each in ("", "/access", "/timeline", "/reactivation-quote", "/invoices"):
        answer = await operator.ask("GET", path + each)
        assert (answer.status_code, answer.json()["code"]) == (404, "account_not_found"), each
    for method, what, body in COMMANDS:
        answer = await operator.ask(method, f"{path}/{what}", body)
        assert (answer.status_code, answer.json()["code"]) == (404, "account_not_found"), what
    answer = await operator.ask("POST", "/v1/accounts", new_account(account_id=never_opened))
    assert (answer.status_code, answer.json()["code"]) == (409, "account_exists")


@pytest.mark.usefixtures("worker")
async def test_R27_an_account_that_timed_out(operator: Api, temporal: Client) -> None:
    """An execution time-out, which an operator's own script may have set, ends it as well: the same holds."""
    body = new_account(paid_through="2099-01-01T00:00:00Z")
    await operator.ask("POST", "/v1/accounts", body)
    account_id = f"{body['account_id']}-late"
    history = await workflow(temporal, body["account_id"]).fetch_history()
    started = history.events[0].workflow_execution_started_event_attributes.input.payloads
    run = (await temporal.data_converter.decode(started, [AccountRun]))[0]
    opening = run.opening.model_copy(update={"account_id": account_id})
    await temporal.start_workflow(
        WORKFLOW,
        run.model_copy(update={"opening": opening}),
        id=workflow_id(account_id),
        task_queue=TASK_QUEUE,
        execution_timeout=timedelta(seconds=6),
    )
    await until(lambda: operator.ask("GET", f"/v1/accounts/{account_id}"), lambda it: it.status_code == 200)
    await Buttons(temporal, account_id).ended(WorkflowExecutionStatus.TIMED_OUT)
    assert (await operator.get(f"/v1/accounts/{account_id}"))["state"] == "active"
    assert (await operator.get(f"/v1/accounts/{account_id}/access"))["access"] is True
    answer = await operator.ask("POST", f"/v1/accounts/{account_id}/cancel")
    assert (answer.json()["code"], "timed out" in answer.json()["detail"]) == ("account_stopped", True)
    again = await operator.ask("POST", "/v1/accounts", new_account(account_id=account_id))
    assert again.json()["code"] == "account_exists"


@pytest.mark.usefixtures("worker")
async def test_R15_hints_to_an_account_that_has_ended_are_ignored(
    operator: Api, caller: Callers, temporal: Client, never_opened: str
) -> None:
    """200: Stripe need not send them again."""
    stripe = caller()
    for account_id in (await terminated(operator, temporal), never_opened):
        for kind in ("invoice.paid", "invoice.payment_failed", "customer.deleted"):
            about = {"id": "in_x", "object": "invoice", "metadata": {"account_id": account_id}}
            event = {"id": "evt_1", "object": "event", "type": kind, "data": {"object": about}}
            payload = json.dumps(event).encode()
            signed = {"stripe-signature": header(payload)}
            answer = await stripe.http.post("/v1/webhooks/stripe", content=payload, headers=signed)
            assert answer.status_code == 200, answer.text


async def listed(operator: Api, query: str) -> dict[str, Json]:
    """Return every account of a list, page by page."""
    found: dict[str, Json] = {}
    cursor: str | None = ""
    while cursor is not None:
        page = await operator.get(f"/v1/accounts?limit=100{query}{cursor and '&cursor='}{cursor}")
        for each in page["accounts"]:
            assert each["account_id"] not in found, "listed twice"
            found[each["account_id"]] = each
        cursor = page["next_cursor"]
    return found


@pytest.mark.usefixtures("worker")
async def test_R27_the_list_shows_stopped_accounts_once_and_says_so(
    operator: Api, temporal: Client, never_opened: str
) -> None:
    """Terminated: shown as stopped. Reset by an operator: shown as it lives. Never opened: not at all."""
    stopped = await terminated(operator, temporal)
    body = new_account()
    await operator.ask("POST", "/v1/accounts", body)
    reset = str(body["account_id"])
    await Buttons(temporal, reset).reset(0)
    found = await until(
        lambda: listed(operator, "&state=active"),
        lambda them: stopped in them and reset in them and them[stopped]["stopped"],
        seconds=30,
    )
    assert (found[stopped]["restorable"], found[reset]["restorable"]) == (True, False)
    assert found[reset]["stopped"] is False
    assert never_opened not in found
    assert never_opened not in await listed(operator, "")
    assert (await operator.ask("POST", f"/v1/accounts/{reset}/cancel")).status_code == 200


async def test_an_account_that_no_worker_has_taken_up_is_in_the_list(temporal: Client, operator: Api) -> None:
    """It has no search attributes yet: `new`, and the list is answered all the same."""
    body = new_account(paid_through="2099-01-01T00:00:00Z")
    await temporal.start_workflow(
        WORKFLOW, AccountRun(), id=workflow_id(body["account_id"]), task_queue="nobody-polls-here"
    )
    try:
        found = await until(lambda: listed(operator, ""), lambda them: body["account_id"] in them)
        shown = found[body["account_id"]]
        assert (shown["state"], shown["stopped"]) == ("new", False)
        assert {shown[name] for name in ("payment_status", "carts", "term_ends_at", "access_until")} == {None}
        assert (await operator.get(f"/v1/accounts/{body['account_id']}/access"))["access"] is False
    finally:
        await workflow(temporal, body["account_id"]).terminate()
