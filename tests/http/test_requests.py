"""R20 below JSON: requests that are too large, too slow, or can be read in two ways."""

import asyncio
import json
import time
from contextlib import AsyncExitStack
from typing import Any, ClassVar

import pytest
from structlog.testing import capture_logs
from temporalio.client import Client

from reprise.serving import Connection
from reprise.web import create_app
from tests.api_side import Api, api_settings, new_account, served, token
from tests.http.raw import said
from tests.stripe_side import StripeSide
from tests.waiting import until

BEARER = f"Authorization: Bearer {token(scope='operator')}\r\n".encode()


def request(*lines: bytes, method: bytes = b"POST", target: bytes = b"/v1/accounts", body: bytes = b"") -> bytes:
    """Return a request of an operator, with a length only where one of the lines says one."""
    head = (
        method + b" " + target + b" HTTP/1.1",
        b"Host: x",
        BEARER.strip(),
        b"Content-Type: application/json",
        *lines,
    )
    return b"\r\n".join((*head, b"", b"")) + body


TWO_WAYS = {
    "length and chunks": request(
        b"Content-Length: 5", b"Transfer-Encoding: chunked", body=b"0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    ),
    "chunks and length": request(b"Transfer-Encoding: chunked", b"Content-Length: 5", body=b"0\r\n\r\n"),
    "two lengths": request(b"Content-Length: 2", b"Content-Length: 3", body=b"{} "),
    "a list of lengths": request(b"Content-Length: 2, 3", body=b"{} "),
    "length below zero": request(b"Content-Length: -1"),
    "length with a sign": request(b"Content-Length: +2", body=b"{}"),
    "length in hexadecimal": request(b"Content-Length: 0x2", body=b"{}"),
    "length of 30 digits": request(b"Content-Length: " + b"9" * 30),
    "two encodings": request(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n"),
    "encoded twice": request(b"Transfer-Encoding: gzip, chunked", body=b"0\r\n\r\n"),
    "an encoding like chunked": request(b"Transfer-Encoding: xchunked", body=b"0\r\n\r\n"),
    "no hexadecimal chunk": request(b"Transfer-Encoding: chunked", body=b"zz\r\n"),
    "chunk without an end": request(b"Transfer-Encoding: chunked", body=b"2\r\n{}XX0\r\n\r\n"),
    "space before the colon": request(b"Content-Length : 0"),
    "carriage return in a header": request(b"X: a\rContent-Length: 5"),
    "NUL in a header": request(b"X: a\x00b"),
    "two hosts": request(b"Host: y"),
    "no host": b"GET /healthz HTTP/1.1\r\n\r\n",
    "a target with a space": b"GET /healthz x HTTP/1.1\r\nHost: x\r\n\r\n",
    "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    "headers of 200 kB": request(b"X: " + b"a" * 200_000),
}


@pytest.mark.parametrize("name", TWO_WAYS)
async def test_requests_that_two_readers_could_read_differently(api_url: str, name: str) -> None:
    """400, the connection is closed, and nothing after it is taken for a request of its own."""
    answer = await said(api_url, TWO_WAYS[name])
    assert answer.status == 400, answer
    assert answer.headers["connection"] == "close"
    assert b"HTTP/1.1" not in answer.rest


async def test_line_ends_and_folds_are_read_as_one_header(api_url: str) -> None:
    """A bare LF ends a line and a fold is a space (RFC 9112, 2.2 and 5.2): both lead to the same request."""
    bare = request(method=b"GET").replace(b"\r\n", b"\n")
    folded = request(method=b"GET").replace(b"Bearer ", b"Bearer\r\n ")
    for sent in (bare, folded):
        assert (await said(api_url, sent)).status == 200


async def test_R20_bodies_above_the_bound_are_refused_at_once(api_url: str) -> None:
    """Announced, chunked, or with `Expect`: 413 in a moment, whole, and the connection is closed."""
    chunk = b"8000\r\n" + b" " * 0x8000 + b"\r\n"
    for sent in (
        (request(b"Content-Length: 100000000000"),),
        (request(b"Content-Length: 100000"), b" " * 100_000),
        (request(b"Content-Length: 10000000", b"Expect: 100-continue"),),
        (request(b"Transfer-Encoding: chunked"), *[chunk] * 8, b"0\r\n\r\n"),
        (request(b"Content-Length: 100000", method=b"GET"),),
    ):
        started = time.monotonic()
        answer = await said(api_url, *sent)
        assert (answer.status, json.loads(answer.body)["code"]) == (413, "body_too_large")
        assert answer.headers["connection"] == "close"
        assert time.monotonic() - started < 5


class _Hasty(Connection):
    head_within: ClassVar[float] = 1.5


async def test_requests_that_never_end_do_not_hold_the_server(temporal: Client, stripe_side: StripeSide) -> None:
    """Headers and bodies that trickle in, or stop: 408 and closed in time, while others are served."""
    settings = api_settings(stripe_side, body_timeout=1.5)
    trickle = [b"a: b\r\n"] * 100
    head = request(b"Content-Length: 1000")
    slow: dict[str, tuple[bytes, ...]] = {
        "nothing": (),
        "half a line": (b"GET /healthz HT",),
        "headers without an end": (b"GET /healthz HTTP/1.1\r\n", *trickle),
        "a body that stops": (head, b"{"),
        "a body that trickles": (head, *[b" "] * 100),
        "chunks that trickle": (request(b"Transfer-Encoding: chunked"), *[b"1\r\n \r\n"] * 100),
        "a second request without an end": (request(method=b"GET", target=b"/healthz"), b"GET /he", *trickle),
    }
    async with served(create_app(settings, temporal), _Hasty) as url:

        async def held(name: str) -> tuple[str, float, Any]:
            started = time.monotonic()
            answer = await said(url, *slow[name], pause=0.05, patience=20)
            return name, time.monotonic() - started, answer

        async def others() -> None:
            for _ in range(30):
                assert (await said(url, request(b"Connection: close", method=b"GET", target=b"/healthz"))).status == 200

        async with asyncio.TaskGroup() as group:
            served_meanwhile = group.create_task(others())
            tasks = [group.create_task(held(name)) for name in slow for _ in range(20)]
        assert served_meanwhile.done()
        for name, took, answer in (task.result() for task in tasks):
            assert took < 15, name
            assert answer.status == {"nothing": 0, "a second request without an end": 200}.get(name, 408), (
                name,
                answer,
            )
            assert answer.closed or answer.headers["connection"] == "close", (name, answer)


async def test_a_client_that_goes_away_is_logged_and_nothing_is_taken(api_url: str) -> None:
    """With 499, as nginx has it: half a body is no request, and no fault of ours."""
    host, port = api_url.removeprefix("http://").split(":")
    with capture_logs() as logged:
        _, writer = await asyncio.open_connection(host, int(port))
        writer.write(request(b"Content-Length: 100") + b"{")
        await writer.drain()
        writer.close()
        await writer.wait_closed()
        line = await until(lambda: next((each for each in logged if each["event"] == "request"), None))
    assert (line["method"], line["status"], line["code"]) == ("POST", 499, None)
    assert not [each for each in logged if each["log_level"] == "error"]


async def test_many_idle_connections_do_not_shut_others_out(api_url: str) -> None:
    """Hundreds that send nothing, and one that asks."""
    async with AsyncExitStack() as stack:
        host, port = api_url.removeprefix("http://").split(":")
        for _ in range(200):
            _, writer = await asyncio.open_connection(host, int(port))
            stack.callback(writer.close)
        async with asyncio.timeout(20):
            assert (await said(api_url, request(method=b"GET", target=b"/healthz"))).status == 200


@pytest.mark.parametrize(
    ("given", "reflected"),
    [
        ("abc-1.2:3_4", True), ("x" * 128, True), ("x" * 129, False), ("a b", False), ('"><script>', False),
        ("é", False), ("²", False),
    ],
)  # fmt: skip
async def test_request_ids_are_reflected_only_where_they_are_plain(
    api_url: str, given: str, *, reflected: bool
) -> None:
    """Else the request gets one of ours."""
    sent = request(b"X-Request-Id: " + given.encode("latin-1"), method=b"GET", target=b"/healthz")
    answer = await said(api_url, sent)
    assert (answer.headers["x-request-id"] == given) is reflected
    assert answer.headers["x-request-id"].isascii()


@pytest.mark.usefixtures("worker")
async def test_R14_one_idempotency_key(operator: Api) -> None:
    """Two keys, or one that is no key: 422 before anything is recorded; CR and LF cannot even be sent."""
    made = new_account(paid_through="2099-01-01T00:00:00Z")
    await operator.ask("POST", "/v1/accounts", made)
    path = f"/v1/accounts/{made['account_id']}"
    target = f"{path}/cancel".encode()
    for lines in (
        (b"Idempotency-Key: k1", b"Idempotency-Key: k2"),
        (b"Idempotency-Key: k1", b"Idempotency-Key: k1"),
        (b"Idempotency-Key:",),
        (b"Idempotency-Key: \xe9",),
        (b"Idempotency-Key: a b",),
        (b"Idempotency-Key: " + b"k" * 256,),
        (b"Idempotency-Key: " + b"k" * 60_000,),
    ):
        answer = await said(operator.url, request(*lines, b"Content-Length: 0", target=target))
        assert (answer.status, json.loads(answer.body)["code"]) == (422, "invalid_request"), lines
    assert (await operator.get(path))["sequence"] == 1
    injected = request(b"Idempotency-Key: k\r\nX-Evil: 1", b"Content-Length: 0", target=target)
    assert "x-evil" not in (await said(operator.url, injected)).headers


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize(
    ("prefer", "applied"),
    [
        ("respond-async", True), ("Respond-Async", True), ("wait=5, respond-async; x=1", True),
        ("norespond-async", False), ("respond-async-not", False), ("handling=lenient", False), ("", False),
    ],
)  # fmt: skip
async def test_prefer_is_read_as_a_list_of_preferences(operator: Api, prefer: str, *, applied: bool) -> None:
    """RFC 7240: words, in any case, with parameters."""
    made = new_account(paid_through="2099-01-01T00:00:00Z")
    await operator.ask("POST", "/v1/accounts", made)
    answer = await operator.ask("POST", f"/v1/accounts/{made['account_id']}/cancel", Prefer=prefer)
    assert (answer.status_code, "preference-applied" in answer.headers) == ((202, True) if applied else (200, False))


ADDRESSES = [
    "/v1/accounts/", "//v1/accounts", "/v1//accounts", "/v1/accounts/../accounts", "/v1/accounts/%2e%2e/accounts", "*",
    "http://evil.example.com/v1/accounts", "/v1/accounts/a%2fb", "/v1/accounts/%00", "/v1/accounts/%ff",
    "/v1/accounts/%zz",
    "/v1/accounts/%ed%a0%80", "/v1/accounts/%0d%0aX:1", "/v1/accounts/" + "x" * 65, "/v1/accounts/" + "x" * 1100,
    "/v1/accounts/" + "x" * 1100 + "/access", "/v1/accounts/" + "x" * 60_000, "/v1/accounts/shop%20/access",
    "/v1/accounts/..%2f..%2fetc%2fpasswd/timeline", "/v1/accounts/%C2%B2/invoices", "/portal/static/../app.py",
    "/portal/static/%2e%2e/app.py", "/portal/static/%00", "/portal/static/" + "x" * 5000,
    "/portal/static/..%2f..%2fapp.py",
]  # fmt: skip


@pytest.mark.parametrize("address", ADDRESSES, ids=[each[:40] for each in ADDRESSES])
async def test_addresses_that_lead_nowhere(api_url: str, address: str) -> None:
    """404, without asking Temporal for what it cannot have; no redirect, no file from elsewhere."""
    answer = await said(api_url, request(method=b"GET", target=address.encode()))
    assert answer.status == 404, answer


async def test_methods(operator: Api) -> None:
    """What a path does not have is 405, with all that it has (RFC 9110, 10.2.1)."""
    for method in ("HEAD", "OPTIONS", "TRACE", "PATCH", "DELETE", "PROPFIND"):
        answer = await operator.http.request(method, "/v1/accounts")
        assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST"), method
        answer = await operator.http.request(method, "/v1/accounts/x/carts")
        assert (answer.status_code, answer.headers["allow"]) == (405, "PUT"), method


ADA = {"user": {"id": "user-7", "billing_access": True}}


@pytest.mark.usefixtures("worker")
async def test_R19_links_lead_where_we_are_and_not_where_a_host_header_says(operator: Api, api_url: str) -> None:
    """Without a configured address, a request's Host is believed on this machine alone."""
    made = new_account(paid_through="2099-01-01T00:00:00Z")
    await operator.ask("POST", "/v1/accounts", made)
    path = f"/v1/accounts/{made['account_id']}/portal-sessions"
    port = api_url.rpartition(":")[2]
    for host in (
        "evil.example.com", "evil.example.com:80", "evil.example.com@127.0.0.1", "127.0.0.1.evil.example.com", "[",
        "a b", "é", "", "x" * 3000, "127.0.0.1/@evil.example.com",
        "localhost.evil.example.com", "127.0.0.1#evil.example.com",
        "10.0.0.1",
    ):  # fmt: skip
        answer = await operator.http.post(path, json=ADA, headers={b"host": host.encode("latin-1")})
        assert answer.status_code == 200, (host, answer.text)
        assert answer.json()["url"].startswith(f"http://127.0.0.1:{port}/portal/sign-in/"), host
        forwarded = {b"x-forwarded-host": host.encode("latin-1"), b"forwarded": b"host=evil.example.com"}
        answer = await operator.http.post(path, json=ADA, headers=forwarded)
        assert answer.json()["url"].startswith(f"{api_url}/portal/sign-in/"), host
    answer = await operator.http.post(path, json=ADA, headers={"host": "localhost:18000"})
    assert answer.json()["url"].startswith("http://localhost:18000/portal/sign-in/"), "a forwarded port"
    answer = await operator.http.get("/portal", headers={"host": "evil.example.com"})
    assert (answer.status_code, answer.headers["location"]) == (308, "/portal/")
