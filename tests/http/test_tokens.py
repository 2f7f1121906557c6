"""R19: what tokens are believed. Those of an issuer, by its key set, and those of the embedded default."""

import asyncio
import base64
import hmac
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from temporalio.client import Client

from reprise.http import issuer_keys
from reprise.web import create_app
from tests.api_side import SECRET, Api, Callers, Json, api_settings, served
from tests.issuer import LATER, Issuer, claims, trusting, written
from tests.stripe_side import StripeSide


def ours(**changes: Any) -> str:
    return jwt.encode(claims(**changes), SECRET, "HS256")


def signed(payload: bytes) -> str:
    """Return a token with our own signature over a payload that no library would write."""
    token = jwt.PyJWS().encode(payload, SECRET, "HS256")
    assert isinstance(token, str)
    return token


async def status(api: Api, *bearers: str, path: str = "/v1/accounts") -> int:
    headers = [("Authorization", f"Bearer {each}") for each in bearers]
    return (await api.http.get(path, headers=headers)).status_code


@pytest.fixture
def anybody(caller: Callers) -> Api:
    made = caller()
    del made.http.headers["authorization"]
    return made


DEEP = b"[" * 10_000

BAD_TOKENS: dict[str, Callable[[], str]] = {
    "one part": lambda: "a",
    "two parts": lambda: "a.b",
    "none": lambda: written({"alg": "none"}, claims()),
    "nOnE": lambda: written({"alg": "nOnE"}, claims()),
    "alg a list": lambda: written({"alg": ["HS256"]}, claims()),
    "alg missing": lambda: written({}, claims()),
    "alg RS256 with the secret": lambda: written({"alg": "RS256"}, claims(), b"x" * 256),
    "header no object": lambda: written([], claims()),
    "header deep": lambda: written(DEEP, claims()),
    "header of another encoding": lambda: written(b"\xff\xfe{\x00", claims()),
    "claims no object": lambda: signed(b"[]"),
    "claims deep": lambda: signed(DEEP),
    "claims no JSON": lambda: signed(b"\xff"),
    "crit unknown": lambda: jwt.encode(claims(), SECRET, "HS256", headers={"crit": ["surprise"], "surprise": 1}),
    "crit no list": lambda: jwt.encode(claims(), SECRET, "HS256", headers={"crit": "surprise"}),
    "exp a word": lambda: signed(b'{"sub":"x","scope":"operator","exp":"tomorrow"}'),
    "exp infinite": lambda: signed(b'{"sub":"x","scope":"operator","exp":Infinity}'),
    "exp no number": lambda: signed(b'{"sub":"x","scope":"operator","exp":NaN}'),
    "exp negative": lambda: ours(exp=-1),
    "exp a list": lambda: signed(b'{"sub":"x","scope":"operator","exp":[9999999999]}'),
    "exp of 5,000 digits": lambda: signed(b'{"sub":"x","scope":"operator","exp":' + b"9" * 5000 + b"}"),
    "nbf to come": lambda: ours(nbf=LATER),
    "iat to come": lambda: ours(iat=LATER),
    "sub a number": lambda: ours(sub=7),
    "sub half a surrogate pair": lambda: signed(rb'{"sub":"\ud800","scope":"operator","exp":9999999999}'),
    "meant for another service": lambda: ours(aud="another"),
    "meant for others": lambda: ours(aud=["another", "reprise"]),
    "scope an object": lambda: ours(scope={"operator": True}),
    "scope a list of lists": lambda: ours(scope=[["operator"]]),
    "scope a number": lambda: ours(scope=1),
    "accounts a text": lambda: ours(scope="billing", accounts="shop-1"),
    "accounts of numbers": lambda: ours(scope="billing", accounts=[1]),
    "accounts an object": lambda: ours(scope="billing", accounts={"shop-1": True}),
}


@pytest.mark.parametrize("name", BAD_TOKENS)
async def test_R19_tokens_of_odd_shapes(anybody: Api, name: str) -> None:
    """401, never 500, and nothing is read into a claim of another type."""
    assert await status(anybody, BAD_TOKENS[name]()) == 401
    assert await status(anybody, BAD_TOKENS[name](), path="/v1/accounts/s/access") == 401


async def test_R19_an_account_in_letters_is_none(anybody: Api) -> None:
    """`"accounts": "s"` must not come to mean the account `s`."""
    assert await status(anybody, ours(scope="billing", accounts="s"), path="/v1/accounts/s") == 401
    assert await status(anybody, ours(scope="billing", accounts=["s"]), path="/v1/accounts/s") == 404


async def test_R19_the_leeway_covers_skewed_clocks_and_no_more(anybody: Api) -> None:
    """30 seconds either way, for expiry, start and issue."""
    now = int(time.time())
    for within in ({"exp": now - 20}, {"nbf": now + 20}, {"iat": now + 20}):
        assert await status(anybody, ours(**within)) == 200, within
    for beyond in ({"exp": now - 40}, {"nbf": now + 45}, {"iat": now + 45}):
        assert await status(anybody, ours(**beyond)) == 401, beyond


