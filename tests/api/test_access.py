"""R19 and R20 over HTTP: who may, and what is refused before anything is recorded."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from temporalio.client import Client
from temporalio.service import RPCError

from reprise.serving import listen
from reprise.temporal.converter import data_converter
from reprise.web import create_app
from reprise.worker import account_worker
from reprise.workflows.messages import workflow_id
from tests.api_side import OPERATORS_ONLY, SECRET, Api, Callers, api_settings, new_account, served, token
from tests.issuer import Issuer, trusting
from tests.stripe_events import Endpoint, hints
from tests.stripe_side import StripeSide
from tests.waiting import until
from tests.worker_side import worker_settings


@pytest.mark.usefixtures("worker")
async def test_R19_who_may(operator: Api, caller: Callers) -> None:
    """A billing user: their own account alone. Without Billing Access: nothing. Others: not even that it exists."""
    body = new_account()
    await operator.ask("POST", "/v1/accounts", body)
    path = f"/v1/accounts/{body['account_id']}"
    own, without, other = caller(body["account_id"]), caller(body["account_id"], scope=""), caller("another")
    reads = ["", "/access", "/timeline", "/invoices"]
    for read in reads:
        assert (await own.ask("GET", path + read)).status_code == 200
        answer = await without.ask("GET", path + read)
        assert (answer.status_code, answer.json()["code"]) == (403, "billing_access_required")
        hidden, absent = await other.ask("GET", path + read), await other.ask("GET", "/v1/accounts/none" + read)
        assert (hidden.status_code, hidden.json()) == (404, absent.json())
    for what in OPERATORS_ONLY:
        sent: Any = {"extend": {"days": 1}, "plan": {"currency": "usd", "unit_amount": 1}}.get(what)
        answer = await own.ask("POST", f"{path}/{what}", sent)
        assert (answer.status_code, answer.json()["code"]) == (403, "operator_required")
        assert (await other.ask("POST", f"{path}/{what}", sent)).status_code == 404
    for command in ("cancel", "reactivate"):
        assert (await without.ask("POST", f"{path}/{command}")).status_code == 403
        assert (await other.ask("POST", f"{path}/{command}")).status_code == 404
    assert (await own.ask("GET", "/v1/accounts")).status_code == 403
    assert (await own.ask("POST", "/v1/accounts", new_account())).status_code == 403
    assert (await operator.ask("GET", "/v1/accounts/none")).json()["code"] == "account_not_found"
    assert (await operator.get(path))["sequence"] == 2


def forged(**changes: Any) -> str:
    claims = {"sub": "x", "scope": "operator", "accounts": [], "exp": datetime.now(UTC) + timedelta(hours=1), **changes}
    return jwt.encode({key: value for key, value in claims.items() if value is not None}, SECRET, "HS256")


@pytest.mark.parametrize(
    "bearer",
    [
        "nonsense",
        token(scope="operator", ttl=timedelta(hours=-1)),
        forged(exp=None),
        forged(sub=None),
        jwt.encode({"sub": "x", "scope": "operator", "exp": 9999999999}, "another secret that is long enough", "HS256"),
        jwt.encode({"sub": "x", "scope": "operator", "exp": 9999999999}, SECRET, "HS512"),
        jwt.encode({"sub": "x", "scope": "operator", "exp": 9999999999}, "", "none"),
    ],
    ids=["nonsense", "expired", "for-ever", "nobody", "other-secret", "other-algorithm", "no-signature"],
)
async def test_R19_tokens_that_are_not_ours(caller: Callers, bearer: str) -> None:
    """401, with a sentence and WWW-Authenticate."""
    answer = await caller(bearer=bearer).ask("GET", "/v1/accounts")
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
    assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_R19_an_issuers_keys_rotate_and_nothing_else_is_believed(
    temporal: Client, stripe_side: StripeSide, issuer: Issuer
) -> None:
    """RS256 by key set; a shared secret made of the public key is refused; unknown keys do not flood the issuer."""
    issuer.rotate("k1")
    async with served(create_app(api_settings(stripe_side, **trusting(issuer.url)), temporal)) as url:

        async def status(bearer: str) -> int:
            api = Api(url, bearer)
            try:
                return (await api.ask("GET", "/v1/accounts")).status_code
            finally:
                await api.http.aclose()

        assert await status(issuer.token("k1")) == 200
        assert await status(issuer.token("k1", aud="another")) == 401
        assert await status(issuer.token("k1", iss="https://evil.example.com")) == 401
        assert await status(issuer.token("k1", exp=1)) == 401
        assert await status(token(scope="operator")) == 401
        issuer.rotate("k2")
        assert await status(issuer.token("k2")) == 200
        asked = issuer.asked
        for number in range(20):
            assert await status(issuer.token(f"unknown-{number}")) == 401
        assert issuer.asked <= asked + 1


BAD_FIELDS: list[tuple[str, dict[str, Any]]] = [
    ("surprise", {"surprise": 1}),
    ("account_id", {"account_id": ""}),
    ("account_id", {"account_id": "a b"}),
    ("account_id", {"account_id": "x" * 65}),
    ("account_id", {"account_id": 7}),
    ("email", {"email": "nobody"}),
    ("email", {"email": "x" * 300 + "@example.com"}),
    ("email", {"email": None}),
    ("carts", {"carts": -1}),
    ("carts", {"carts": 10_001}),
    ("carts", {"carts": "3"}),
    ("carts", {"carts": 3.5}),
    ("carts", {"carts": True}),
    ("carts", {"carts": 10_000, "plan": {"currency": "usd", "unit_amount": 99_999}}),
    ("plan", {"plan": "basic"}),
    ("plan.currency", {"plan": {"currency": "xxx", "unit_amount": 1}}),
    ("plan.unit_amount", {"plan": {"currency": "usd", "unit_amount": -1}}),
    ("plan.unit_amount", {"plan": {"currency": "usd", "unit_amount": 10**12}}),
    ("plan.unit_amount", {"plan": {"currency": "usd", "unit_amount": 25.5}}),
    ("plan.unit_amount", {"plan": {"currency": "kwd", "unit_amount": 1234}}),
    ("plan.interval", {"plan": {"currency": "usd", "unit_amount": 1, "interval": "year"}}),
    ("timezone", {"timezone": "Mars/Olympus"}),
    ("paid_through", {"paid_through": "2027-01-01T00:00:00"}),
    ("paid_through", {"paid_through": "yesterday"}),
    ("paid_through", {"paid_through": "9999-12-31T00:00:00Z"}),
    ("payment_method", {"payment_method": "4242424242424242"}),
    ("policy.retry_days", {"policy": {"retry_days": [7, 1]}}),
    ("policy.debt", {"policy": {"debt": "forgive"}}),
]


@pytest.mark.parametrize(
    ("field", "changes"), BAD_FIELDS, ids=[f"{field}-{n}" for n, (field, _) in enumerate(BAD_FIELDS)]
)
async def test_R20_bad_input_is_refused_by_field_before_anything_is_recorded(
    operator: Api, temporal: Client, field: str, changes: dict[str, Any]
) -> None:
    """422 that names it, and no workflow."""
    body = new_account(**changes)
    answer = await operator.ask("POST", "/v1/accounts", body)
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "invalid_request"), answer.text
    named = [each["field"] for each in problem["errors"]]
    assert any(each == field or each.startswith(f"{field}.") for each in named), named
    with pytest.raises(RPCError):
        await temporal.get_workflow_handle(workflow_id(str(body["account_id"]) or "none")).describe()


@pytest.mark.parametrize(
    ("method", "path", "body", "field"),
    [
        ("POST", "cancel", {"when": "tomorrow"}, "when"),
        ("POST", "cancel", {"reason": "x" * 501}, "reason"),
        ("POST", "reactivate", {"expected_amount": "7500"}, "expected_amount"),
        ("POST", "reactivate", {"expected_amount": -1}, "expected_amount"),
        ("PUT", "carts", {}, "carts"),
        ("PUT", "carts", {"carts": None}, "carts"),
        ("PUT", "payment-method", {"payment_method": ""}, "payment_method"),
        ("POST", "billing-portal", {"return_url": "javascript:alert(1)"}, "return_url"),
        ("POST", "extend", {"days": 0}, "days"),
        ("POST", "extend", {"days": 1, "until": "2030-01-01T00:00:00Z"}, "body"),
        ("POST", "extend", {"until": "2030-01-01T00:00:00"}, "until"),
        ("POST", "plan", {"plan": {"currency": "usd"}}, "plan.unit_amount"),
        ("POST", "disable", {"reason": 5}, "reason"),
        ("GET", "timeline?limit=0", None, "limit"),
        ("GET", "timeline?limit=many", None, "limit"),
        ("GET", "timeline?cursor=x", None, "cursor"),
    ],
)
@pytest.mark.usefixtures("worker")
async def test_R20_bad_input_of_every_operation(operator: Api, method: str, path: str, body: Any, field: str) -> None:
    """422 that names the field."""
    made = new_account(paid_through="2099-01-01T00:00:00Z")
    await operator.ask("POST", "/v1/accounts", made)
    answer = await operator.ask(method, f"/v1/accounts/{made['account_id']}/{path}", body)
    assert answer.status_code == 422, answer.text
    assert field in [each["field"] for each in answer.json()["errors"]]


async def test_R20_bodies_that_are_no_json_or_too_large(operator: Api) -> None:
    """422 and 413, as problems; unknown paths and methods too."""
    headers = {"content-type": "application/json"}
    for content in (b"{", b"[]", b"null", b'"x"', b"\xff"):
        answer = await operator.http.post("/v1/accounts", content=content, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request"), content
    large = await operator.http.post("/v1/accounts", content=b" " * 100_000, headers=headers)
    assert (large.status_code, large.json()["code"]) == (413, "body_too_large")
    assert (await operator.ask("GET", "/nothing")).json()["code"] == "not_found"
    assert (await operator.ask("DELETE", "/v1/accounts")).json()["code"] == "method_not_allowed"


async def test_no_worker_is_answered_within_the_time_out(temporal: Client, stripe_side: StripeSide) -> None:
    """Opening goes on by itself (202); reads and commands say 503 with Retry-After; access is still answered."""
    async with served(create_app(api_settings(stripe_side, command_wait=1), temporal)) as url:
        api = Api(url, token(scope="operator"))
        body = new_account()
        path = f"/v1/accounts/{body['account_id']}"
        async with asyncio.timeout(25):
            answer = await api.ask("POST", "/v1/accounts", body)
            assert (answer.status_code, answer.json()["payment"]["status"]) == (202, "collecting")
            for method, what in (("GET", ""), ("POST", "/cancel"), ("GET", "/timeline")):
                answer = await api.ask(method, path + what)
                assert (answer.status_code, answer.json()["code"]) == (503, "engine_unavailable")
                assert answer.headers["retry-after"]
            assert (await api.get(f"{path}/access"))["access"] is False
        await api.http.aclose()


async def test_R15_a_hint_waits_for_a_worker(
    temporal: Client, operator: Api, caller: Callers, stripe_side: StripeSide
) -> None:
    """Nobody is up to say what the account knows already: Stripe's event is passed on rather than left out."""
    async with account_worker(temporal, worker_settings(stripe_side)):
        body = new_account()
        account = (await operator.ask("POST", "/v1/accounts", body)).json()
    metadata = {"account_id": body["account_id"], "payment_key": account["payment"]["key"]}
    about = {"id": "in_x", "object": "invoice", "metadata": metadata}
    async with asyncio.timeout(20):
        assert await Endpoint(caller()).tell("invoice.paid", about) == 200
    assert [each.event_type for each in await hints(temporal, body["account_id"])] == ["invoice.paid"]


