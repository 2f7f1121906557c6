"""Tokens, signatures and links of any shape: refused, or what they say, and never a 5xx."""

import hashlib
import hmac
import time
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.api.conftest import SECRET, WEBHOOK_SECRET, Api, new_account, token
from tests.api.fuzz.anything import as_json, b64, bodies, header_values, media_types, raw, values
from tests.api.fuzz.counting import fuzzed

pytestmark = pytest.mark.usefixtures("worker")


@pytest.fixture
async def http(api_url: str) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=api_url, timeout=30, trust_env=False) as made:
        yield made


ADDRESSES = ["/v1/accounts", "/v1/accounts/shop-1", "/v1/accounts/shop-1/access", "/v1/accounts/shop-1/timeline"]

claims = st.fixed_dictionaries(
    {},
    optional={
        "sub": values,
        "scope": values | st.sampled_from(["operator", "billing", "backend", "operator billing"]),
        "accounts": values | st.just(["shop-1"]),
        "exp": values | st.just(2**31),
        "nbf": values,
        "iat": values,
        "aud": values,
        "iss": values,
        "jti": values,
    },
)
heads = st.fixed_dictionaries(
    {},
    optional={
        "alg": values | st.sampled_from(["HS256", "none", "None", "HS512", "RS256", "ES256"]),
        "typ": values,
        "kid": values,
        "jwk": values,
        "jku": values,
        "crit": values,
        "b64": values,
    },
)


def signed(head: Any, claim: Any) -> bytes:
    """A token that is signed with the right secret, whatever it says."""
    said = b64(as_json(head)) + b"." + b64(as_json(claim))
    return said + b"." + b64(hmac.new(SECRET.encode(), said, hashlib.sha256).digest())


good_head = st.just({"alg": "HS256", "typ": "JWT"})
tokens = (
    st.builds(signed, heads | values, claims | values)
    | st.builds(signed, good_head, claims | values)
    | st.builds(lambda parts: b".".join(b64(part) for part in parts), st.lists(raw, max_size=5))
    | header_values
)


@fuzzed(60)
@given(
    bearer=tokens,
    scheme=st.sampled_from([b"Bearer ", b"bearer ", b"Basic ", b"", b"Bearer  "]),
    at=st.sampled_from(ADDRESSES),
)
async def test_R19_tokens_of_any_shape(http: httpx.AsyncClient, bearer: bytes, scheme: bytes, at: str) -> None:
    """Signed with the right key or not: 401, or what a caller of that standing gets."""
    answer = await http.get(at, headers=[(b"authorization", (scheme + bearer).strip())])
    assert answer.status_code in {200, 401, 403, 404}, answer.text
    if answer.status_code != 200:
        assert answer.headers["content-type"] == "application/problem+json"
        assert len(answer.text) < 1000


@fuzzed(20)
@given(part=raw.map(quote) | st.text(max_size=80).map(lambda text: quote(text.encode("utf-8", "surrogatepass"))))
async def test_links_of_any_shape(http: httpx.AsyncClient, part: str) -> None:
    """Nobody is signed in by a link that was made up."""
    answer = await http.get(f"/portal/sign-in/{part}", follow_redirects=False)
    assert answer.status_code in {404, 405, 410}, answer.text
    assert "set-cookie" not in answer.headers


KINDS = """
    invoice.paid invoice.payment_failed invoice.voided invoice.updated customer.updated customer.deleted
    refund.created refund.updated charge.refunded charge.dispute.created charge.dispute.closed nothing.of.ours
    payment_intent.processing payment_method.attached checkout.session.completed
""".split()

objects = st.dictionaries(
    st.sampled_from(
        ["id", "object", "customer", "metadata", "status", "charge", "payment_intent", "invoice", "parent", "lines",
         "payments", "amount", "subscription"]
    ),
    values | st.sampled_from(["cus_1", "in_1", "ch_1", "re_1", "du_1", "invoice", "charge", "refund"]),
    max_size=8,
)  # fmt: skip
events = st.fixed_dictionaries(
    {},
    optional={
        "id": values | st.just("evt_1"),
        "object": values | st.just("event"),
        "type": values | st.sampled_from(KINDS),
        "data": values | st.fixed_dictionaries({"object": objects | values}),
        "created": values,
        "livemode": values,
        "api_version": values,
        "request": values,
    },
)


