"""The audit: who asked what of which account, how it ended, and nothing personal."""

import json
import re
from typing import Any

import pytest
from structlog.testing import capture_logs

from reprise.http.audit import pseudonym
from tests.api_side import Api, Callers, Json, new_account, token
from tests.plain_http import plain_client

pytestmark = pytest.mark.usefixtures("worker")

EMAIL = "ada.lovelace@example.com"


def audited(logs: Any) -> list[Json]:
    return [dict(each) for each in logs if each["event"] == "audit"]


async def test_each_authenticated_request_leaves_one_line(operator: Api, caller: Callers) -> None:
    """Taken and refused, with what an operator needs to find out who it was."""
    made = new_account(paid_through="2099-01-01T00:00:00Z")
    account = made["account_id"]
    path = f"/v1/accounts/{account}"
    user, stranger = caller(account, sub=EMAIL), caller("another", sub="eve")
    wrong, none = caller(bearer="nonsense"), caller()
    del none.http.headers["authorization"]
    with capture_logs() as logs:
        await operator.ask("POST", "/v1/accounts", made, X_Request_Id="r-1")
        await user.ask("POST", f"{path}/cancel", {"reason": "ask ada.lovelace@example.com"}, X_Request_Id="r-2")
        await user.ask("POST", f"{path}/disable", X_Request_Id="r-3")
        await stranger.ask("GET", path, X_Request_Id="r-4")
        await wrong.ask("GET", path, X_Request_Id="r-5")
        await none.ask("GET", path, X_Request_Id="r-6")
        await user.ask("PUT", f"{path}/carts", {"carts": -1}, X_Request_Id="r-7")
        await none.ask("GET", "/healthz", X_Request_Id="r-8")
    lines = {each["request_id"]: each for each in audited(logs)}
    assert sorted(lines) == ["r-1", "r-2", "r-3", "r-4", "r-5", "r-7"], "none without a token"
    told = [
        (each["kind"], each["caller"], each["account"], each["what"], each["outcome"], each["status"], each["code"])
        for _, each in sorted(lines.items())
    ]
    ada, eve, ops = pseudonym(EMAIL), pseudonym("eve"), pseudonym("tester")
    at = "/v1/accounts/{account_id}"
    assert told == [
        ("operator", ops, account, "POST /v1/accounts", "done", 201, None),
        ("billing", ada, account, f"POST {at}/cancel", "done", 200, None),
        ("billing", ada, account, f"POST {at}/disable", "refused", 403, "operator_required"),
        ("billing", eve, account, f"GET {at}", "refused", 404, "account_not_found"),
        ("unknown", None, account, f"GET {at}", "refused", 401, "unauthorized"),
        ("billing", ada, account, f"PUT {at}/carts", "refused", 422, "invalid_request"),
    ]
    assert re.fullmatch("[0-9a-f]{32}", lines["r-2"]["token"]), "by which it can be revoked"
    assert not re.search("lovelace|example|nonsense|Bearer", json.dumps(logs, default=str))


async def test_the_pages_leave_theirs(operator: Api, api_url: str) -> None:
    """Signing in, looking, pressing a button; a link or a cookie that is none as well."""
    made = new_account(paid_through="2099-01-01T00:00:00Z")
    account = made["account_id"]
    await operator.ask("POST", "/v1/accounts", made)
    user = {"user": {"id": EMAIL, "name": "Ada Lovelace", "billing_access": True}}
    url = (await operator.ask("POST", f"/v1/accounts/{account}/portal-sessions", user)).json()["url"]
    with capture_logs() as logs:
        async with plain_client(base_url=api_url, timeout=30) as browser:
            await browser.get(url)
            await browser.get(f"/portal/accounts/{account}/history")
            await browser.get("/portal/accounts/another")
            await browser.post(f"/portal/accounts/{account}/cancel", data={"key": "x"})
            await browser.get(url)
            await browser.get("/portal/sign-in/forged")
            browser.cookies.clear()
            await browser.get(f"/portal/accounts/{account}")
            await browser.get(f"/portal/accounts/{account}", headers={"cookie": "reprise_portal=forged"})
    ada = pseudonym(EMAIL)
    assert [(each["kind"], each["caller"], each["account"], each["status"]) for each in audited(logs)] == [
        ("portal", ada, account, 303),
        ("portal", ada, account, 200),
        ("portal", ada, "another", 404),
        ("portal", ada, account, 403),
        ("portal", ada, account, 410),
        ("unknown", None, None, 410),
        ("unknown", None, account, 401),
    ]
    assert not re.search("lovelace|example|forged", json.dumps(logs, default=str), re.IGNORECASE)
    assert url.rpartition("/")[2] not in json.dumps(logs, default=str)


async def test_nothing_that_was_sent_gets_into_the_line(caller: Callers) -> None:
    """No account that can be none, no token's id that is a text, no line break."""
    odd = caller(bearer=token("a\nb", sub="x\ny"))
    with capture_logs() as logs:
        await odd.ask("GET", "/v1/accounts/ada%40example.com")
        await odd.ask("GET", "/v1/accounts/a%0Ab")
    assert [each["account"] for each in audited(logs)] == [None, None]
    assert "\\n" not in json.dumps(audited(logs))