async def test_no_temporal_is_answered_and_recovered_from(temporal: Client, stripe_side: StripeSide) -> None:
    """The API starts without Temporal, says 503, and works as soon as Temporal is there."""
    with listen("127.0.0.1", 0) as free:
        port = free.getsockname()[1]
    away = await Client.connect(f"127.0.0.1:{port}", data_converter=data_converter, lazy=True)
    async with served(create_app(api_settings(stripe_side, command_wait=1), away)) as url:
        api = Api(url, token(scope="operator"))
        async with asyncio.timeout(30):
            assert (await api.ask("GET", "/healthz")).status_code == 200
            for method, path, body in (
                ("GET", "/readyz", None),
                ("GET", "/v1/accounts/x", None),
                ("GET", "/v1/accounts/x/access", None),
                ("GET", "/v1/accounts", None),
                ("POST", "/v1/accounts", new_account()),
                ("POST", "/v1/accounts/x/cancel", None),
            ):
                answer = await api.ask(method, path, body)
                assert (answer.status_code, answer.json()["code"]) == (503, "engine_unavailable"), path
            target = temporal.service_client.config.target_host.rsplit(":", 1)
            relay = await asyncio.start_server(_relay_to(target[0], int(target[1])), "127.0.0.1", port)
            async with relay:
                await until(lambda: api.ask("GET", "/v1/accounts"), lambda it: it.status_code == 200, seconds=30)
                relay.close()
        await api.http.aclose()