async def test_R19_one_token_at_a_time(anybody: Api) -> None:
    """Of two Authorization headers a proxy may have checked the other one."""
    assert await status(anybody, ours(), "x") == 401
    assert await status(anybody, ours(), ours()) == 401
    answer = await anybody.http.get("/v1/accounts", headers={"authorization": f"bearer {ours()}"})
    assert answer.status_code == 200
    for scheme in ("Basic", "Token", ""):
        answer = await anybody.http.get("/v1/accounts", headers={"authorization": f"{scheme} {ours()}".strip()})
        assert answer.status_code == 401, scheme


@pytest.fixture
async def believes(
    temporal: Client, stripe_side: StripeSide, issuer: Issuer
) -> AsyncIterator[Callable[[str], Awaitable[int]]]:
    """The API in production's way: ask it with a token, get the status."""
    async with _trusting(temporal, stripe_side, issuer.url) as ask:
        yield ask


@asynccontextmanager
async def _trusting(
    temporal: Client, stripe_side: StripeSide, jwks_url: str
) -> AsyncIterator[Callable[[str], Awaitable[int]]]:
    async with served(create_app(api_settings(stripe_side, **trusting(jwks_url)), temporal)) as url:
        api = Api(url, None)

        async def ask(bearer: str) -> int:
            return await status(api, bearer)

        yield ask
        await api.http.aclose()


Believes = Callable[[str], Awaitable[int]]


async def test_R19_nothing_in_a_header_leads_to_another_key(believes: Believes, issuer: Issuer) -> None:
    """Algorithm confusion, and every other place where a token could bring its own key."""
    own = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    own_jwk = jwt.algorithms.RSAAlgorithm.to_jwk(own.public_key(), as_dict=True)
    body = claims(iss="https://issuer.example.com", aud="reprise")
    public = issuer.key.public_key()
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    der = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    assert await believes(issuer.token()) == 200
    for shared in (pem, pem.strip(), der, json.dumps(issuer.jwk("k1")).encode()):
        for algorithm, digest in (("HS256", "sha256"), ("HS512", "sha512")):
            forged = written({"alg": algorithm, "kid": "k1"}, body).removesuffix(".")
            signature = _hmac(shared, forged, digest)
            assert await believes(f"{forged}.{signature}") == 401
    for header in (
        {"kid": "k1"},
        {"kid": "k1", "jwk": {**own_jwk, "kid": "k1"}},
        {"kid": "k1", "jku": "http://127.0.0.1:1/jwks.json"},
        {"kid": "k1", "x5u": "http://127.0.0.1:1/cert.pem", "x5c": ["MIIB"]},
        {"kid": "../../../../dev/null"},
        {"kid": "k1' OR '1'='1"},
        {"kid": "http://127.0.0.1:1/"},
        {"kid": "k1\u0000"},
        {"kid": ""},
        {"kid": "x" * 20_000},
    ):
        assert await believes(jwt.encode(body, own, "RS256", headers=header)) == 401, header
    for odd in ({}, {"kid": None}, {"kid": ["k1"]}, {"kid": {"k1": 1}}, {"kid": 1}):
        assert await believes(issuer.signed_over(odd)) == 401, odd
    for another in ("RS384", "RS512", "PS256"):
        assert await believes(jwt.encode(body, issuer.key, another, headers={"kid": "k1"})) == 401
    assert await believes(issuer.token(header={"jku": "http://127.0.0.1:1/"})) == 200, "such addresses are not followed"


def _hmac(key: bytes, message: str, digest: str) -> str:
    return base64.urlsafe_b64encode(hmac.digest(key, message.encode(), digest)).rstrip(b"=").decode()


async def test_R19_audience_and_issuer_exactly(believes: Believes, issuer: Issuer) -> None:
    """The audience that is configured, alone or among others (RFC 7519, 4.1.3), and one issuer."""
    for right in (["reprise"], ["another", "reprise"], ["reprise", "another"]):
        assert await believes(issuer.token(aud=right)) == 200, right
    wrongs: list[Json] = [
        {"aud": ["another"]}, {"aud": []}, {"aud": [["reprise"]]}, {"aud": ["reprise", 7]}, {"aud": ""}, {"aud": None},
        {"aud": "reprise2"}, {"aud": {"reprise": 1}},
        {"iss": "https://issuer.example.com/"}, {"iss": None}, {"iss": ["https://issuer.example.com"]},
    ]  # fmt: skip
    for wrong in wrongs:
        issued = {**claims(iss="https://issuer.example.com", aud="reprise"), **wrong}
        token = jwt.PyJWS().encode(
            json.dumps({name: value for name, value in issued.items() if value is not None}).encode(),
            issuer.key, "RS256", headers={"kid": "k1"},
        )  # fmt: skip
        assert isinstance(token, str)
        assert await believes(token) == 401, wrong


