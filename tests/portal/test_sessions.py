"""R19 on the Profile & Billing pages: the hand-over, sessions and forms, over HTTP without a browser."""

import dataclasses
import re
import time
from datetime import timedelta

import httpx
import pytest
from temporalio.client import Client

from reprise.http.keys import Keys
from reprise.sessions.hand_over import HandOver, PortalUser, Seal
from reprise.web import create_app
from reprise.workflows.messages import portal_session_id
from tests.api_accounts import opened_id
from tests.api_side import Api, Callers, api_settings, served
from tests.plain_http import plain_client
from tests.portal.over_http import ADA, form_of, link
from tests.stripe_side import StripeSide

pytestmark = pytest.mark.usefixtures("worker")


async def test_R19_the_hand_over_signs_in_once(operator: Api, browser: httpx.AsyncClient) -> None:
    """The link leads to the account's page and is spent with it; the cookie is no script's, and no other site's."""
    account = await opened_id(operator)
    url = await link(operator, account)
    first = await browser.get(url, follow_redirects=False)
    assert (first.status_code, first.headers["location"]) == (303, f"/portal/accounts/{account}")
    flags = {each.strip().split("=")[0].lower() for each in first.headers["set-cookie"].split(";")}
    assert {"httponly", "samesite", "path", "max-age"} <= flags
    assert "secure" not in flags
    page = await browser.get(first.headers["location"])
    assert page.status_code == 200
    assert "In service" in page.text
    async with plain_client(timeout=30) as another:
        again = await another.get(url)
        assert again.status_code == 410
        assert "works once" in again.text
        assert not another.cookies


async def test_R19_once_across_processes(
    operator: Api, temporal: Client, stripe_side: StripeSide, browser: httpx.AsyncClient
) -> None:
    """Of two API processes that share nothing but the secret, one takes the link; both know the session."""
    account = await opened_id(operator)
    url = httpx.URL(await link(operator, account))
    async with (
        served(create_app(api_settings(stripe_side), temporal)) as elsewhere,
        plain_client(base_url=elsewhere, follow_redirects=True, timeout=30) as other,
    ):
        assert (await other.get(url.path)).status_code == 200
        assert (await browser.get(url.path)).status_code == 410
        cookie = other.cookies["reprise_portal"]
        browser.cookies.set("reprise_portal", cookie, path="/portal")
        assert (await browser.get(f"/portal/accounts/{account}")).status_code == 200


async def test_R19_links_expire_and_cannot_be_made_up(
    operator: Api, stripe_side: StripeSide, browser: httpx.AsyncClient
) -> None:
    """Five minutes; another secret, a session's cookie as a link, or anything else: refused alike."""
    account = await opened_id(operator)
    late = HandOver(session="s1", account_id=account, user=PortalUser.model_validate(ADA), expires=time.time() - 1)
    fresh = late.model_copy(update={"session": "s2", "expires": time.time() + 60})
    ours = Seal(Keys(api_settings(stripe_side)))
    foreign = Seal(Keys(api_settings(stripe_side, portal_secret="x" * 40)))
    for text in (ours.link(late), ours.session(fresh), foreign.link(fresh), "x", "%00", "a" * 5000):
        assert (await browser.get(f"/portal/sign-in/{text}")).status_code == 410, text[:20]
    assert (await browser.get(f"/portal/sign-in/{ours.link(fresh)}")).status_code == 200


async def test_R19_who_may_hand_over(operator: Api, caller: Callers) -> None:
    """The product's backend alone, and for accounts that exist; what it says is checked (R20)."""
    account = await opened_id(operator)
    path = f"/v1/accounts/{account}/portal-sessions"
    assert (await caller(account).ask("POST", path, {"user": ADA})).json()["code"] == "operator_required"
    assert (await caller("other").ask("POST", path, {"user": ADA})).status_code == 404
    assert (await operator.ask("POST", "/v1/accounts/none/portal-sessions", {"user": ADA})).status_code == 404
    for wrong in ({}, {"id": ""}, {"id": "x\n"}, {**ADA, "billing_access": "yes"}, {**ADA, "surprise": 1}):
        assert (await operator.ask("POST", path, {"user": wrong})).status_code == 422, wrong
    script = await operator.ask("POST", path, {"user": ADA, "return_url": "javascript:alert(1)"})
    assert script.json()["errors"][0]["field"] == "return_url"


