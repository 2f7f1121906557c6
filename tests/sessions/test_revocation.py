"""R19: what was given is taken back: tokens by their id or their subject, sessions by user or account."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import httpx
import jwt
import pytest
from temporalio.client import Client

from reprise.sessions import revocations
from reprise.web import create_app
from reprise.workflows.messages import revocation_id
from tests.api_accounts import opened_id
from tests.api_side import SECRET, Api, Callers, api_settings, served, token
from tests.plain_http import plain_client
from tests.portal.over_http import link
from tests.stripe_side import StripeSide

LATER = 9_999_999_999


def issued(sub: str, **claims: Any) -> str:
    given = {"sub": sub, "scope": "operator", "exp": LATER, "iat": int(time.time()) - 60, **claims}
    return jwt.encode({name: value for name, value in given.items() if value is not None}, SECRET, "HS256")


@pytest.fixture
async def elsewhere(temporal: Client, stripe_side: StripeSide) -> AsyncIterator[str]:
    """Another API process: it shares nothing with the first but Temporal and the secret."""
    async with served(create_app(api_settings(stripe_side), temporal)) as url:
        yield url


async def status(url: str, bearer: str) -> int:
    async with plain_client(base_url=url, timeout=30) as http:
        return (await http.get("/v1/accounts", headers={"authorization": f"Bearer {bearer}"})).status_code


async def test_R19_a_token_is_revoked_by_its_id(
    operator: Api, api_url: str, elsewhere: str, temporal: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At once where it was revoked, everywhere within the time that answers are believed; no worker is needed."""
    one, other = issued("svc-1", jti="token-1"), issued("svc-1", jti="token-2")
    assert await status(api_url, one) == await status(elsewhere, one) == 200
    expires = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    said = await operator.ask("POST", "/v1/tokens/revoke", {"jti": "token-1", "expires_at": expires})
    assert (said.status_code, said.content) == (204, b"")
    assert await status(api_url, one) == 401
    assert await status(elsewhere, one) == 200, "an answer is believed for a few seconds"
    monkeypatch.setattr(revocations, "BELIEVED_FOR", 0.0)
    assert await status(elsewhere, one) == 401
    assert await status(elsewhere, other) == 200
    record = await temporal.get_workflow_handle(revocation_id("token", "token-1")).describe()
    assert "token-1" not in record.id
    again = await operator.ask("POST", "/v1/tokens/revoke", {"jti": "token-1", "expires_at": expires})
    assert again.status_code == 204


async def test_R19_all_tokens_of_a_subject_until_now(operator: Api, api_url: str) -> None:
    """Older ones, and those that do not say how old they are; not later ones, and nobody else's."""
    old, undated = issued("ada"), issued("ada", iat=None)
    assert await status(api_url, old) == await status(api_url, undated) == 200
    assert (await operator.ask("POST", "/v1/subjects/revoke", {"subject": "ada"})).status_code == 204
    assert [await status(api_url, each) for each in (old, undated)] == [401, 401]
    assert await status(api_url, issued("ada", iat=int(time.time()) + 5)) == 200, "within the leeway, and later"
    assert await status(api_url, issued("bob")) == 200


