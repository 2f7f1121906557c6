"""Secrets are exchanged without a stop: two of each are believed, by the environment or by a file."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs
from temporalio.client import Client

from reprise.http import keys
from reprise.http.keys import Keys
from reprise.http.minting import mint
from reprise.web import create_app
from tests.api_side import SECRET, WEBHOOK_SECRET, Api, api_settings, new_account, served, token
from tests.plain_http import plain_client
from tests.portal.over_http import form_of, link
from tests.stripe_events import EVENT, header
from tests.stripe_side import StripeSide

NEW, NEWER = "the next secret, which is as long as it must be", "the secret after that, which is no shorter"

pytestmark = pytest.mark.usefixtures("worker")

Serve = Callable[..., Any]


@pytest.fixture
async def serve(temporal: Client, stripe_side: StripeSide) -> AsyncIterator[Serve]:
    """Start API processes with some secrets."""
    async with AsyncExitStack() as stack:

        async def one(**secrets: Any) -> str:
            app = create_app(api_settings(stripe_side, **secrets), temporal)
            return await stack.enter_async_context(served(app))

        yield one


async def status(url: str, bearer: str) -> int:
    async with plain_client(base_url=url, timeout=30) as http:
        return (await http.get("/v1/accounts", headers={"authorization": f"Bearer {bearer}"})).status_code


def signed(secret: str) -> str:
    return mint(secret, sub="x", scope="operator", accounts=[], ttl=timedelta(hours=1))


async def test_tokens_of_both_secrets_are_believed(serve: Serve) -> None:
    """While they are exchanged; afterwards, and of any other, not."""
    during, after = await serve(jwt_secret=NEW, jwt_secret_previous=SECRET), await serve(jwt_secret=NEW)
    assert [await status(during, signed(each)) for each in (NEW, SECRET, NEWER)] == [200, 200, 401]
    assert [await status(after, signed(each)) for each in (NEW, SECRET, NEWER)] == [200, 401, 401]


async def test_nobody_is_signed_out_by_an_exchange_of_the_portals_key(serve: Serve, operator: Api) -> None:
    """A session, a form and a link from before go on, step by step, over processes that are at different steps."""
    made = new_account(paid_through="2099-01-01T00:00:00Z")
    await operator.ask("POST", "/v1/accounts", made)
    path = f"/portal/accounts/{made['account_id']}"
    before = await serve(portal_secret=SECRET)
    prepared = await serve(portal_secret=SECRET, portal_secret_previous=NEW)
    exchanged = await serve(portal_secret=NEW, portal_secret_previous=SECRET)
    over = await serve(portal_secret=NEW)
    old, spare, fresh = [await _link(each, made["account_id"]) for each in (before, prepared, exchanged)]
    async with plain_client(timeout=30) as browser:
        assert (await browser.get(exchanged + old)).status_code == 303
        cookie = browser.cookies["reprise_portal"]
        for url in (prepared, exchanged, over):
            assert (await browser.get(url + path)).status_code == 200, "signed with the new key, which all of them know"
        form = form_of(await browser.get(f"{prepared}{path}/subscription"))
        sent = await browser.post(f"{exchanged}{path}/subscription", data={**form, "carts": "5"})
        assert sent.status_code == 303, "a form of a process that signs with the old key"
        browser.cookies.clear()
        assert (await browser.get(prepared + fresh)).status_code == 303, "a link of the new key, one step earlier"
        browser.cookies.clear()
        assert (await browser.get(over + spare)).status_code == 410, "the old key is gone"
        assert (await browser.get(exchanged + spare)).status_code == 303
        browser.cookies.set("reprise_portal", cookie, path="/portal")
    assert (await operator.get(f"/v1/accounts/{made['account_id']}"))["carts"] == 5


async def test_a_portal_key_of_its_own_takes_the_tokens_keys_place(serve: Serve, operator: Api) -> None:
    """Who has none uses the tokens' secret; giving the portal its own keeps what that one has signed."""
    made = new_account(paid_through="2099-01-01T00:00:00Z")
    await operator.ask("POST", "/v1/accounts", made)
    shared = await serve()
    own = await serve(portal_secret=NEW, portal_secret_previous=SECRET)
    rotated = await serve(jwt_secret=NEWER, jwt_secret_previous=SECRET)
    links = [await _link(shared, made["account_id"]) for _ in range(2)]
    async with plain_client(timeout=30) as browser:
        assert (await browser.get(own + links[0])).status_code == 303
        assert (await browser.get(rotated + links[1])).status_code == 303