async def test_R19_without_billing_access(operator: Api, browser: httpx.AsyncClient) -> None:
    """A page that says whom to ask; no buttons, and the server refuses what they would do."""
    account = await opened_id(operator)
    body = {"user": {**ADA, "billing_access": False}, "ask": "Grace Hopper"}
    answer = await operator.ask("POST", f"/v1/accounts/{account}/portal-sessions", body)
    page = await browser.get(answer.json()["url"])
    assert page.status_code == 403
    assert "Ask Grace Hopper" in page.text
    assert re.findall(r"<button[^>]*>([^<]+)", page.text) == ["Sign out"]
    token = re.search(r'name="forms_token" value="(\w+)"', page.text)[1]  # type: ignore[index]
    form = {"forms_token": token, "key": "0" * 36, "carts": "9", "expected_amount": "0", "when": "now"}
    form |= {"state": "active", "payment": f"{account}:1", "email": "thief@example.com"}
    for what in ("cancel", "resume", "reactivate", "subscription", "call-off"):
        assert (await browser.post(f"/portal/accounts/{account}/{what}", data=form)).status_code == 403
    for read in (
        "", "/subscription", "/invoices", "/history", "/billing-information", "/payment-method", "/costs?carts=1",
        "/changed?seen=1-paid&until=0", "/invoices/in_1",
    ):  # fmt: skip
        assert (await browser.get(f"/portal/accounts/{account}{read}")).status_code == 403
    assert (await operator.get(f"/v1/accounts/{account}"))["sequence"] == 2


async def test_R19_another_account_in_the_address(operator: Api, browser: httpx.AsyncClient) -> None:
    """Whether it exists or not: the same page, and nothing done."""
    mine, theirs = await opened_id(operator), await opened_id(operator)
    page = await browser.get(await link(operator, mine))
    form = form_of(await browser.get(f"/portal/accounts/{mine}/cancel"), when="now", state="active")
    assert page.status_code == 200
    hidden, absent = await browser.get(f"/portal/accounts/{theirs}"), await browser.get("/portal/accounts/none")
    assert (hidden.status_code, hidden.text) == (404, absent.text.replace("none", theirs))
    assert "You are not signed in to this account." in hidden.text
    assert (await browser.post(f"/portal/accounts/{theirs}/cancel", data=form)).status_code == 404
    assert (await operator.get(f"/v1/accounts/{theirs}"))["state"] == "active"


async def test_forms_of_other_sites_do_nothing(operator: Api, browser: httpx.AsyncClient) -> None:
    """CSRF: without this session's token, or with another session's, nothing is changed."""
    account = await opened_id(operator)
    async with plain_client(timeout=30, follow_redirects=True) as another:
        page = await another.get(await link(operator, account))
        foreign = form_of(
            await another.get(page.url.join(f"/portal/accounts/{account}/cancel")), when="now", state="active"
        )
    await browser.get(await link(operator, account))
    for form in (foreign, {**foreign, "forms_token": ""}, {"key": foreign["key"], "when": "now", "state": "active"}):
        assert (await browser.post(f"/portal/accounts/{account}/cancel", data=form)).status_code in {403, 422}
    assert (await browser.post("/portal/sign-out", data={"forms_token": foreign["forms_token"]})).status_code == 403
    assert (await operator.get(f"/v1/accounts/{account}"))["state"] == "active"


async def test_signing_out_ends_every_copy_of_the_cookie(operator: Api, browser: httpx.AsyncClient) -> None:
    """A cookie that was copied before is worth nothing after."""
    account = await opened_id(operator)
    page = await browser.get(await link(operator, account))
    cookie = browser.cookies["reprise_portal"]
    token = re.search(r'name="forms_token" value="(\w+)"', page.text)[1]  # type: ignore[index]
    out = await browser.post("/portal/sign-out", data={"forms_token": token})
    assert "You are signed out" in out.text
    assert "reprise_portal" not in browser.cookies
    browser.cookies.set("reprise_portal", cookie, path="/portal")
    after = await browser.get(f"/portal/accounts/{account}")
    assert (after.status_code, "signed out" in after.text) == (401, True)


async def test_sessions_expire(operator: Api, stripe_side: StripeSide, browser: httpx.AsyncClient) -> None:
    """The cookie says itself until when; a browser that keeps it longer is refused."""
    account = await opened_id(operator)
    await browser.get(await link(operator, account))
    seal = Seal(Keys(api_settings(stripe_side)))
    session = seal.session_opened(browser.cookies["reprise_portal"])
    assert session is not None
    assert 3500 < session.expires - time.time() <= timedelta(hours=1).total_seconds()
    over = seal.session(session.model_copy(update={"expires": time.time() - 1}))
    browser.cookies.clear()
    browser.cookies.set("reprise_portal", over, path="/portal")
    assert (await browser.get(f"/portal/accounts/{account}")).status_code == 401


