"""Tokens, signatures, links and headers of any shape: refused, or what they say, and never a 5xx."""

import hashlib
import hmac
from collections.abc import AsyncIterator
from random import Random
from urllib.parse import quote

import httpx
import pytest

from tests.api.fuzz import anything
from tests.api.fuzz.counting import FRESH, SEED, draws
from tests.api_side import SECRET, Api, new_account, token
from tests.plain_http import plain_client
from tests.stripe_events import header

pytestmark = pytest.mark.usefixtures("worker")


@pytest.fixture
async def http(api_url: str) -> AsyncIterator[httpx.AsyncClient]:
    async with plain_client(base_url=api_url, timeout=30, limits=FRESH) as made:
        yield made


@pytest.fixture
async def standing(operator: Api) -> str:
    """An account in service."""
    body = new_account()
    assert (await operator.ask("POST", "/v1/accounts", body)).status_code == 201
    return str(body["account_id"])


def said(answer: httpx.Response) -> str:
    """What to look for when an answer was wrong."""
    asked = answer.request
    return f"FUZZ_SEED={SEED}: {asked.method} {asked.url} {asked.headers.raw}: {answer.status_code} {answer.text[:500]}"


CLAIMS = "sub scope accounts exp nbf iat aud iss jti".split()
LIKELY_CLAIMS = ["operator", "billing", "backend", "operator billing", ["shop-1"], 2**31, 0, "someone"]
HEAD = "alg typ kid jwk jku x5u crit b64 cty zip".split()
ALGORITHMS = ["HS256", "none", "None", "HS512", "RS256", "ES256", "EdDSA", "PS256"]


def signed(head: object, claim: object) -> bytes:
    """A token that is signed with the right secret, whatever it says."""
    whole = anything.b64(anything.as_json(head)) + b"." + anything.b64(anything.as_json(claim))
    return whole + b"." + anything.b64(hmac.new(SECRET.encode(), whole, hashlib.sha256).digest())


def bearer(rng: Random) -> bytes:
    """A token: well made with odd claims, oddly made, or no token at all."""
    head = {"alg": "HS256", "typ": "JWT"} if rng.random() < 0.5 else anything.some(rng, HEAD, ALGORITHMS)
    claims = anything.some(rng, CLAIMS, LIKELY_CLAIMS, most=9) if rng.random() < 0.9 else anything.value(rng)
    match rng.randrange(5):
        case 0:
            return b".".join(anything.b64(anything.raw(rng)) for _ in range(rng.randrange(6)))
        case 1:
            return anything.header(rng)
        case 2:
            genuine = token(scope="operator").encode()
            at = rng.randrange(len(genuine))
            return genuine[:at] + bytes([rng.choice(b"AZaz09-_.=")]) + genuine[at + rng.randrange(2) :]
        case _:
            return signed(head, claims)


READS = ["/v1/accounts", "/v1/accounts/shop-1", "/v1/accounts/shop-1/access", "/v1/accounts/shop-1/timeline"]


async def test_R19_tokens_of_any_shape(http: httpx.AsyncClient) -> None:
    """Signed with the right key or not: 401, or what a caller of that standing gets."""
    for rng in draws("tokens", 40):
        scheme = rng.choice([b"Bearer ", b"Bearer ", b"Bearer ", b"bearer ", b"Basic ", b"", b"Bearer  "])
        headers = [(b"authorization", (scheme + bearer(rng)).strip())]
        answer = await http.get(rng.choice(READS), headers=headers)
        assert answer.status_code in {200, 401, 403, 404}, said(answer)
        if answer.status_code != 200:
            assert answer.headers["content-type"] == "application/problem+json"
            assert len(answer.text) < 1000


async def test_links_of_any_shape(http: httpx.AsyncClient) -> None:
    """Nobody is signed in by a link that was made up."""
    for rng in draws("links", 10):
        part = quote(anything.raw(rng), safe=rng.choice(["", "/", "%", "?#"]))
        answer = await http.get(f"/portal/sign-in/{part}", follow_redirects=False)
        assert answer.status_code in {400, 404, 405, 410}, said(answer)
        assert "set-cookie" not in answer.headers


KINDS = """
    invoice.paid invoice.payment_failed invoice.voided invoice.updated customer.updated customer.deleted refund.created
    refund.updated charge.refunded charge.dispute.created charge.dispute.closed nothing.of.ours
    payment_intent.processing payment_method.attached checkout.session.completed
""".split()
EVENT = "id object type data created livemode api_version request".split()
OBJECT = """
    id object customer metadata status charge payment_intent invoice parent lines payments amount subscription reason
""".split()
LIKELY_FIELDS = ["cus_1", "in_1", "ch_1", "re_1", "du_1", "invoice", "charge", "refund", "dispute", "customer", {}]


