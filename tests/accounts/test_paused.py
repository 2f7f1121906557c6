"""R27: accounts whose workflow somebody has paused in the Temporal UI: nothing is lost, and each answer says why."""

import asyncio

import pytest
from temporalio.client import Client

from tests.api_side import Api, new_account
from tests.buttons import Buttons
from tests.waiting import until


@pytest.mark.usefixtures("worker")
async def test_R27_a_paused_account_says_so_and_takes_up_what_came_meanwhile(operator: Api, temporal: Client) -> None:
    """Access and list go on; reads and commands say what to press; signals wait."""
    body = new_account()
    assert (await operator.ask("POST", "/v1/accounts", body)).status_code == 201
    path = f"/v1/accounts/{body['account_id']}"
    access = await operator.get(f"{path}/access")
    await Buttons(temporal, body["account_id"]).pause()
    for method, where, sent in (
        ("GET", path, None),
        ("GET", f"{path}/timeline", None),
        ("GET", f"{path}/reactivation-quote", None),
        ("PUT", f"{path}/carts", {"carts": 5}),
        ("POST", f"{path}/cancel", None),
        ("POST", "/v1/accounts", body),
    ):
        async with asyncio.timeout(7):  # said at once, not when the wait is over
            answer = await operator.ask(method, where, sent)
        assert (answer.status_code, answer.json()["code"]) == (503, "engine_unavailable"), answer.text
        assert "Unpause" in answer.json()["detail"]
    assert await operator.get(f"{path}/access") == access
    listed = {
        each["account_id"]: each["stopped"] for each in (await operator.get("/v1/accounts?limit=100"))["accounts"]
    }
    assert listed[body["account_id"]] is False
    later = await operator.ask("PUT", f"{path}/carts", {"carts": 7}, Prefer="respond-async")
    assert later.status_code == 503  # what a 202 shows, nobody can read; the command is recorded all the same
    await Buttons(temporal, body["account_id"]).unpause()
    await until(lambda: operator.ask("GET", path), lambda it: it.json().get("carts") == 7)
    assert (await operator.get(path))["state"] == "active"