async def test_R14_a_form_sent_twice_is_one_command(
    operator: Api, browser: httpx.AsyncClient, stripe_side: StripeSide
) -> None:
    """Back, reload, a double click: the key in the form makes them one; bad fields change nothing (R20)."""
    account = await opened_id(operator, paid_through="2026-01-01T00:00:00Z", carts=5)
    await operator.ask("PUT", f"/v1/accounts/{account}/payment-method", {"payment_method": "pm_card_visa"})
    await browser.get(await link(operator, account))
    page = await browser.get(f"/portal/accounts/{account}/reactivate")
    assert "Pay $125.00 with Visa" in page.text
    form = form_of(page, expected_amount="12500")
    for wrong in ({"expected_amount": "-1"}, {"expected_amount": "x"}, {"key": "k"}, {"key": ""}):
        answer = await browser.post(f"/portal/accounts/{account}/reactivate", data={**form, **wrong})
        assert answer.status_code == 422
    for _ in range(2):
        done = await browser.post(f"/portal/accounts/{account}/reactivate", data=form)
        assert (done.status_code, "In service" in done.text) == (200, True)
    assert stripe_side.charged(account) == [12500]
    odd = await browser.post(f"/portal/accounts/{account}/cancel", data={**form, "when": "later", "state": "active"})
    assert (odd.status_code, "Nothing was changed" in odd.text) == (422, True)
    subscription = form_of(await browser.get(f"/portal/accounts/{account}/subscription"))
    for carts in ("-1", "10001", "1.5", "", "²"):
        answer = await browser.post(f"/portal/accounts/{account}/subscription", data={**subscription, "carts": carts})
        assert answer.status_code == 422, carts


async def test_R7_a_stale_quote_is_told_and_not_charged(
    operator: Api, browser: httpx.AsyncClient, stripe_side: StripeSide
) -> None:
    """The new sum is shown with a new button."""
    account = await opened_id(operator, paid_through="2026-01-01T00:00:00Z")
    await browser.get(await link(operator, account))
    page = await browser.get(f"/portal/accounts/{account}/reactivate")
    await operator.ask("PUT", f"/v1/accounts/{account}/carts", {"carts": 4})
    form = form_of(page, expected_amount="7500")
    told = await browser.post(f"/portal/accounts/{account}/reactivate", data=form)
    assert told.status_code == 409
    assert "The price has changed" in told.text
    assert "Pay $100.00 with Visa" in told.text
    assert stripe_side.charged(account) == []


async def test_every_page_carries_the_security_headers(operator: Api, browser: httpx.AsyncClient) -> None:
    """No inline script, no framing, no sniffing, no referrer, no cache; errors as well."""
    account = await opened_id(operator)
    await browser.get(await link(operator, account))
    for path in (
        f"/portal/accounts/{account}",
        f"/portal/accounts/{account}/history",
        "/portal/none",
        "/portal/sign-in/x",
    ):
        answer = await browser.get(path)
        policy = answer.headers["content-security-policy"]
        assert "script-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"
        assert not re.search(r"<script(?![^>]*src=)|\son\w+=|style=", answer.text)


async def test_the_cookie_is_secure_where_there_is_a_network(
    operator: Api, temporal: Client, stripe_side: StripeSide
) -> None:
    """With a public address, links lead there, and the cookie goes over TLS alone."""
    account = await opened_id(operator)
    settings = api_settings(stripe_side, public_url="https://billing.example.com/")
    async with served(create_app(settings, temporal)) as url:
        backend = Api(url, operator.http.headers["authorization"].split()[1])
        made = await link(backend, account)
        assert made.startswith("https://billing.example.com/portal/sign-in/")
        answer = await backend.http.get(httpx.URL(made).path)
        assert "secure" in answer.headers["set-cookie"].lower()
        await backend.http.aclose()


async def test_nothing_personal_in_addresses_or_workflow_ids(
    operator: Api, browser: httpx.AsyncClient, temporal: Client, stripe_side: StripeSide
) -> None:
    """Neither the user's id nor their name: links are encrypted, sessions have random ids."""
    account = await opened_id(operator)
    url = await link(operator, account, id="ada@example.com", name="Ada Lovelace")
    page = await browser.get(url)
    visited = [str(each.url) for each in (*page.history, page)]
    session = Seal(Keys(api_settings(stripe_side))).session_opened(browser.cookies["reprise_portal"])
    assert session is not None
    workflow = await temporal.get_workflow_handle(portal_session_id(session.session)).describe()
    assert re.fullmatch(r"portal-session-[\w-]{24}", workflow.id)
    assert not [each for each in (*visited, workflow.id) if re.search(r"ada@|lovelace|example\.com", each.lower())]


async def test_without_a_secret_there_are_no_pages(operator: Api, temporal: Client, stripe_side: StripeSide) -> None:
    """In production with a key set, the portal has its own secret, or says that it is not configured."""
    account = await opened_id(operator)
    settings = api_settings(stripe_side)
    app = create_app(settings, temporal)
    async with served(app) as url:
        backend = Api(url, operator.http.headers["authorization"].split()[1])
        assert (await backend.ask("GET", "/healthz")).status_code == 200  # it has started, and has its services
        without = Seal(Keys(settings.model_copy(update={"jwt_secret": None})))
        app.state.services = dataclasses.replace(app.state.services, seal=without)
        answer = await backend.ask("POST", f"/v1/accounts/{account}/portal-sessions", {"user": ADA})
        assert (answer.status_code, answer.json()["code"]) == (501, "portal_not_configured")
        await backend.http.aclose()
