"""R14: an idempotency key is its caller's own. What one caller sends under a key is nothing to another caller's."""

import re

import pytest
from temporalio.client import Client

from reprise.accounts.client import Accounts
from reprise.http.idempotency import ids_of
from reprise.statemachine.commands import Cancel, SetCarts
from reprise.statemachine.timeline import Actor, ActorKind
from reprise.workflows import requests
from reprise.workflows.messages import workflow_id
from tests.api_accounts import opened_id
from tests.api_side import Api, Callers, new_account
from tests.plain_http import plain_client
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("worker")

KEY = "month-end-2027-02"


async def test_R14_a_billing_user_cannot_use_up_an_operators_key(operator: Api, caller: Callers) -> None:
    """Nor another user's; each gets the first answer to their own."""
    account = await opened_id(operator, paid_through="2099-01-01T00:00:00Z")
    path = f"/v1/accounts/{account}/carts"
    ada, bob = caller(account, sub="ada"), caller(account, sub="bob")
    for who, carts in ((ada, 5), (bob, 6), (operator, 7)):
        answer = await who.ask("PUT", path, {"carts": carts}, Idempotency_Key=KEY)
        assert (answer.status_code, answer.json()["carts"]) == (200, carts)
    for who, carts in ((ada, 5), (bob, 6), (operator, 7)):
        again = await who.ask("PUT", path, {"carts": carts}, Idempotency_Key=KEY)
        assert (again.status_code, again.json()["carts"]) == (200, carts), "the first answer"
        other = await who.ask("PUT", path, {"carts": 9}, Idempotency_Key=KEY)
        assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")
    assert (await operator.get(f"/v1/accounts/{account}"))["carts"] == 7


async def test_R14_operators_and_the_backend_share_theirs(operator: Api, caller: Callers) -> None:
    """As before: whoever of them repeats a request of the service's, it is done once."""
    account = await opened_id(operator, paid_through="2099-01-01T00:00:00Z")
    path = f"/v1/accounts/{account}/disable"
    other = caller(scope="operator", sub="another")
    for who in (operator, other):
        assert (await who.ask("POST", path, {"reason": "x"}, Idempotency_Key=KEY)).status_code == 200
    assert (await operator.get(f"/v1/accounts/{account}"))["sequence"] == 2


async def test_R14_a_pages_keys_are_the_visitors(operator: Api, api_url: str) -> None:
    """Two users send the same form key: two commands. One sends it twice: one."""
    account = await opened_id(operator, paid_through="2099-01-01T00:00:00Z")
    key = "0b9e6c1e-6f0c-4c38-9d0a-2f6d2a3c9b11"
    for user, carts, sequence in (("ada", "5", 2), ("ada", "5", 2), ("bob", "6", 3)):
        body = {"user": {"id": user, "billing_access": True}}
        link = (await operator.ask("POST", f"/v1/accounts/{account}/portal-sessions", body)).json()["url"]
        async with plain_client(base_url=api_url, timeout=30) as browser:
            await browser.get(link)
            page = await browser.get(f"/portal/accounts/{account}/subscription")
            token = re.findall(r'name="forms_token" value="(\w+)"', page.text)[0]
            form = {"forms_token": token, "key": key, "carts": carts}
            assert (await browser.post(f"/portal/accounts/{account}/subscription", data=form)).status_code == 303
        assert (await operator.get(f"/v1/accounts/{account}"))["sequence"] == sequence


async def test_R14_answers_that_an_earlier_release_stored_are_found(
    operator: Api, caller: Callers, temporal: Client
) -> None:
    """0.1.0 kept billing users' answers under their bare keys: a repeat after the upgrade is still a repeat."""
    account = await opened_id(operator, paid_through="2099-01-01T00:00:00Z")
    path = f"/v1/accounts/{account}"
    accounts = Accounts(temporal, command_wait=8, announce=False)
    ada = Actor(kind=ActorKind.USER, id="ada")
    await accounts.command(account, SetCarts(carts=5, actor=ada, command_id=KEY))
    await accounts.command(account, Cancel(actor=ada, command_id="other"))
    user = caller(account, sub="ada")
    again = await user.ask("PUT", f"{path}/carts", {"carts": 5}, Idempotency_Key=KEY)
    assert (again.status_code, again.json()["carts"], again.json()["state"]) == (200, 5, "active"), "the first answer"
    assert (await operator.get(path))["sequence"] == 3
    signalled = await user.ask("PUT", f"{path}/carts", {"carts": 5}, Idempotency_Key=KEY, Prefer="respond-async")
    assert signalled.status_code == 202
    other = await user.ask("PUT", f"{path}/carts", {"carts": 6}, Idempotency_Key=KEY)
    assert other.json()["code"] == "idempotency_key_reused"
    bob = caller(account, sub="bob")
    fresh = await bob.ask("PUT", f"{path}/carts", {"carts": 6}, Idempotency_Key=KEY)
    assert (fresh.status_code, fresh.json()["carts"]) == (200, 6), "an answer to other content is another caller's"
    assert (await operator.get(path))["sequence"] == 4


def test_R14_ids_name_nobody_and_fit() -> None:
    """Whatever the key and the user: short enough for a command, and not to be read back."""
    for key in ("k", "x" * 255):
        made = ids_of(key, user="ada@example.com")
        assert re.fullmatch(r"user-[0-9a-f]{40}", str(made["command_id"]))
        assert made["earlier_id"] == key
        SetCarts(carts=1, **made)
    assert ids_of("k", user=None) == {"command_id": "k"}
    assert ids_of(None, user="ada")["command_id"] != ids_of(None, user="ada")["command_id"]
    assert ids_of("b", user="a")["command_id"] != ids_of("\0b", user="a")["command_id"]


async def test_R14_an_opening_is_known_by_its_key_for_good(
    operator: Api, temporal: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many commands and runs came since: the same request finds the account, another one is a conflict."""
    monkeypatch.setattr(requests, "ANSWERS_KEPT", 1)
    made, key = new_account(paid_through="2099-01-01T00:00:00Z"), "import-of-a-row"
    path = f"/v1/accounts/{made['account_id']}"
    assert (await operator.ask("POST", "/v1/accounts", made, Idempotency_Key=key)).status_code == 201
    for carts in (5, 6):
        assert (await operator.ask("PUT", f"{path}/carts", {"carts": carts})).status_code == 200
    workflow = temporal.get_workflow_handle(workflow_id(made["account_id"]))
    first = (await workflow.describe()).run_id
    await workflow.signal("start_new_run")
    await until(workflow.describe, lambda it: it.run_id != first)
    again = await operator.ask("POST", "/v1/accounts", made, Idempotency_Key=key)
    assert (again.status_code, again.json()["carts"]) == (201, 6), "the account as it stands"
    for body, other in ((made, "another-key"), ({**made, "carts": 4}, key)):
        refused = await operator.ask("POST", "/v1/accounts", body, Idempotency_Key=other)
        assert (refused.status_code, refused.json()["code"]) == (409, "account_exists")
    assert (await operator.get(path))["sequence"] == 3
