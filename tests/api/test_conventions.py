"""The API as one expects it: what a caller did wrong is said in a sentence, and the document has what clients need."""

import re
import time
from collections.abc import Iterable, Iterator
from inspect import iscoroutinefunction
from typing import Any

import jwt
import pytest
from fastapi.dependencies.models import Dependant
from temporalio.client import Client

from reprise.schemas.accounts import AccountView
from reprise.statemachine.account import AccountState
from reprise.web import create_app
from tests.api_side import SECRET, Api, Callers, api_settings, new_account
from tests.stripe_side import StripeSide


def signed(secret: str = SECRET, **changes: object) -> str:
    claims = {"sub": "x", "scope": "operator", "exp": time.time() + 3600, **changes}
    return jwt.encode({name: value for name, value in claims.items() if value is not None}, secret, "HS256")


async def test_R20_a_body_without_a_content_type_is_told_so(operator: Api) -> None:
    """415, and what to send; without a body nothing is said."""
    answer = await operator.http.post("/v1/accounts", content=b"{}")
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")
    assert "it says nothing" in answer.json()["detail"]
    answer = await operator.http.post("/v1/accounts/none/cancel")
    assert answer.status_code == 404
    for kind in ("application/json; charset=utf-8", "application/vnd.shop+json"):
        answer = await operator.http.post("/v1/accounts", content=b"{}", headers={"content-type": kind})
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request"), kind
    answer = await operator.http.post("/v1/accounts/none/close", content=b"nothing that is read")
    assert answer.status_code == 404


