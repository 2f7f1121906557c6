"""R20: what was sent is named, and never said back at length."""

import copy
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.api_side import Api, Json, new_account

pytestmark = pytest.mark.usefixtures("worker")

LONG = "Ω/x" * 6000
MOST = 4000
"""Bytes of an answer that refuses: some twenty sentences."""


def _spoilt(body: Json) -> Iterator[Json]:
    """Return a body once for each of its places, with a long text there, or as a name."""
    yield {**body, LONG: 1}
    for name, value in body.items():
        yield {**body, name: LONG}
        yield {**body, name: [LONG]}
        if isinstance(value, dict):
            yield from ({**body, name: inner} for inner in _spoilt(value))


BODIES: dict[tuple[str, str], Json] = {
    ("POST", "/v1/accounts"): new_account(
        timezone="UTC", paid_through="2099-01-01T00:00:00Z", policy={"debt": "void", "retry_days": [1]},
        anchor="2027-01-31T00:00:00Z", customer_id="cus_1", opened_at="2027-01-31T00:00:00Z", cancelled=False,
    ),
    ("POST", "/v1/accounts/{}/cancel"): {"when": "now", "feedback": "other", "reason": "x"},
    ("POST", "/v1/accounts/{}/reactivate"): {"expected_amount": 1},
    ("PUT", "/v1/accounts/{}/carts"): {"carts": 1},
    ("PUT", "/v1/accounts/{}/email"): {"email": "a@example.com"},
    ("PUT", "/v1/accounts/{}/payment-method"): {"payment_method": "pm_card_visa"},
    ("POST", "/v1/accounts/{}/billing-portal"): {"return_url": "https://shop.example.com"},
    ("POST", "/v1/accounts/{}/disable"): {"reason": "x"},
    ("POST", "/v1/accounts/{}/extend"): {"until": "2099-01-01T00:00:00Z", "days": 1},
    ("POST", "/v1/accounts/{}/plan"): {"plan": {"currency": "usd", "unit_amount": 100}},
    ("POST", "/v1/accounts/{}/portal-sessions"): {
        "user": {"id": "u", "name": "n", "billing_access": True}, "return_url": "https://shop.example.com", "ask": "g",
    },
    ("POST", "/v1/accounts/{}/portal-sessions/revoke"): {"user": "u"},
    ("POST", "/v1/tokens/revoke"): {"jti": "j", "expires_at": "2099-01-01T00:00:00Z"},
    ("POST", "/v1/subjects/revoke"): {"subject": "s", "not_before": "2027-01-01T00:00:00Z"},
}  # fmt: skip


@pytest.mark.parametrize(("method", "path"), BODIES, ids=[path for _, path in BODIES])
async def test_R20_every_field_of_every_body(operator: Api, method: str, path: str) -> None:
    """A text of 18,000 characters in each place: 422, in a few words."""
    made = new_account(paid_through="2099-01-01T00:00:00Z")
    await operator.ask("POST", "/v1/accounts", made)
    at = path.format(made["account_id"])
    for body in _spoilt(copy.deepcopy(BODIES[method, path])):
        _brief(await operator.ask(method, at, body), 422)
    named = {f"{number}{'n' * 500}": 1 for number in range(50)}
    _brief(await operator.ask(method, at, named), 422)


def _brief(answer: httpx.Response, *statuses: int) -> None:
    assert answer.status_code in statuses, answer.text[:500]
    assert len(answer.content) < MOST, answer.text[:500]
    assert max(len(each) for each in (*answer.headers.values(), "")) < 500


@pytest.mark.parametrize("name", ["limit", "cursor", "state"])
async def test_R20_every_parameter_of_a_query(operator: Api, name: str) -> None:
    """In lists, and in addresses: an id that no account can have is not said back."""
    for path in ("/v1/accounts", "/v1/accounts/none/timeline"):
        _brief(await operator.http.get(path, params={name: LONG}), 404, 422)
    _brief(await operator.ask("GET", f"/v1/accounts/{'x' * 30_000}"), 404)
    _brief(await operator.ask("GET", f"/{'x' * 30_000}"), 404)


@pytest.mark.parametrize("name", ["idempotency-key", "prefer", "x-request-id", "content-type", "authorization", "host"])
async def test_R20_every_header(operator: Api, name: str) -> None:
    """Whatever is wrong with it."""
    sent: dict[str, Any] = {name: "x" * 30_000}
    answer = await operator.http.post("/v1/accounts/none/cancel", headers=sent)
    _brief(answer, 401, 404, 422)
