"""Rate limits: by address, by caller and by account; operators are not limited unless it is asked for."""

import shutil
import socket
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from temporalio.client import Client

from reprise.http.limits import RateLimits, address_of
from reprise.http.problems import Problem
from reprise.web import create_app
from tests.api_side import Api, api_settings, new_account, served, token
from tests.plain_http import plain_client
from tests.stripe_side import StripeSide
from tests.waiting import until

Limited = Callable[..., Any]


@pytest.fixture
async def limited(temporal: Client, stripe_side: StripeSide) -> AsyncIterator[Limited]:
    """Serve an API with limits, and return its address."""
    async with AsyncExitStack() as stack:

        async def serve(proxies: str | None = None, **limits: str) -> str:
            settings = api_settings(stripe_side, trusted_proxies=proxies, **limits)
            return await stack.enter_async_context(
                served(create_app(settings, temporal), trusted_proxies=settings.trusted_proxies)
            )

        yield serve


def refused(answer: httpx.Response) -> bool:
    """Hold a 429 to be one: a problem that says when to come again."""
    if answer.status_code != 429:
        return False
    assert answer.json()["code"] == "too_many_requests"
    assert 1 <= int(answer.headers["retry-after"]) <= 60
    return True


async def test_wrong_tokens_are_limited_by_address_and_good_ones_are_not(limited: Limited) -> None:
    """The fourth wrong one is 429; a good one from the same address is taken all the same."""
    url = await limited(limit_wrong_tokens="3/minute")
    wrong, good = Api(url, "nonsense"), Api(url, token(scope="operator"))
    answers = [await wrong.ask("GET", "/v1/accounts") for _ in range(5)]
    assert [each.status_code for each in answers] == [401, 401, 401, 429, 429]
    assert refused(answers[-1])
    assert (await good.ask("GET", "/v1/accounts")).status_code == 200
    none = Api(url, None)
    assert (await none.ask("GET", "/v1/accounts")).status_code == 401, "no token is no guess at one"
    for each in (wrong, good, none):
        await each.http.aclose()


@pytest.mark.usefixtures("worker")
async def test_billing_users_commands_are_limited_by_account_and_operators_are_not(limited: Limited) -> None:
    """Whoever of its users sends them; reads, other accounts and operators go on."""
    url = await limited(limit_commands="3/minute")
    operator = Api(url, token(scope="operator"))
    accounts = [str(new_account(paid_through="2099-01-01T00:00:00Z")["account_id"]) for _ in range(2)]
    for account in accounts:
        made = new_account(account_id=account, paid_through="2099-01-01T00:00:00Z")
        assert (await operator.ask("POST", "/v1/accounts", made)).status_code == 201
    ada, bob = (Api(url, token(*accounts, sub=sub)) for sub in ("ada", "bob"))
    path = f"/v1/accounts/{accounts[0]}"
    for user, carts in ((ada, 1), (bob, 2), (ada, 3)):
        assert (await user.ask("PUT", f"{path}/carts", {"carts": carts})).status_code == 200
    assert refused(await bob.ask("PUT", f"{path}/carts", {"carts": 4}))
    assert (await bob.get(path))["carts"] == 3
    assert (await bob.ask("PUT", f"/v1/accounts/{accounts[1]}/carts", {"carts": 4})).status_code == 200
    for carts in range(5, 10):
        assert (await operator.ask("PUT", f"{path}/carts", {"carts": carts})).status_code == 200
    for each in (operator, ada, bob):
        await each.http.aclose()


@pytest.mark.usefixtures("worker")
async def test_the_pages_buttons_count_as_commands_and_links_as_sign_ins(limited: Limited) -> None:
    """A page says it as a sentence; a link that came too often is not spent."""
    url = await limited(limit_commands="1/minute", limit_sign_ins="2/minute")
    operator = Api(url, token(scope="operator"))
    made = new_account(paid_through="2099-01-01T00:00:00Z")
    await operator.ask("POST", "/v1/accounts", made)
    path = f"/v1/accounts/{made['account_id']}"
    user = {"user": {"id": "user-7", "billing_access": True}}
    links = [(await operator.ask("POST", f"{path}/portal-sessions", user)).json()["url"] for _ in range(2)]
    async with plain_client(base_url=url, timeout=30) as browser:
        assert (await browser.get(links[0])).status_code == 303
        page = await browser.get(f"/portal/accounts/{made['account_id']}/subscription")
        for carts, status in (("5", 303), ("6", 429)):
            form = {
                name: page.text.split(f'name="{name}" value="')[-1].split('"')[0] for name in ("forms_token", "key")
            }
            form["key"] = form["key"][:-1] + carts
            answer = await browser.post(
                f"/portal/accounts/{made['account_id']}/subscription", data={**form, "carts": carts}
            )
            assert answer.status_code == status
        assert "too many requests" in answer.text
        assert (await browser.get("/portal/sign-in/forged")).status_code == 410
        assert (await browser.get(links[1])).status_code == 429
    assert (await operator.get(path))["carts"] == 5
    async with plain_client(base_url=await limited(), timeout=30) as browser:
        assert (await browser.get(httpx.URL(links[1]).path)).status_code == 303, "it was not spent by the 429"
    await operator.http.aclose()