async def _link(url: str, account: str) -> str:
    api = Api(url, token(scope="operator"))
    try:
        return httpx.URL(await link(api, account)).path
    finally:
        await api.http.aclose()


async def test_R15_events_of_both_webhook_secrets_are_taken(serve: Serve) -> None:
    """Stripe signs with both for a day, or with the new one at once; either way none is refused."""
    url = await serve(STRIPE_WEBHOOK_SECRET="whsec_next", STRIPE_WEBHOOK_SECRET_PREVIOUS=WEBHOOK_SECRET)
    async with plain_client(base_url=url, timeout=30) as http:
        for secret, said in (("whsec_next", 200), (WEBHOOK_SECRET, 200), ("whsec_another", 400)):
            sent = {"stripe-signature": header(EVENT, secret=secret)}
            answer = await http.post("/v1/webhooks/stripe", content=EVENT, headers=sent)
            assert answer.status_code == said, secret


async def test_a_file_of_secrets_is_read_again_while_the_api_runs(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """New tokens are believed from the next look on, old ones go on; a spoilt file changes nothing."""
    monkeypatch.setattr(keys, "LOOKED_AT_EVERY", 0.0)
    file = tmp_path / "secrets.json"
    _write(file, {"jwt_secret": SECRET})
    url = await serve(secrets_file=file)
    assert [await status(url, signed(each)) for each in (SECRET, NEW)] == [200, 401]
    _write(file, {"jwt_secret": NEW, "jwt_secret_previous": SECRET, "stripe_webhook_secret": "whsec_next"})
    assert [await status(url, signed(each)) for each in (SECRET, NEW)] == [200, 200]
    async with plain_client(base_url=url, timeout=30) as http:
        sent = {"stripe-signature": header(EVENT, secret="whsec_next")}
        assert (await http.post("/v1/webhooks/stripe", content=EVENT, headers=sent)).status_code == 200
    for spoilt in ("", "[]", "{", '{"jwt_secret": "short"}', '{"jwt_secret": 7}', "\x00"):
        _write(file, spoilt)
        with capture_logs() as logs:
            assert [await status(url, signed(each)) for each in (SECRET, NEW)] == [200, 200], spoilt
        assert "cannot be read again" in json.dumps(logs)
        assert "short" not in json.dumps(logs)
    file.unlink()
    assert await status(url, signed(NEW)) == 200
    _write(file, {"jwt_secret": NEWER})
    assert [await status(url, signed(each)) for each in (SECRET, NEW, NEWER)] == [401, 401, 200]


def _write(file: Path, content: Any) -> None:
    """Replace a file as a whole, as whoever exchanges secrets does."""
    unfinished = file.with_suffix(".tmp")
    unfinished.write_text(content if isinstance(content, str) else json.dumps(content))
    unfinished.replace(file)


@pytest.mark.parametrize("content", ["", "[]", "7", '{"portal_secret": "x"}', None])
def test_a_file_that_is_none_is_said_at_the_start(stripe_side: StripeSide, tmp_path: Path, content: str | None) -> None:
    """By the variable's and the file's name; never what stands in it."""
    file = tmp_path / "secrets.json"
    if content is not None:
        file.write_text(content)
    with pytest.raises(ValueError, match=r"REPRISE_SECRETS_FILE.*secrets\.json"):
        Keys(api_settings(stripe_side, secrets_file=file))


def test_what_a_file_does_not_hold_is_the_environments(stripe_side: StripeSide, tmp_path: Path) -> None:
    """Kind by kind: a kind that the file holds is the file's alone."""
    file = tmp_path / "secrets.json"
    file.write_text(json.dumps({"jwt_secret": NEW, "jwt_secret_previous": None, "else": 1}))
    settings = api_settings(stripe_side, jwt_secret_previous=NEWER, portal_secret=NEWER, secrets_file=file)
    now = Keys(settings).now
    assert (now.for_tokens, now.for_portal, now.for_webhooks) == ((NEW,), (NEWER,), (WEBHOOK_SECRET,))
    assert isinstance(now.jwt_secret, SecretStr)