async def test_R19_a_token_of_this_second_is_as_old_as_what_is_revoked_in_it(
    operator: Api, api_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tokens say whole seconds: what was issued a moment before is not to outlive the revocation."""
    second = int(time.time())
    monkeypatch.setattr(revocations, "time", SimpleNamespace(time=lambda: second + 0.9, monotonic=time.monotonic))
    assert (await operator.ask("POST", "/v1/subjects/revoke", {"subject": "lin"})).status_code == 204
    assert await status(api_url, issued("lin", iat=second)) == 401
    assert await status(api_url, issued("lin", iat=second + 1)) == 200


async def test_R19_a_revocation_never_moves_back(operator: Api, api_url: str) -> None:
    """An earlier instant said later does not bring back what was revoked."""
    hour = datetime.now(UTC) - timedelta(hours=1)
    for not_before in (None, hour.isoformat()):
        body = {"subject": "eve", "not_before": not_before}
        assert (await operator.ask("POST", "/v1/subjects/revoke", body)).status_code == 204
    assert await status(api_url, issued("eve")) == 401
    body = {"subject": "mallory", "not_before": hour.isoformat()}
    await operator.ask("POST", "/v1/subjects/revoke", body)
    assert await status(api_url, issued("mallory")) == 200
    assert await status(api_url, issued("mallory", iat=int(hour.timestamp()) - 1)) == 401


async def test_R19_who_may_revoke_tokens(caller: Callers) -> None:
    """Operators alone; what they say is checked (R20)."""
    for path, body in (("tokens", {"jti": "t"}), ("subjects", {"subject": "s"})):
        for scope in ("billing", "backend"):
            answer = await caller("shop-1", scope=scope).ask("POST", f"/v1/{path}/revoke", body)
            assert (answer.status_code, answer.json()["code"]) == (403, "operator_required")
        for wrong in ({}, {"surprise": 1}, {next(iter(body)): ""}, {next(iter(body)): "x" * 256}, {**body, "sub": 1}):
            assert (await caller(scope="operator").ask("POST", f"/v1/{path}/revoke", wrong)).status_code == 422, wrong


# ---------------------------------------------------------------------- sessions of the pages


Signed = Callable[..., Any]


@pytest.fixture
async def signed_in(operator: Api, api_url: str) -> AsyncIterator[Signed]:
    """Sign users in, each in a browser of their own."""
    async with AsyncExitStack() as stack:

        async def one(account: str, user: str = "user-7") -> httpx.AsyncClient:
            browser = await stack.enter_async_context(plain_client(base_url=api_url, follow_redirects=True, timeout=30))
            page = await browser.get(await link(operator, account, id=user))
            assert page.status_code == 200, page.text
            return browser

        yield one


async def shows(browser: httpx.AsyncClient, account: str) -> int:
    return (await browser.get(f"/portal/accounts/{account}")).status_code


@pytest.mark.usefixtures("worker")
async def test_R19_billing_access_withdrawn_ends_the_users_sessions_at_once(
    operator: Api, signed_in: Signed, elsewhere: str, temporal: Client
) -> None:
    """By the hand-over that says so, whether its link is followed or not; in every process; nobody else's."""
    account, second = (
        await opened_id(operator, paid_through="2099-01-01T00:00:00Z"),
        await opened_id(operator, paid_through="2099-01-01T00:00:00Z"),
    )
    first, again, another = [await signed_in(account, user) for user in ("user-7", "user-7", "user-8")]
    there = await signed_in(second)
    cookie = first.cookies["reprise_portal"]
    form = (await first.get(f"/portal/accounts/{account}/cancel")).text
    unused = await link(operator, account)
    await link(operator, account, billing_access=False)
    assert [await shows(each, account) for each in (first, again)] == [401, 401]
    await temporal.get_workflow_handle(revocation_id("sessions", account, "user-7")).describe()  # as every release asks
    assert [await shows(another, account), await shows(there, second)] == [200, 200]
    async with plain_client(base_url=elsewhere, timeout=30) as browser:
        browser.cookies.set("reprise_portal", cookie, path="/portal")
        assert await shows(browser, account) == 401
        assert (await browser.get(httpx.URL(unused).path)).status_code == 410, "it was made with Billing Access"
    token = form.split('name="forms_token" value="')[-1].split('"')[0]
    pressed = await first.post(
        f"/portal/accounts/{account}/cancel",
        data={"forms_token": token, "key": "0" * 36, "when": "now", "state": "active"},
    )
    assert pressed.status_code == 401
    assert (await operator.get(f"/v1/accounts/{account}"))["state"] == "active"
    granted = await signed_in(account)
    assert await shows(granted, account) == 200, "granted again, at once"


@pytest.mark.usefixtures("worker")
async def test_R19_sessions_end_by_user_and_by_account(operator: Api, caller: Callers, signed_in: Signed) -> None:
    """The product's backend says so; sign-ins after it are good, and ended sessions stay ended."""
    account = await opened_id(operator, paid_through="2099-01-01T00:00:00Z")
    ada, bob = await signed_in(account, "ada"), await signed_in(account, "bob")
    path = f"/v1/accounts/{account}/portal-sessions/revoke"
    backend = caller(scope="backend")
    assert (await backend.ask("POST", path, {"user": "ada"})).status_code == 204
    assert [await shows(each, account) for each in (ada, bob)] == [401, 200]
    back = await signed_in(account, "ada")
    assert [await shows(each, account) for each in (ada, back)] == [401, 200]
    assert (await backend.ask("POST", path)).status_code == 204
    assert [await shows(each, account) for each in (ada, back, bob)] == [401] * 3
    assert await shows(await signed_in(account, "bob"), account) == 200
    assert await shows(bob, account) == 401


@pytest.mark.usefixtures("worker")
async def test_R19_who_may_end_sessions(operator: Api, caller: Callers) -> None:
    """Operators and the product's backend, for accounts that exist."""
    account = await opened_id(operator, paid_through="2099-01-01T00:00:00Z")
    path = f"/v1/accounts/{account}/portal-sessions/revoke"
    assert (await caller(account).ask("POST", path)).json()["code"] == "operator_required"
    assert (await caller("other").ask("POST", path)).status_code == 404
    assert (await operator.ask("POST", "/v1/accounts/none/portal-sessions/revoke")).status_code == 404
    for wrong in ({"user": ""}, {"user": 7}, {"user": "a\n"}, {"users": "ada"}):
        assert (await operator.ask("POST", path, wrong)).status_code == 422, wrong


async def test_R19_tokens_of_the_embedded_default_can_be_revoked(operator: Api, api_url: str) -> None:
    """Each has an id of its own."""
    bearer = token(scope="operator", sub="cli")
    claims = jwt.decode(bearer, SECRET, algorithms=["HS256"])
    assert claims["jti"] != jwt.decode(token(scope="operator"), SECRET, algorithms=["HS256"])["jti"]
    assert await status(api_url, bearer) == 200
    assert (await operator.ask("POST", "/v1/tokens/revoke", {"jti": claims["jti"]})).status_code == 204
    assert await status(api_url, bearer) == 401