async def test_R19_keys_of_other_kinds_in_the_set(believes: Believes, issuer: Issuer) -> None:
    """Symmetric, private, mistyped and broken keys: none is used for what it is not, and none spoils the others."""
    secret = base64.urlsafe_b64encode(b"s" * 32).rstrip(b"=").decode()
    curve = ec.generate_private_key(ec.SECP256R1())
    private = jwt.algorithms.RSAAlgorithm.to_jwk(issuer.key, as_dict=True)
    issuer.publishes(
        {"kty": "oct", "k": secret, "kid": "shared", "alg": "HS256"},
        {"kty": "oct", "k": secret, "kid": "shared-as-rsa", "alg": "RS256"},
        issuer.jwk("rsa-as-hmac", alg="HS256"),
        issuer.jwk("for-encryption", use="enc"),
        issuer.jwk("broken", n="AAAA", e="AAAA"),
        issuer.jwk("no-number", n=7),
        issuer.jwk("unknown", kty="surprise"),
        {**private, "kid": "private", "alg": "RS256"},
        issuer.jwk("kid"),
        {**issuer.jwk("x"), "kid": 7},
        jwt.algorithms.ECAlgorithm.to_jwk(curve.public_key(), as_dict=True) | {"kid": "curve"},
        None,
        "key",
        [],
    )
    body = claims(iss="https://issuer.example.com", aud="reprise")
    for kid in ("shared", "shared-as-rsa", "rsa-as-hmac"):
        assert await believes(jwt.encode(body, b"s" * 32, "HS256", headers={"kid": kid})) == 401
        assert await believes(issuer.token(kid)) == 401
    for kid in ("for-encryption", "broken", "no-number", "unknown", "private"):
        assert await believes(issuer.token(kid)) == 401
    assert await believes(issuer.token("kid")) == 200
    assert await believes(jwt.encode(body, curve, "ES256", headers={"kid": "curve"})) == 200


async def test_R19_a_withdrawn_key_is_refused_when_the_set_is_stale(
    believes: Believes, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is believed as long as a set is kept, and no longer; an empty set is a set."""
    assert await believes(issuer.token()) == 200
    issuer.publishes()
    assert await believes(issuer.token()) == 200
    monkeypatch.setattr(issuer_keys, "KEPT_FOR", 0.0)
    monkeypatch.setattr(issuer_keys, "RETRY_AFTER", 0.0)
    assert await believes(issuer.token()) in {401, 503}
    monkeypatch.setattr(issuer_keys, "KEPT_FOR", 300.0)
    assert await believes(issuer.token()) == 401


@pytest.mark.parametrize(
    ("code", "document"),
    [
        (500, b"{}"), (404, b""), (302, b""), (200, b""), (200, b"[]"), (200, b"{}"), (200, b'{"keys": {}}'),
        (200, b"\xff"),
        (200, b"[" * 100_000), (200, b'{"keys": [' + b"1," * 600_000 + b"1]}"),
    ],
    ids=["500", "404", "elsewhere", "empty", "list", "no-keys", "keys-no-list", "no-text", "deep", "huge"],
)  # fmt: skip
async def test_R19_a_key_set_that_cannot_be_had(
    believes: Believes, issuer: Issuer, monkeypatch: pytest.MonkeyPatch, code: int, document: bytes
) -> None:
    """503: whether the token is good is not known. As soon as the set is back, it is taken."""
    monkeypatch.setattr(issuer_keys, "RETRY_AFTER", 0.0)
    good, issuer.document, issuer.code = issuer.document, document, code
    assert await believes(issuer.token()) == 503
    issuer.document, issuer.code = good, 200
    assert await believes(issuer.token()) == 200
    issuer.document, issuer.code = document, code
    assert await believes(issuer.token("unknown")) == 401
    assert await believes(issuer.token()) == 200, "a set that was fetched is kept while its issuer is away"


async def test_R19_a_slow_issuer_is_asked_once_for_all(
    believes: Believes, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its answer is waited for together, for a bounded time; callers get 503, not a hanging API."""
    monkeypatch.setattr(issuer_keys, "FETCH_WITHIN", 2.0)
    monkeypatch.setattr(issuer_keys, "RETRY_AFTER", 60.0)  # however long thirty requests take on a busy machine
    issuer.go_on.clear()
    async with asyncio.timeout(10):
        assert set(await asyncio.gather(*(believes(issuer.token()) for _ in range(30)))) == {503}
    assert issuer.asked == 1


async def test_R19_no_issuer_at_all(temporal: Client, stripe_side: StripeSide, issuer: Issuer) -> None:
    """A closed port, too, is 503 for tokens, and nothing else is in its way."""
    async with _trusting(temporal, stripe_side, "http://127.0.0.1:1/jwks.json") as ask:
        assert await ask(issuer.token()) == 503
        assert await ask("nonsense") == 401
