"""R19, R20: whatever somebody sends who has no token and no session, nothing breaks."""

import asyncio
import base64
import json
from collections.abc import Iterable
from typing import Any, TypeVar

import httpx
import pytest
from temporalio.client import Client

from reprise.web import create_app
from tests.api.fuzz.counting import EXAMPLES
from tests.api_side import api_settings, served
from tests.issuer import Issuer, claims, trusting
from tests.plain_http import plain_client
from tests.stripe_side import StripeSide

pytestmark = pytest.mark.usefixtures("worker")

Some = TypeVar("Some")

JSON: list[bytes] = [
    b"", b"null", b"true", b"0", b"-1", b"1.5", b"1e400", b"9" * 5000, b'""', b'"x"', b'"\\ud800"', b"[]", b"[[]]",
    b"{}", b'{"a": {}}', b'{"a": 1, "a": 2}', b'{"": null}', b"[" * 10_000, b'{"a":' * 5000, b"NaN", b"{",
    b"\xff\xfe", b"\x00",
]  # fmt: skip
CONTENT = [
    "application/json", "application/json; charset=utf-16", "application/problem+json", "text/plain", "x", "",
    "application/x-www-form-urlencoded", "multipart/form-data", "multipart/form-data; boundary=x",
    "multipart/form-data; boundary=" + "x" * 500, "application/x-www-form-urlencoded; charset=none",
]  # fmt: skip
HEADERS = [
    "accept", "accept-encoding", "accept-language", "authorization", "content-encoding", "content-type", "cookie",
    "dnt", "forwarded", "host", "idempotency-key", "if-match", "if-modified-since", "if-none-match", "if-range",
    "origin", "prefer", "purpose", "range", "referer", "sec-fetch-site", "sec-purpose", "stripe-signature", "te",
    "user-agent", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-http-method-override", "x-request-id",
]  # fmt: skip
VALUES: list[bytes] = [
    b"", b"x", b"0", b"null", b"[]", b"{}", b'"', b"=;,", b"\xff\xe9", b"9" * 5000, b"%00%ff", b"Bearer",
    b"Bearer .", b"Bearer a.b.c", b"bytes=0-", b"bytes=-" + b"9" * 5000, b"bytes=" + b"0-0," * 1000,
    b"Mon, 99 Jan 99999 99:99:99 GMT",
    b"reprise_portal=", b"reprise_portal=\xff", b"reprise_portal=" + b"A" * 5000, b"t=1,v1=x", b"en;q=9" * 900,
]  # fmt: skip

PAGES = [
    ("GET", "/portal"), ("GET", "/portal/"), ("GET", "/portal/sign-in/x"), ("HEAD", "/portal/sign-in/x"),
    ("GET", "/portal/accounts/s"), ("GET", "/portal/accounts/s/history"), ("POST", "/portal/accounts/s/cancel"),
    ("POST", "/portal/accounts/s/subscription"), ("POST", "/portal/sign-out"), ("GET", "/portal/static/portal.css"),
    ("HEAD", "/portal/static/portal.css"), ("GET", "/docs"), ("GET", "/docs/assets/reference.js"),
    ("GET", "/openapi.json"), ("GET", "/nothing"),
]  # fmt: skip


def _some(several: list[Some], turn: int = 0) -> list[Some]:
    """Return every third, others at each turn; all of them in `make fuzz`."""
    return several if EXAMPLES else several[turn % 3 :: 3]


async def _statuses(
    http: httpx.AsyncClient, requests: Iterable[tuple[str, str, dict[str, bytes], bytes]]
) -> list[tuple[Any, ...]]:
    """Send requests, some at a time; return those that were answered with 5xx, and how."""
    at_once = asyncio.Semaphore(16)

    async def one(method: str, path: str, headers: dict[str, bytes], body: bytes) -> tuple[Any, ...] | None:
        async with at_once:
            given = [(name.encode(), value) for name, value in headers.items()]
            answer = await http.request(method, path, headers=given, content=body)
        said = (answer.status_code, answer.text, method, path, headers, body[:50])
        return said if answer.status_code >= 500 else None

    return [each for each in await asyncio.gather(*(one(*request) for request in requests)) if each]


async def _operations(http: httpx.AsyncClient) -> list[tuple[str, str]]:
    document = (await http.get("/openapi.json")).json()
    found = [
        (method.upper(), path.replace("{account_id}", "s"))
        for path, operations in document["paths"].items()
        for method in operations
    ]
    assert len(found) > 20
    return found