def signature(payload: bytes) -> bytes:
    """As Stripe signs, now (docs.stripe.com/webhooks)."""
    at = int(time.time())
    digest = hmac.new(WEBHOOK_SECRET.encode(), b"%d." % at + payload, hashlib.sha256).hexdigest()
    return b"t=%d,v1=%s" % (at, digest.encode())


@fuzzed(30)
@given(event=events | values, about=st.booleans())
async def test_R15_signed_events_of_any_shape(
    http: httpx.AsyncClient, operator: Api, standing: str, event: Any, about: bool
) -> None:
    """Taken or refused; what they say of an account of ours changes nothing in it but what Stripe bears out."""
    if about and isinstance(event, dict) and isinstance(event.get("data"), dict):
        told = event["data"].get("object")
        if isinstance(told, dict):
            told["metadata"] = {"account_id": standing, "payment_key": f"{standing}:1"}
    payload = as_json(event)
    answer = await http.post("/v1/webhooks/stripe", content=payload, headers={b"stripe-signature": signature(payload)})
    assert answer.status_code in {200, 400}, answer.text
    assert (await operator.get(f"/v1/accounts/{standing}"))["state"] == "active"


@pytest.fixture
async def standing(operator: Api) -> str:
    """An account that no webhook moves."""
    body = new_account()
    assert (await operator.ask("POST", "/v1/accounts", body)).status_code == 201
    return str(body["account_id"])


@fuzzed(40)
@given(body=bodies, given_as=header_values, kind=media_types)
async def test_R15_signatures_of_any_shape(http: httpx.AsyncClient, body: bytes, given_as: bytes, kind: str) -> None:
    """Whatever is said to be signed is not."""
    headers = {b"stripe-signature": given_as, b"content-type": kind.encode()}
    answer = await http.post("/v1/webhooks/stripe", content=body, headers=headers)
    assert answer.status_code in {400, 415, 422}, answer.text


HEADERS = """
    accept accept-encoding accept-language access-control-request-method cache-control content-encoding content-type
    cookie expect forwarded if-match if-modified-since idempotency-key origin pragma prefer range referer
    sec-fetch-site sec-purpose te traceparent upgrade user-agent via x-forwarded-for x-forwarded-host
    x-forwarded-proto x-http-method-override x-original-url x-request-id
""".split()

READS = [
    "/healthz",
    "/openapi.json",
    "/docs",
    "/v1/accounts?limit=1",
    "/portal/",
    "/nowhere",
    "/docs/assets/reference.js",
]


@fuzzed(60)
@given(
    headers=st.lists(st.tuples(st.sampled_from(HEADERS), header_values), max_size=6),
    method=st.sampled_from(["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"]),
    at=st.sampled_from(READS),
)
async def test_R20_headers_of_any_shape(
    http: httpx.AsyncClient, headers: list[tuple[str, bytes]], method: str, at: str
) -> None:
    """Whatever an intermediary or a stranger puts there, with any method, at any kind of address."""
    sent = [(b"authorization", f"Bearer {token(scope='operator')}".encode())]
    answer = await http.request(method, at, headers=[*sent, *((name.encode(), value) for name, value in headers)])
    assert answer.status_code < 500
    assert "access-control-allow-origin" not in answer.headers
    assert answer.headers["x-content-type-options"] == "nosniff" or answer.status_code == 400


COMMANDS = ["cancel", "reactivate", "carts", "payment-method", "email", "plan", "extend", "disable", "enable"]


@fuzzed(20)
@given(
    what=st.sampled_from(COMMANDS),
    body=bodies,
    kind=media_types,
    key=header_values,
    prefer=header_values,
    put=st.booleans(),
)
async def test_R20_commands_with_anything(
    http: httpx.AsyncClient, standing: str, what: str, body: bytes, kind: str, key: bytes, prefer: bytes, put: bool
) -> None:
    """As an operator, of one account: done, refused by name, or by the account's state."""
    headers = {
        b"authorization": f"Bearer {token(scope='operator')}".encode(),
        b"content-type": kind.encode(),
        b"idempotency-key": key,
        b"prefer": prefer,
    }
    method = "PUT" if put else "POST"
    answer = await http.request(method, f"/v1/accounts/{standing}/{what}", content=body, headers=headers)
    assert answer.status_code < 500, answer.text
