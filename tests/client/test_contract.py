"""The client has every operation of the API's own description, with its fields, and no others."""

import inspect
import re
from collections.abc import Iterator
from typing import Any, Final

import pytest

from reprise.client import AsyncClient, Client, operations
from reprise.client.requests import Page, Request
from reprise.web import create_app
from tests.api_side import api_settings

NOT_FOR_CLIENTS: Final = {("GET", "/healthz"), ("POST", "/v1/webhooks/stripe")}
"""For whom watches the process, and for Stripe."""

GIVEN: Final = {
    "user": {"id": "u"},
    "record": {"x": 1},
    "account_id": "ID",
    "carts": 1,
    "days": 1,
    "reconciliation_id": "OF",
}


class _Nowhere:
    url = "http://127.0.0.1:1"


@pytest.fixture(scope="module")
def described() -> dict[tuple[str, str], dict[str, Any]]:
    """The operations that the API describes, by method and path."""
    document = create_app(api_settings(_Nowhere())).openapi()  # type: ignore[arg-type] # nothing is asked there
    found = {}
    for path, operations_of in document["paths"].items():
        for method, operation in operations_of.items():
            fields = {each["name"] for each in operation.get("parameters", ()) if each["in"] == "query"}
            body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
            for schema in (body, *body.get("anyOf", ())):
                named = document["components"]["schemas"].get(schema.get("$ref", "").rpartition("/")[2], {})
                fields |= set(named.get("properties", ()))
            found[method.upper(), path] = {"fields": fields}
    return found


def _requests() -> Iterator[tuple[str, Request[Any]]]:
    """Each function of the client's with everything given that it takes."""
    for name, function in inspect.getmembers(operations, inspect.isfunction):
        if function.__module__ != operations.__name__:
            continue
        given = {each: GIVEN.get(each, "x") for each in inspect.signature(function).parameters}
        made = function(**given)
        yield name, made.request if isinstance(made, Page) else made


def test_every_operation_is_there_with_its_fields(described: dict[tuple[str, str], dict[str, Any]]) -> None:
    """What the API has and the client has not, or the other way round, is a difference."""
    named = {"/ID": "/{account_id}", "/OF": "/{reconciliation_id}"}
    made = {}
    for _, each in _requests():
        path = re.sub("|".join(named), lambda found: named[found[0]], each.path)
        made[each.method, path] = each
    assert set(described) - set(made) - NOT_FOR_CLIENTS == set()
    for where in set(made) & set(described):
        request = made[where]
        fields = described[where]["fields"]
        assert {*request.query, *(request.body or {})} == fields, where


def test_R14_every_request_that_changes_something_has_a_key() -> None:
    """And none that only looks."""
    for name, request in _requests():
        assert (request.idempotency_key is not None) == (request.method != "GET"), name


def test_both_clients_have_every_operation() -> None:
    """Each described once, and said in its own words."""
    own = {name for name, _ in _requests()}
    for kind in (Client, AsyncClient):
        assert own <= set(dir(kind))
        assert all(getattr(kind, name).__doc__ for name in own)
    client = Client("http://127.0.0.1:1")
    assert inspect.signature(client.cancel) == inspect.signature(operations.cancel)
    client.close()
