"""R20: bodies that are JSON in name only, and values at the edges of what a type allows."""

import json
from typing import Any

import pytest

from reprise.statemachine.terms import ZONES
from tests.api_side import Api, new_account

ODD: dict[str, bytes] = {
    "10,000 open brackets": b"[" * 10_000,
    "10,000 brackets": b"[" * 10_000 + b"]" * 10_000,
    "10,000 objects": b'{"carts":' * 6_000,
    "deep in a field": b'{"plan":' + b"[" * 900 + b"]" * 900 + b"}",
    "a number of 5,000 digits": b'{"carts":' + b"1" * 5_000 + b"}",
    "a number of 4,000 digits": b'{"carts":' + b"1" * 4_000 + b"}",
    "1e999": b'{"carts":1e999}',
    "NaN": b'{"carts":NaN}',
    "-Infinity": b'{"carts":-Infinity}',
    "a field twice": b'{"carts":1,"carts":2}',
    "a field twice in a plan": b'{"plan":{"currency":"usd","unit_amount":1,"unit_amount":2}}',
    "half a surrogate pair": rb'{"email":"\ud800@example.com"}',
    "half a surrogate pair as a name": rb'{"\udfff":1}',
    "such a name in a plan": rb'{"plan":{"\ud800":1}}',
    "NUL": rb'{"email":"a\u0000@example.com"}',
    "NUL as a name": rb'{"\u0000":1}',
    "no UTF-8": b'{"email":"\xff@example.com"}',
    "a name of no UTF-8": b'{"\xff":1}',
    "a byte order mark": b"\xef\xbb\xbf{}",
    "UTF-16": '{"carts":1}'.encode("utf-16"),
    "UTF-32": '{"carts":1}'.encode("utf-32"),
    "two values": b"{} {}",
    "a comment": b"{}//",
    "a name of 60,000 letters": b'{"' + b"k" * 60_000 + b'":1}',
    "5,000 names": json.dumps({f"k{number}": 1 for number in range(5_000)}).encode(),
}


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("path", ["", "/none/cancel", "/none/plan", "/none/extend", "/none/portal-sessions"])
async def test_R20_bodies_in_odd_shapes(operator: Api, path: str, name: str) -> None:
    """422, in an answer that is short and is JSON itself."""
    headers = {"content-type": "application/json"}
    answer = await operator.http.post(f"/v1/accounts{path}", content=ODD[name], headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request"), answer.text[:500]
    assert answer.json()["errors"]
    assert len(answer.content) < 8_000


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "*/*",
        "json",
        "x" * 5_000,
        "",
    ],
)
async def test_R20_json_is_read_where_it_is_said_to_be(operator: Api, content_type: str) -> None:
    """Else a form of another site could send it (CSRF): 415, with a sentence that says what to send."""
    body = json.dumps(new_account()).encode()
    answer = await operator.http.post("/v1/accounts", content=body, headers={"content-type": content_type})
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")
    assert "Content-Type: application/json" in answer.json()["detail"]
    assert len(answer.content) < 500


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("timezone", {"timezone": "localtime"}),
        ("timezone", {"timezone": "Factory"}),
        ("timezone", {"timezone": "../../etc/passwd"}),
        ("timezone", {"timezone": "UTC\u0000"}),
        ("paid_through", {"paid_through": 1_830_000_000}),
        ("paid_through", {"paid_through": 1.83e9}),
        ("paid_through", {"paid_through": "1830000000"}),
        ("paid_through", {"paid_through": True}),
        ("paid_through", {"paid_through": "2027-01-01T00:00:00+25:00"}),
        ("paid_through", {"paid_through": "1999-12-31T23:59:59Z"}),
        ("paid_through", {"paid_through": "2199-12-31T23:59:59-01:00"}),
        ("policy.retry_days.0", {"policy": {"retry_days": ["1"]}}),
        ("policy.retry_days.0", {"policy": {"retry_days": [1.0]}}),
        ("policy.retry_days.0", {"policy": {"retry_days": [True]}}),
    ],
)
async def test_R20_values_that_look_right(operator: Api, field: str, changes: dict[str, Any]) -> None:
    """What a lenient reader would take for something else is refused by its field."""
    answer = await operator.ask("POST", "/v1/accounts", new_account(**changes))
    assert answer.status_code == 422, answer.text
    assert field in [each["field"] for each in answer.json()["errors"]]


@pytest.mark.usefixtures("worker")
async def test_R20_the_first_and_the_last_instant(operator: Api) -> None:
    """What follows from them lies beyond what may be given; accounts and the operators' list show it all the same."""
    early = new_account(paid_through="2000-01-01T00:00:00Z")
    late = new_account(paid_through="2199-12-31T23:59:59Z")
    for body in (early, late):
        answer = await operator.ask("POST", "/v1/accounts", body)
        assert answer.status_code == 201, answer.text
    assert (await operator.get(f"/v1/accounts/{early['account_id']}"))["term"]["start"] == "1999-12-01T00:00:00Z"
    access = await operator.get(f"/v1/accounts/{late['account_id']}/access")
    assert (access["access"], access["until"][:4]) == (True, "2200")
    beyond = await operator.ask("POST", f"/v1/accounts/{late['account_id']}/extend", {"days": 1})
    assert (beyond.status_code, beyond.json()["errors"][0]["field"]) == (422, "days")
    listed = await operator.get("/v1/accounts?limit=100")
    assert listed["accounts"]


@pytest.mark.usefixtures("worker")
async def test_R20_cursors_of_no_list(operator: Api) -> None:
    """422, wherever they come from; a list is not said to be out of reach for them."""
    made = new_account()
    await operator.ask("POST", "/v1/accounts", made)
    own = f"/v1/accounts/{made['account_id']}"
    for path in ("/v1/accounts", f"{own}/timeline", f"{own}/invoices"):
        for cursor in ("", "x", "%00", "AAAA", "A" * 1000, "A" * 1001, "in_x", "%F0%9F%98%80", "²"):
            answer = await operator.ask("GET", f"{path}?cursor={cursor}")
            assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "cursor"), (path, cursor)


@pytest.mark.usefixtures("worker")
async def test_an_account_in_a_problem_is_whole(operator: Api) -> None:
    """The account that comes with a refusal has every field that the contract names."""
    made = new_account(payment_method="pm_card_chargeCustomerFail")
    await operator.ask("POST", "/v1/accounts", made)
    path = f"/v1/accounts/{made['account_id']}"
    declined = await operator.ask("POST", f"{path}/reactivate")
    assert declined.status_code == 402
    whole = await operator.get(path)
    assert declined.json()["account"].keys() == whole.keys()
    assert declined.json()["account"]["payment"].keys() == whole["payment"].keys()


def test_R2_zones_are_the_same_on_every_machine() -> None:
    """Those of the IANA database, whatever lies in a machine's own directory of zones."""
    assert {"UTC", "Europe/Berlin", "Asia/Tokyo", "America/Argentina/Buenos_Aires"} <= ZONES
    assert not {"localtime", "posixrules", "Factory", "Europe", "posix/UTC"} & ZONES
