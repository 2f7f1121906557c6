"""One request is followed from HTTP to Stripe by one search over the logs of API and worker."""

import logging
import uuid
from typing import Any

import pytest
import structlog
from structlog.testing import capture_logs

from tests.api_side import Api, Callers, new_account

pytestmark = pytest.mark.usefixtures("worker")


def bound(logger: Any, method: str, line: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """As `configure_logs` has it: a line carries what is bound, and what it says itself counts."""
    return structlog.contextvars.merge_contextvars(logger, method, line)


async def lapsed(operator: Api) -> str:
    made = new_account(paid_through="2026-01-31T10:00:00Z", payment_method="pm_card_visa")
    assert (await operator.ask("POST", "/v1/accounts", made)).status_code == 201
    return str(made["account_id"])


async def test_a_reactivation_is_followed_from_its_request_to_stripe(operator: Api, caller: Callers) -> None:
    """From the request's id to the command's, and by that to each request at Stripe, by Stripe's own id."""
    account = await lapsed(operator)
    user = caller(account)
    with capture_logs(processors=[bound]) as logs:
        headers = {"X_Request_Id": "r-follow", "Idempotency_Key": f"{uuid.uuid4()}"}
        answer = await user.ask("POST", f"/v1/accounts/{account}/reactivate", {}, **headers)
        assert (answer.status_code, answer.json()["state"]) == (200, "reactivated")
    (request,) = [each for each in logs if each.get("request_id") == "r-follow" and each["event"] == "request"]
    found = [each for each in logs if each.get("command_id") == request["command_id"]]
    asked = [each for each in found if each["event"] == "stripe request"]
    key = answer.json()["payment"]["key"]
    (paid,) = [each for each in asked if each["path"].endswith("/pay")]
    assert (paid["status"], paid["account"], paid["payment_key"]) == (200, account, key)
    assert paid["workflow_id"] == f"account-{account}"
    assert paid["run_id"]
    assert paid["activity"] == "collect"
    assert len({each["stripe_request_id"] for each in asked}) == len(asked) >= 4
    (outcome,) = [each for each in found if each["event"] == "payment attempt"]
    assert (outcome["payment_key"], outcome["outcome"], outcome["payment_attempt"]) == (key, "paid", 1)
    assert {each["account"] for each in found} == {account}
    assert {each["request_id"] for each in found if each["event"] in {"request", "audit"}} == {"r-follow"}


async def test_lines_of_another_request_carry_nothing_of_this_one(operator: Api) -> None:
    """Whatever the connection is shared by."""
    account = await lapsed(operator)
    with capture_logs(processors=[bound]) as logs:
        await operator.ask("POST", f"/v1/accounts/{account}/disable", X_Request_Id="r-one")
        await operator.ask("GET", "/healthz", X_Request_Id="r-two")
    ours = [each for each in logs if each["event"] == "request" and each.get("request_id") in {"r-one", "r-two"}]
    one, two = ours  # webhooks of other tests may come in between
    assert (one["request_id"], one["account"]) == ("r-one", account)
    assert two["request_id"] == "r-two"
    assert not {"account", "command_id"} & two.keys()


async def test_what_temporal_logs_has_no_dictionary_in_its_text(
    operator: Api, caplog: pytest.LogCaptureFixture
) -> None:
    """A command that its workflow refuses: the command's id is a field."""
    account = await lapsed(operator)
    caplog.set_level(logging.INFO)
    asked = [operator.ask("POST", f"/v1/accounts/{account}/cancel", {}, Prefer="respond-async", Idempotency_Key="k-1")]
    assert [(await each).status_code for each in asked] == [202]
    told = [each for each in caplog.records if each.name.startswith("temporalio.workflow")]
    assert [(each.getMessage(), vars(each)["command_id"], vars(each)["code"]) for each in told] == [
        ("a command was refused", "k-1", "not_in_service")
    ]
