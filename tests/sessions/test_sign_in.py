"""R19: a one-time link is used by whoever follows it, and by nothing that looks ahead; it stands in no log."""

import json
import logging
import re
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs
from temporalio.client import Client

from reprise.serving import listen
from reprise.temporal.converter import data_converter
from reprise.web import create_app
from tests.api_accounts import opened_id
from tests.api_side import Api, api_settings, served
from tests.plain_http import plain_client
from tests.portal import over_http
from tests.stripe_side import StripeSide

pytestmark = pytest.mark.usefixtures("worker")


async def handed_over(operator: Api, **user: Any) -> tuple[str, str]:
    """Open an account; return its id and a link to it."""
    account = await opened_id(operator, paid_through="2099-01-01T00:00:00Z")
    return account, await over_http.link(operator, account, **user)


@pytest.mark.parametrize(
    "ahead",
    [
        {"sec-purpose": "prefetch"}, {"sec-purpose": "prefetch;prerender"},
        {"sec-purpose": "prefetch;anonymous-client-ip"},
        {"purpose": "prefetch"}, {"x-purpose": "preview"}, {"x-moz": "prefetch"}, {"sec-purpose": "PREFETCH"},
    ],
    ids=str,
)  # fmt: skip
async def test_R19_a_prefetch_spends_no_link(operator: Api, ahead: dict[str, str]) -> None:
    """It is no success, so that the browser asks again when somebody follows the link; nobody is signed in by it."""
    account, link = await handed_over(operator)
    async with plain_client(timeout=30) as browser:
        early = await browser.get(link, headers=ahead)
        assert (early.status_code, "set-cookie" in early.headers) == (425, False)
        assert "not used yet" in early.text
        forged = await browser.get(link[:-9] + "forged", headers=ahead)
        assert forged.text == early.text, "it says nothing about the link"
        assert (await browser.get(link)).status_code == 303
        assert (await browser.get(httpx.URL(link).join(f"/portal/accounts/{account}"))).status_code == 200


async def test_R19_other_methods_spend_no_link(operator: Api) -> None:
    """HEAD, OPTIONS and POST: link checkers ask so."""
    _, link = await handed_over(operator)
    async with plain_client(timeout=30) as browser:
        for method in ("HEAD", "OPTIONS", "POST", "PUT"):
            answer = await browser.request(method, link)
            assert (answer.status_code, "set-cookie" in answer.headers) == (405, False), method
        assert (await browser.get(link)).status_code == 303


async def test_R19_the_page_says_who_is_signed_in_where_with_a_way_out(operator: Api) -> None:
    """By name, or by id where the product gave none; also without Billing Access."""
    for user, said in (
        ({}, "Signed in as <strong><bdi>Ada Lovelace</bdi></strong>"),
        ({"name": None}, "Signed in as <strong><bdi>user-7</bdi></strong>"),
        ({"name": "<b>Eve</b>"}, "Signed in as <strong><bdi>&lt;b&gt;Eve&lt;/b&gt;</bdi></strong>"),
        ({"billing_access": False}, "Signed in as <strong><bdi>Ada Lovelace</bdi></strong>"),
    ):
        account, link = await handed_over(operator, **user)
        async with plain_client(timeout=30, follow_redirects=True) as browser:
            page = await browser.get(link)
            assert f"{said} to account <strong><bdi>{account}</bdi></strong>. Not you?" in page.text
            token = re.search(r'name="forms_token" value="(\w+)"', page.text)
            assert token is not None
            out = await browser.post(page.url.join("/portal/sign-out"), data={"forms_token": token[1]})
            assert "You are signed out" in out.text
            assert "Signed in as" not in out.text


async def test_R19_a_link_is_in_no_log_and_no_referrer(
    operator: Api, stripe_side: StripeSide, caplog: pytest.LogCaptureFixture
) -> None:
    """Whether it signs in, is spent, is looked at ahead, or meets a Temporal that is away."""
    caplog.set_level(logging.DEBUG)
    _, link = await handed_over(operator)
    secret = link.rpartition("/")[2]
    with listen("127.0.0.1", 0) as free:
        port = free.getsockname()[1]
    away = await Client.connect(f"127.0.0.1:{port}", data_converter=data_converter, lazy=True)
    with capture_logs() as logs:
        async with (
            served(create_app(api_settings(stripe_side), away)) as without_temporal,
            plain_client(timeout=30) as browser,
        ):
            answers = [
                await browser.get(httpx.URL(without_temporal).copy_with(path=httpx.URL(link).path)),
                await browser.get(link, headers={"sec-purpose": "prefetch"}),
                await browser.get(link),
                await browser.get(link),
                await browser.head(link),
            ]
    assert [each.status_code for each in answers] == [503, 425, 303, 410, 405]
    for answer in answers:
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert secret not in answer.text + answer.headers.get("location", "")
    ours = [each.getMessage() for each in caplog.records if not each.name.startswith(("httpcore", "httpx"))]
    assert secret not in json.dumps([logs, ours], default=str)
    routes = [each["route"] for each in logs if each["event"] == "request"]
    assert routes.count("/portal/sign-in/{link}") == 5, "Stripe's webhooks come in between"


async def test_the_cookie_and_the_link_tell_nothing(operator: Api) -> None:
    """Neither the account nor the user can be read from it."""
    account, link = await handed_over(operator)
    async with plain_client(timeout=30) as browser:
        answer = await browser.get(link)
    assert "no-store" in answer.headers["cache-control"]
    for text in (link, answer.headers["set-cookie"]):
        assert account not in text
        assert "user-7" not in text