def _relay_to(host: str, port: int) -> Any:
    """Stand in for Temporal at another port, so that it can come up while the API runs."""

    async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        try:
            while data := await source.read(65536):
                sink.write(data)
                await sink.drain()
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            sink.close()

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(host, port)
        await asyncio.gather(pump(reader, back), pump(there, writer))

    return relay


async def test_the_openapi_document(operator: Api) -> None:
    """Every operation has a summary, examples where there is a body, and problems for its errors."""
    document = await operator.get("/openapi.json")
    assert "/v1/accounts/{account_id}/reactivate" in document["paths"]
    for name, schema in document["components"]["schemas"].items():
        if name in {"AccountView", "ProblemBody"}:
            assert schema["examples"], name
        elif name.endswith("Body") and schema.get("required"):
            named = [field for field in schema["required"] if "examples" in str(schema["properties"][field])]
            assert named == schema["required"], name
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            assert operation["description"], (method, path)
            for status, answer in operation["responses"].items():
                if int(status) >= 400:
                    assert "application/problem+json" in answer["content"], (method, path, status)


async def test_R16_access_is_answered_without_a_worker(
    temporal: Client, operator: Api, stripe_side: StripeSide
) -> None:
    """Cancelled, and no worker runs when the term ends: no access from then on; disabled once one is back."""
    end = (datetime.now(UTC) + timedelta(seconds=6)).replace(microsecond=0)
    body = new_account(paid_through=end.isoformat())
    async with account_worker(temporal, worker_settings(stripe_side)):
        await operator.ask("POST", "/v1/accounts", body)
        path = f"/v1/accounts/{body['account_id']}"
        await operator.ask("POST", f"{path}/cancel")
    assert (await operator.get(f"{path}/access"))["access"] is True
    access = await until(lambda: operator.get(f"{path}/access"), lambda it: not it["access"])
    assert datetime.now(UTC) >= end
    assert datetime.fromisoformat(access["until"]) == end
    async with account_worker(temporal, worker_settings(stripe_side)):
        await until(lambda: operator.ask("GET", path), lambda it: it.json().get("state") == "disabled")