async def test_callers_are_limited_one_by_one(limited: Limited) -> None:
    """Of billing users by default; of operators where it is asked for."""
    url = await limited(limit_callers="2/minute", limit_operators="3/minute")
    for scope, allowed, sub in (
        ("billing", 2, "ada"),
        ("billing", 2, "bob"),
        ("operator", 3, "ops"),
        ("backend", 3, "b"),
    ):
        api = Api(url, token("none", scope=scope, sub=sub))
        answers = [await api.ask("GET", "/v1/accounts/none/access") for _ in range(allowed + 1)]
        assert [each.status_code for each in answers] == [404] * allowed + [429], scope
        assert refused(answers[-1])
        await api.http.aclose()


async def test_addresses_are_believed_from_trusted_proxies_alone(limited: Limited) -> None:
    """`X-Forwarded-For` of a proxy that is not configured is anybody's text: it must not buy fresh guesses."""

    async def statuses(url: str) -> list[int]:
        async with plain_client(base_url=url, timeout=30) as http:
            sent = [{"authorization": "Bearer x", "x-forwarded-for": f"192.0.2.{number}"} for number in range(4)]
            return [(await http.get("/v1/accounts", headers=each)).status_code for each in sent]

    assert await statuses(await limited(limit_wrong_tokens="2/minute")) == [401, 401, 429, 429]
    assert await statuses(await limited("127.0.0.1", limit_wrong_tokens="2/minute")) == [401] * 4
    assert await statuses(await limited("192.0.2.1", limit_wrong_tokens="2/minute")) == [401, 401, 429, 429]


@pytest.mark.parametrize(
    ("host", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"), ("::ffff:192.0.2.7", "192.0.2.7"), ("2001:db8::1", "2001:db8::/64"),
        ("2001:db8:0:0:ffff::2", "2001:db8::/64"), ("fe80::1%eth0", "fe80::/64"), ("", "unknown"), ("x", "unknown"),
    ],
)  # fmt: skip
def test_what_counts_as_one_address(host: str, counted: str) -> None:
    """Of IPv6, what one customer of a provider has."""
    assert address_of(Request({"type": "http", "client": (host, 1), "headers": []})) == counted


@pytest.mark.parametrize(
    ("name", "value", "named"),
    [
        ("limit_commands", "many", "REPRISE_LIMIT_COMMANDS"),
        ("limit_wrong_tokens", "3 per fortnight", "REPRISE_LIMIT_WRONG_TOKENS"),
        ("limits_storage", "mysql://user:secret@host", "REPRISE_LIMITS_STORAGE"),
    ],
)
def test_a_limit_that_is_none_is_said_at_the_start(stripe_side: StripeSide, name: str, value: str, named: str) -> None:
    """By the variable's name, without a password."""
    with pytest.raises(ValueError, match=named) as told:
        create_app(api_settings(stripe_side, **{name: value}))
    assert "secret" not in str(told.value)


async def test_a_storage_that_is_away_stops_nobody(stripe_side: StripeSide, monkeypatch: pytest.MonkeyPatch) -> None:
    """A limit is a courtesy to others: without a count, requests go on."""
    limits = RateLimits(api_settings(stripe_side, limit_commands="1/minute"))

    async def away(*_: object, **__: object) -> bool:
        raise ConnectionError

    await limits.command("shop-1")
    with pytest.raises(Problem):
        await limits.command("shop-1")
    monkeypatch.setattr(limits._limiter, "hit", away)
    await limits.command("shop-1")


REDIS = shutil.which("redis-server")


@pytest.fixture
def redis() -> Iterator[str]:
    """A Redis server of this machine, if it has one, and its client."""
    if REDIS is None:
        pytest.skip("no redis-server on this machine")
    pytest.importorskip("redis")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [REDIS, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    yield f"redis://127.0.0.1:{port}"
    server.terminate()
    server.wait()


async def test_processes_count_together_in_redis(stripe_side: StripeSide, redis: str) -> None:
    """What one API process has counted, another one knows."""
    settings = api_settings(stripe_side, limits_storage=redis, limit_commands="2/minute")
    one, other = RateLimits(settings), RateLimits(settings)
    await until(one._storage.check, seconds=10)
    await one.command("shop-1")
    await other.command("shop-1")
    for each in (one, other):
        with pytest.raises(Problem) as told:
            await each.command("shop-1")
        assert told.value.code == "too_many_requests"
        await each.close()
