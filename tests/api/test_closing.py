"""R13 over HTTP: closing is answered though the account's run ends with it, and the run that goes on names nobody."""

import pytest
from temporalio.client import Client

from reprise.workflows.messages import workflow_id
from tests.api_side import Api, Callers, new_account, token
from tests.stripe_side import StripeSide
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("worker")

PEOPLE = ("ada.lovelace", "bob.operator", "owner@example.com", "moving to Rome")


async def test_R13_closing_is_answered_and_leaves_nobodys_name(
    caller: Callers, temporal: Client, stripe_side: StripeSide
) -> None:
    """200, also for a repeat; what the operator's key, the user's reason and the token's subject said is gone."""
    body = new_account()
    account = str(body["account_id"])
    bob = caller(bearer=token(scope="operator", sub="bob.operator"))
    ada = caller(bearer=token(account, sub="ada.lovelace"))
    assert (await bob.ask("POST", "/v1/accounts", body, Idempotency_Key="bob.operator-opens")).status_code == 201
    left = {"when": "now", "reason": "moving to Rome"}
    cancelled = await ada.ask("POST", f"/v1/accounts/{account}/cancel", left, Idempotency_Key="ada.lovelace-leaves")
    assert cancelled.status_code == 200
    close = [await _closed(bob, account) for _ in range(2)]
    assert close[0] == close[1]
    assert (close[0]["state"], close[0]["email"]) == ("closed", None)
    assert not await _named(temporal, account)
    mine = stripe_side.customers(account)
    assert [(each["email"], each["invoice_settings"]["default_payment_method"]) for each in mine] == [(None, None)]
    assert stripe_side.charged(account) == [7500]
    shown = await bob.get(f"/v1/accounts/{account}/timeline")
    assert not [each for each in PEOPLE if each in str(shown)]


async def _closed(operator: Api, account: str) -> dict[str, object]:
    answer = await operator.ask("POST", f"/v1/accounts/{account}/close", Idempotency_Key="bob.operator-closes")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def _named(temporal: Client, account: str) -> list[str]:
    """Whom the start of the run names in which the account goes on."""
    handle = temporal.get_workflow_handle(workflow_id(account))
    first = await until(
        lambda: anext(handle.fetch_history_events()),
        lambda it: it.workflow_execution_started_event_attributes.continued_execution_run_id,
        seconds=30,
    )
    return [each for each in PEOPLE if each.encode() in first.SerializeToString()]