@pytest.mark.parametrize(
    ("body", "where"),
    [
        (b'{"carts": 1,}', "line 1, column 1"),
        (b'{\n  "carts": 1\n  "email": "x"\n}', "line 3, column 3"),
        (b"{", "line 1, column 2"),
    ],
)
async def test_R20_json_errors_say_where(operator: Api, body: bytes, where: str) -> None:
    """As editors count lines and columns."""
    answer = await operator.http.post("/v1/accounts", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["field"] == "body"
    assert where in error["message"]


async def test_R20_a_field_that_is_there_twice_is_named(operator: Api) -> None:
    """Which of the two counts differs between readers."""
    body, kind = b'{"carts":1,"email":"x","carts":2}', {"content-type": "application/json"}
    answer = await operator.http.post("/v1/accounts", content=body, headers=kind)
    assert "'carts'" in answer.json()["errors"][0]["message"]


async def test_R20_query_parameters_that_an_operation_does_not_have(operator: Api) -> None:
    """422 that names it and what there is; the same for one that is given twice."""
    for path, field, has in (
        ("/v1/accounts?status=active", "status", "state"),
        ("/v1/accounts?State=active", "State", "state"),
        ("/v1/accounts/none?expand=1", "expand", "none"),
        ("/v1/accounts?limit=1&limit=2", "limit", "more than once"),
    ):
        answer = await operator.ask("GET", path)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request"), path
        (error,) = answer.json()["errors"]
        assert error["field"] == field
        assert has in error["message"]


@pytest.mark.parametrize(
    ("bearer", "why"),
    [
        (signed(exp=time.time() - 3600), "expired"),
        (signed(aud="another"), "another service"),
        (signed(nbf=time.time() + 3600), "not valid yet"),
        (signed(exp=None), "lacks a claim"),
        (signed("another secret that is long enough for HS256"), "trusted"),
        (signed("another secret that is long enough for HS256", exp=time.time() - 3600), "trusted"),
        ("nonsense", "cannot be read"),
    ],
    ids=["expired", "foreign", "early", "for-ever", "forged", "forged-and-expired", "nonsense"],
)
async def test_R19_a_token_that_is_not_taken_is_told_why(caller: Callers, bearer: str, why: str) -> None:
    """In the sentence, and for programs as RFC 6750 has it; of one that we cannot trust, nothing that it claims."""
    answer = await caller(bearer=bearer).ask("GET", "/v1/accounts")
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
    assert why in answer.json()["detail"]
    told = re.fullmatch(
        r'Bearer realm="reprise", error="invalid_token", error_description="([\x20-\x21\x23-\x5b\x5d-\x7e]+)"',
        answer.headers["www-authenticate"],
    )
    assert told is not None, answer.headers["www-authenticate"]
    assert why in told[1]


async def test_R19_without_a_token_no_error_is_told_of_one(caller: Callers) -> None:
    """RFC 6750, 3.1: a request without authentication gets no error code."""
    nobody = caller()
    del nobody.http.headers["authorization"]
    answer = await nobody.ask("GET", "/v1/accounts")
    assert answer.headers["www-authenticate"] == 'Bearer realm="reprise"'
    assert "no token" in answer.json()["detail"]


async def test_a_method_that_a_path_does_not_have_is_named(operator: Api) -> None:
    """With those that it has, in the sentence as in `Allow`."""
    answer = await operator.ask("POST", "/v1/accounts/x/carts", {"carts": 1})
    assert (answer.status_code, answer.json()["code"], answer.headers["allow"]) == (405, "method_not_allowed", "PUT")
    assert answer.json()["detail"] == "There is no POST at this path. It takes PUT."


async def test_the_root_leads_to_the_reference(operator: Api) -> None:
    """`/docs`, from our own files."""
    answer = await operator.ask("GET", "/")
    assert (answer.status_code, answer.headers["location"]) == (307, "/docs")


@pytest.mark.usefixtures("worker")
async def test_R1_an_account_whose_first_payment_fails_is_there(operator: Api) -> None:
    """201: it exists, disabled, and says why; `reactivate` is the way on."""
    made = new_account(payment_method="pm_card_chargeCustomerFail")
    answer = await operator.ask("POST", "/v1/accounts", made)
    account = answer.json()
    assert (answer.status_code, account["state"], account["disabled_reason"]) == (
        201,
        "disabled",
        "first_payment_failed",
    )
    assert account["payment"]["status"] == "declined"
    path = f"/v1/accounts/{made['account_id']}"
    await operator.ask("PUT", f"{path}/payment-method", {"payment_method": "pm_card_visa"})
    answer = await operator.ask("POST", f"{path}/reactivate")
    assert (answer.status_code, answer.json()["in_service"]) == (200, True)


async def test_the_document_makes_a_good_client(operator: Api) -> None:
    """Short names of operations, each once, under a tag that is described; examples of what surprises; enums."""
    document = await operator.get("/openapi.json")
    operations = [each for path in document["paths"].values() for each in path.values()]
    names = [each["operationId"] for each in operations]
    assert len(names) > 20
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", name) for name in names), names
    described = {each["name"] for each in document["tags"] if each["description"]}
    assert all(set(each["tags"]) <= described and each["tags"] for each in operations)
    opening = document["paths"]["/v1/accounts"]["post"]
    shown = opening["responses"]["201"]["content"]["application/json"]["examples"]
    assert {each["value"]["state"] for each in shown.values()} == {"active", "disabled"}
    reactivate = document["paths"]["/v1/accounts/{account_id}/reactivate"]["post"]["responses"]
    unfinished = reactivate["202"]["content"]["application/json"]["examples"]
    assert set(unfinished) == {"requires_action", "processing"}
    schemas = document["components"]["schemas"]
    (example,) = schemas["AccountView"]["examples"]
    for value in (example, *(each["value"] for each in (*shown.values(), *unfinished.values()))):
        view = AccountView.model_validate(value)
        assert view.model_dump(mode="json") == value, "whole, with what is null"
        assert type(view.state) is AccountState, "none that is kept only because a later release may know it"
    for status in ("402", "409"):
        for code, example in reactivate[status]["content"]["application/problem+json"]["examples"].items():
            assert (example["value"]["code"], str(example["value"]["status"])) == (code, status)
    assert "payment_declined" in schemas["ProblemBody"]["properties"]["code"]["enum"]
    assert schemas["TimelineEntry"]["properties"]["to_state"] == {"$ref": "#/components/schemas/AccountState"}


def dependencies_of(routes: Iterable[Any]) -> Iterator[Dependant]:
    """Every operation, and whatever it asks for before it is performed."""
    for route in routes:
        if inner := getattr(route, "original_router", None) or getattr(route, "app", None):
            yield from dependencies_of(getattr(inner, "routes", ()))
        waiting = [route.dependant] if hasattr(route, "dependant") else []
        while waiting:
            each = waiting.pop()
            yield each
            waiting += each.dependencies


def test_no_request_waits_for_a_thread(stripe_side: StripeSide, temporal: Client) -> None:
    """What is no coroutine is called in one of 40 threads, and comes back when the loop is told: each time anew."""
    app = create_app(api_settings(stripe_side), temporal)
    asked = [each.call for each in dependencies_of(app.routes)]
    assert {"open_account", "authenticated", "idempotency_key", "form_sender"} <= {
        getattr(each, "__name__", "") for each in asked
    }
    coroutines = [iscoroutinefunction(each) or iscoroutinefunction(type(each).__call__) for each in asked]
    assert [each for each, is_one in zip(asked, coroutines, strict=True) if not is_one] == []
