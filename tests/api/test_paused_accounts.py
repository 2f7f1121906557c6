"""R27: accounts whose workflow somebody has paused in the Temporal UI: nothing is lost, and each answer says why."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from temporalio.api.workflowservice.v1 import PauseWorkflowExecutionRequest, UnpauseWorkflowExecutionRequest
from temporalio.client import Client

from reprise.web import create_app
from reprise.worker import account_worker
from reprise.workflows.messages import workflow_id
from tests.api.conftest import Api, api_settings, new_account, served, token
from tests.stripe_side import StripeSide
from tests.workflows.conftest import worker_settings
from tests.workflows.dev_server import dev_server


@pytest.fixture(scope="module")
async def pausable() -> AsyncIterator[Client]:
    """A dev server whose UI has the button; by itself the server does not show it."""
    async with dev_server(**{"frontend.WorkflowPauseEnabled": "true"}) as client:
        yield client


@pytest.fixture
async def shop(pausable: Client, stripe_side: StripeSide) -> AsyncIterator[Api]:
    """An operator's view of the API there."""
    app = create_app(api_settings(stripe_side, command_wait=8), pausable)
    async with account_worker(pausable, worker_settings(stripe_side)), served(app) as url:
        api = Api(url, token(scope="operator"))
        yield api
        await api.http.aclose()


def which(account_id: str) -> dict[str, str]:
    return {"namespace": "default", "workflow_id": workflow_id(account_id), "identity": "tests", "reason": "a click"}


async def until_carts(shop: Api, account_id: str, carts: int) -> None:
    async with asyncio.timeout(20):
        while (await shop.ask("GET", f"/v1/accounts/{account_id}")).json().get("carts") != carts:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def test_R27_a_paused_account_says_so_and_takes_up_what_came_meanwhile(shop: Api, pausable: Client) -> None:
    """Access and list go on; reads and commands say what to press; signals wait."""
    body = new_account()
    assert (await shop.ask("POST", "/v1/accounts", body)).status_code == 201
    path = f"/v1/accounts/{body['account_id']}"
    access = await shop.get(f"{path}/access")
    await pausable.workflow_service.pause_workflow_execution(PauseWorkflowExecutionRequest(**which(body["account_id"])))
    for method, where, sent in (
        ("GET", path, None),
        ("GET", f"{path}/timeline", None),
        ("GET", f"{path}/reactivation-quote", None),
        ("PUT", f"{path}/carts", {"carts": 5}),
        ("POST", f"{path}/cancel", None),
        ("POST", "/v1/accounts", body),
    ):
        async with asyncio.timeout(4):  # said at once, not when the wait is over
            answer = await shop.ask(method, where, sent)
        assert (answer.status_code, answer.json()["code"]) == (503, "engine_unavailable"), answer.text
        assert "Unpause" in answer.json()["detail"]
    assert await shop.get(f"{path}/access") == access
    listed = {each["account_id"]: each["stopped"] for each in (await shop.get("/v1/accounts"))["accounts"]}
    assert listed[body["account_id"]] is False
    later = await shop.ask("PUT", f"{path}/carts", {"carts": 7}, Prefer="respond-async")
    assert later.status_code == 503  # what a 202 shows, nobody can read; the command is recorded all the same
    await pausable.workflow_service.unpause_workflow_execution(
        UnpauseWorkflowExecutionRequest(**which(body["account_id"]))
    )
    await until_carts(shop, body["account_id"], 7)
    assert (await shop.get(path))["state"] == "active"