async def test_R20_every_type_of_json_at_every_address(api_url: str) -> None:
    """Each operation and each page, with each JSON, under each content type: 5xx nowhere."""
    async with plain_client(base_url=api_url, timeout=30) as http:
        addresses = [*await _operations(http), *PAGES]
        several = [_some(JSON, number) for number in range(len(addresses))]
        kind = {"content-type": b"application/json"}
        as_json = [(*at, kind, body) for at, bodies in zip(addresses, several, strict=True) for body in bodies]
        bodies = [at for at in addresses if at[0] in {"POST", "PUT"}]
        odd = [(*at, {"content-type": kind.encode()}, b'{"a": 1}') for at in bodies for kind in CONTENT]
        assert await _statuses(http, [*as_json, *odd]) == []


READ_AT = {
    ("POST", "/v1/webhooks/stripe"): ("stripe-signature", "content-type", "content-encoding"),
    ("GET", "/v1/accounts"): ("authorization", "x-request-id", "host"),
    ("POST", "/v1/accounts/s/cancel"): ("authorization", "idempotency-key", "prefer", "content-type"),
    ("GET", "/portal/sign-in/x"): ("purpose", "sec-purpose", "x-forwarded-for", "host"),
    ("GET", "/portal/accounts/s"): ("accept-language", "cookie", "host"),
    ("POST", "/portal/accounts/s/cancel"): ("content-type", "cookie", "origin"),
    ("GET", "/portal/static/portal.css"): ("if-modified-since", "if-none-match", "if-range", "range"),
    ("HEAD", "/docs/assets/reference.js"): ("if-modified-since", "if-none-match", "if-range", "range"),
}
"""Where each header is read."""


async def test_R20_every_header_at_every_kind_of_address(api_url: str) -> None:
    """Each header where it is read, and every one somewhere, with what is none of its values: 5xx nowhere."""
    pairs = [(name, value) for name in HEADERS for value in VALUES]
    read = [(at, name) for at, names in READ_AT.items() for name in names]
    sent = [(*at, {name: value}, b"") for turn, (at, name) in enumerate(read) for value in _some(VALUES, turn)]
    others = [("GET", "/healthz"), ("GET", "/readyz"), *PAGES]
    sent += [(*others[turn % len(others)], {name: value}, b"") for turn, (name, value) in enumerate(_some(pairs))]
    async with plain_client(base_url=api_url, timeout=30) as http:
        assert await _statuses(http, sent) == []


SHAPES: list[Any] = [
    None, True, 0, -1, 1.5, "", "x", "\ud800", [], [[]], ["RS256"], {}, {"RS256": 1}, "9" * 5000, 10**400, float("inf"),
]  # fmt: skip
NAMED = ["alg", "kid", "typ", "cty", "crit", "b64", "jwk", "jku", "x5c", "x5u", "zip", "enc"]


def _tokens() -> Iterable[str]:
    """Make tokens whose header has each parameter in each type of JSON, for each algorithm; none is signed."""
    body = _part(json.dumps(claims(iss="https://issuer.example.com", aud="reprise")).encode())
    header = _part(json.dumps({"alg": "RS256", "kid": "k1"}).encode())
    for alg in ("RS256", "HS256", "none"):
        for name in NAMED:
            for shape in SHAPES:
                yield f"{_part(json.dumps({'alg': alg, 'kid': 'k1', name: shape}).encode())}.{body}.{_part(b'x' * 256)}"
    for whole in JSON:
        yield f"{_part(whole)}.{body}.{_part(b'x')}"
        yield f"{header}.{_part(whole)}.{_part(b'x' * 256)}"


def _part(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


@pytest.mark.parametrize("production", [True, False], ids=["with-a-key-set", "with-a-secret"])
async def test_R19_a_tokens_header_of_any_shape_is_401(
    temporal: Client, stripe_side: StripeSide, issuer: Issuer, *, production: bool
) -> None:
    """`"alg": []` was answered with 500, by an API in production's way."""
    app = create_app(api_settings(stripe_side, **(trusting(issuer.url) if production else {})), temporal)
    async with served(app) as url, plain_client(base_url=url, timeout=30) as http:
        for token in _tokens():
            answer = await http.get("/v1/accounts", headers={"authorization": f"Bearer {token}"})
            assert answer.status_code == 401, (answer.status_code, token)