def event(rng: Random, account: str) -> object:
    """An event: of a kind that is listened to, about an account that is there, or anything."""
    if rng.random() < 0.1:
        return anything.value(rng)
    about = anything.some(rng, OBJECT, LIKELY_FIELDS, most=9)
    if rng.random() < 0.5:
        about["metadata"] = {"account_id": account, "payment_key": rng.choice([f"{account}:1", anything.value(rng)])}
    whole = {"id": "evt_1", "object": "event", "type": rng.choice(KINDS), "data": {"object": about}}
    return whole | anything.some(rng, EVENT, [*KINDS, {"object": about}], most=2)


async def test_R15_signed_events_of_any_shape(http: httpx.AsyncClient, operator: Api, standing: str) -> None:
    """Taken or refused; what they say of an account of ours changes nothing that Stripe does not bear out."""
    for rng in draws("events", 20):
        payload = anything.as_json(event(rng, standing))
        sent = {b"stripe-signature": header(payload).encode(), b"content-type": anything.media_type(rng)}
        answer = await http.post("/v1/webhooks/stripe", content=payload, headers=sent)
        assert answer.status_code in {200, 400}, f"{payload!r}: {said(answer)}"
    assert (await operator.get(f"/v1/accounts/{standing}"))["state"] == "active"


async def test_R15_signatures_of_any_shape(http: httpx.AsyncClient) -> None:
    """Whatever is said to be signed is not."""
    for rng in draws("signatures", 20):
        genuine = header(b"{}").encode()
        at = rng.randrange(len(genuine))
        changed = genuine[:at] + anything.header(rng) + genuine[at + 1 :] + b"x"
        given = rng.choice([anything.header(rng), changed[:4000].strip()])
        sent = {b"stripe-signature": given, b"content-type": anything.media_type(rng)}
        answer = await http.post("/v1/webhooks/stripe", content=anything.body(rng), headers=sent)
        assert answer.status_code in {400, 422}, said(answer)


HEADERS = """
    accept accept-encoding accept-language access-control-request-method cache-control content-encoding content-type
    cookie expect forwarded if-match if-modified-since idempotency-key origin pragma prefer range referer sec-fetch-site
    sec-purpose te traceparent upgrade user-agent via x-forwarded-for x-forwarded-host x-forwarded-proto
    x-http-method-override x-original-url x-request-id
""".split()
METHODS = ["GET", "GET", "GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"]
ADDRESSES = [
    "/healthz",
    "/openapi.json",
    "/docs",
    "/v1/accounts?limit=1",
    "/portal/",
    "/nowhere",
    "/docs/assets/reference.js",
]


async def test_R20_headers_of_any_shape(http: httpx.AsyncClient) -> None:
    """Whatever an intermediary or a stranger puts there, with any method, at any kind of address."""
    operator = (b"authorization", f"Bearer {token(scope='operator')}".encode())
    for rng in draws("headers", 40):
        sent = [(name.encode(), anything.header(rng)) for name in rng.sample(HEADERS, rng.randrange(7))]
        answer = await http.request(rng.choice(METHODS), rng.choice(ADDRESSES), headers=[operator, *sent])
        assert answer.status_code < 500, said(answer)
        assert "access-control-allow-origin" not in answer.headers


COMMANDS = [
    "cancel",
    "reactivate",
    "carts",
    "payment-method",
    "email",
    "plan",
    "extend",
    "disable",
    "enable",
    "nothing",
]
FIELDS = """
    when reason feedback expected_amount carts payment_method email plan days until currency unit_amount expected_state
""".split()
LIKELY_INPUTS = [
    "now",
    "term_end",
    "other",
    "pm_card_visa",
    "a@example.com",
    3,
    7500,
    {"currency": "usd", "unit_amount": 2500},
]


async def test_R20_commands_with_anything(http: httpx.AsyncClient, standing: str) -> None:
    """As an operator, of one account: done, refused by name, or by the account's state."""
    for rng in draws("commands", 10):
        likely = anything.as_json(anything.some(rng, FIELDS, LIKELY_INPUTS, most=3))
        headers = {
            b"authorization": f"Bearer {token(scope='operator')}".encode(),
            b"content-type": rng.choice([b"application/json", anything.media_type(rng)]),
            b"prefer": anything.header(rng),
        }
        if rng.random() < 0.5:
            headers[b"idempotency-key"] = anything.header(rng)
        method, what = rng.choice(["PUT", "POST"]), rng.choice(COMMANDS)
        content = rng.choice([likely, anything.body(rng)])
        answer = await http.request(method, f"/v1/accounts/{standing}/{what}", content=content, headers=headers)
        assert answer.status_code < 500, f"{content[:500]!r}: {said(answer)}"
