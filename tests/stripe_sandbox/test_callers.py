"""Who may call the sandbox: programs on this machine and its own pages, and no page from elsewhere (issue E, row 6)."""

import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import stripe

from tests.plain_http import plain_client
from tests.stripe_side import StripeSide

EVERYWHERE = ["/_sandbox/dump", "/_sandbox/healthz", "/_sandbox/static/sandbox.css", "/v1/customers", "/", "/nowhere"]
EVIL = "https://evil.example"


@pytest.fixture
async def http(stripe_side: StripeSide) -> AsyncIterator[httpx.AsyncClient]:
    async with plain_client(base_url=stripe_side.url) as made:
        yield made


@pytest.fixture
async def invoice(client: stripe.StripeClient, customer: stripe.Customer) -> str:
    """The address of a hosted invoice that can be paid."""
    made = await client.v1.invoices.create_async({"customer": customer.id})
    await client.v1.invoice_items.create_async({"customer": customer.id, "invoice": made.id, "amount": 2000})
    return str((await client.v1.invoices.finalize_invoice_async(made.id)).hosted_invoice_url)


def everything(dump: dict[str, Any]) -> dict[str, Any]:
    """All that a request could have changed: the clock goes by itself, and deliveries too."""
    return {name: kept for name, kept in dump.items() if name not in {"now", "webhook_deliveries"}}


@pytest.mark.parametrize("path", EVERYWHERE)
@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:{port}", "127.0.0.1.evil.example", "localhost.evil.example:{port}", "localhost.",
     "evil@127.0.0.1:{port}", "127.0.0.1:{port}:1", "10.0.0.1", "[::2]", "127.0.0.1, evil.example", ""],
)  # fmt: skip
async def test_a_name_that_is_not_this_machines_is_refused(
    stripe_side: StripeSide, http: httpx.AsyncClient, host: str, path: str
) -> None:
    """DNS rebinding: a page whose own name leads to 127.0.0.1 sends that name, and reads nothing."""
    named = {"Host": host.format(port=stripe_side.port), "Authorization": "Bearer sk_test_1"}
    answer = await http.get(path, headers=named)
    assert answer.status_code == 421
    assert answer.json() == {
        "error": {
            "type": "invalid_request_error",
            "message": "The Stripe sandbox answers to the names of this machine alone: use 127.0.0.1 or localhost, or"
            " start it with --allow-host for another one.",
        }
    }


def test_no_name_at_all_is_refused(stripe_side: StripeSide) -> None:
    """As HTTP/1.0 allows it."""
    with socket.create_connection(("127.0.0.1", stripe_side.port)) as raw:
        raw.sendall(b"GET /_sandbox/dump HTTP/1.0\r\n\r\n")
        assert b" 421 " in raw.recv(1000).splitlines()[0]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST", "[::1]"])
@pytest.mark.parametrize("port", ["", ":{port}", ":1"])
async def test_every_name_of_this_machine_is_taken(
    stripe_side: StripeSide, http: httpx.AsyncClient, host: str, port: str
) -> None:
    """With any port: what forwards one to another stays possible."""
    answer = await http.get("/_sandbox/clock", headers={"Host": host + port.format(port=stripe_side.port)})
    assert answer.status_code == 200


def test_it_answers_to_the_names_it_was_started_with(tmp_path: Path) -> None:
    """Its own address, and those of `--allow-host`; no others."""
    process = subprocess.Popen(
        [sys.executable, "-m", "reprise.stripe_sandbox", "--port", "0", "--db", str(tmp_path / "stripe.db"),
         "--host", "127.0.0.2", "--allow-host", "stripe.test"],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        url = process.stdout.readline().split()[-1]
        answers = {
            host: httpx.get(f"{url}/_sandbox/clock", headers={"Host": host}, trust_env=False).status_code
            for host in ("127.0.0.2", "Stripe.Test:80", "127.0.0.1", "stripe.example")
        }
    finally:
        process.terminate()
        process.communicate(timeout=20)
    assert answers == {"127.0.0.2": 200, "Stripe.Test:80": 200, "127.0.0.1": 200, "stripe.example": 421}


@pytest.mark.parametrize("host", ["0.0.0.0", "127.evil.example", "evil.example", "192.168.1.1"])  # noqa: S104
def test_it_listens_on_this_machine_alone(tmp_path: Path, host: str) -> None:
    """Whatever name is asked for, it has to be an address of this machine's loopback."""
    command = [sys.executable, "-m", "reprise.stripe_sandbox", "--db", str(tmp_path / "stripe.db"), "--host", host]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    assert ended.returncode == 1
    assert ended.stderr == f"The sandbox listens on loopback addresses only, not on {host}.\n"


ATTACKS = [
    ("POST", "/_sandbox/clock", b'{"advance_seconds": 86400}'),
    ("POST", "/_sandbox/faults", b'{"path": ".*", "status": 500, "times": null}'),
    ("POST", "/_sandbox/webhooks", b'{"paused": true}'),
    ("POST", "/_sandbox/webhook_endpoints", b'{"url": "https://evil.example/", "secret": "whsec_1"}'),
    ("POST", "/_sandbox/payment_intents/settle", b'{"outcome": "failed"}'),
    ("POST", "/_sandbox/payment_methods", b'{"test_id": "pm_card_visa"}'),
    ("POST", "/_sandbox/settings", b'{"automatic_tax": true}'),
    ("POST", "/_sandbox/events/evt_1/resend", b""),
    ("DELETE", "/_sandbox/faults", b""),
    ("POST", "/v1/customers", b"email=evil%40example.com"),
]
"""Whatever changes anything."""

FROM_ELSEWHERE: list[dict[str, str]] = [
    {"Origin": EVIL},
    {"Origin": "null"},
    {"Origin": "http://127.0.0.1:1"},
    {"Origin": "http://localhost:{port}"},  # another origin than the one that is asked
    {"Origin": "http://127.0.0.1:{port}.evil.example"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"},
    {"Sec-Fetch-Site": "same-origin", "Origin": EVIL},
    {"Sec-Fetch-Site": "whatever"},
]


@pytest.mark.parametrize("headers", FROM_ELSEWHERE)
async def test_a_page_elsewhere_changes_nothing(
    stripe_side: StripeSide, http: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    """Whatever it sends, by `fetch` or by a form, with a key or without: 403, and nothing has changed."""
    before = everything(stripe_side.dump()), stripe_side.requests()
    said = {name: value.format(port=stripe_side.port) for name, value in headers.items()}
    for method, path, body in ATTACKS:
        for kind in ("text/plain", "application/json", "application/x-www-form-urlencoded"):
            sent = {**said, "Content-Type": kind, "Authorization": "Bearer sk_test_1"}
            answer = await http.request(method, path, content=body, headers=sent)
            assert answer.status_code == 403, answer.text
            assert answer.json()["error"]["message"].startswith("A page of another origin asks for this")
    assert (everything(stripe_side.dump()), stripe_side.requests()) == before


@pytest.mark.parametrize("kind", ["text/plain", "text/plain; application/json", "multipart/form-data", "", "json"])
async def test_whatever_changes_the_sandbox_is_json(
    stripe_side: StripeSide, http: httpx.AsyncClient, kind: str
) -> None:
    """What a page can send without asking first is refused, though no header says where it comes from.

    A browser always asks before it deletes: a DELETE without a body needs no kind.
    """
    before = everything(stripe_side.dump())
    for method, path, body in ATTACKS:
        if path.startswith("/_sandbox/") and (kind or method == "POST"):
            answer = await http.request(method, path, content=body, headers={"Content-Type": kind} if kind else {})
            assert answer.status_code == 415, answer.text
            assert "application/json" in answer.json()["error"]["message"]
    assert everything(stripe_side.dump()) == before


async def test_programs_need_nothing_more(stripe_side: StripeSide, http: httpx.AsyncClient) -> None:
    """JSON under /_sandbox/, Stripe's forms under /v1, and no header beside."""
    fault = stripe_side.fault(path="/v1/nothing", status=500)
    assert (await http.delete(f"/_sandbox/faults/{fault}")).status_code == 204
    json = {"Content-Type": "APPLICATION/json; charset=utf-8"}
    answer = await http.post("/_sandbox/clock", content=b'{"advance_seconds": 0}', headers=json)
    assert answer.status_code == 200
    key = {"Authorization": "Bearer sk_test_1"}
    assert (await http.post("/v1/customers", data={"email": "ada@example.com"}, headers=key)).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "{own}", "Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate"},
        {"Origin": "{own}"},
        {"Sec-Fetch-Site": "same-origin"},
    ],
)
async def test_the_pages_own_forms_work(
    stripe_side: StripeSide, http: httpx.AsyncClient, invoice: str, headers: dict[str, str]
) -> None:
    """As a browser sends them, an old one too."""
    sent = {name: value.format(own=stripe_side.url) for name, value in headers.items()}
    paid = await http.post(invoice, data={"card": "pm_card_visa"}, headers=sent, follow_redirects=True)
    assert "Paid. Thank you." in paid.text


@pytest.mark.parametrize("headers", [*FROM_ELSEWHERE, {"Content-Type": "text/plain"}])
async def test_no_other_page_sends_the_pages_forms(
    stripe_side: StripeSide, http: httpx.AsyncClient, invoice: str, headers: dict[str, str]
) -> None:
    """An invoice stays open that a page elsewhere wants to have paid."""
    said = {name: value.format(port=stripe_side.port) for name, value in headers.items()}
    sent = {"Content-Type": "application/x-www-form-urlencoded", **said}
    answer = await http.post(invoice, content=b"card=pm_card_visa", headers=sent)
    assert answer.status_code in {403, 415}
    assert "Status: <strong>open</strong>" in (await http.get(invoice)).text


async def test_a_link_from_elsewhere_is_followed(http: httpx.AsyncClient, invoice: str) -> None:
    """The product's pages lead to hosted invoices; but nothing is loaded into them."""
    followed = {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert (await http.get(invoice, headers=followed)).status_code == 200
    for part in ("iframe", "frame", "object", "embed"):
        framed = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": part}
        assert (await http.get(invoice, headers=framed)).status_code == 403
    loaded = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}
    assert (await http.get("/_sandbox/dump", headers=loaded)).status_code == 403


async def test_no_page_can_be_framed(http: httpx.AsyncClient, client: stripe.StripeClient, invoice: str) -> None:
    """Every answer says so, to browsers that know either header; and nobody is told that they may read it."""
    customer = (await client.v1.customers.list_async({"limit": 1})).data[0]
    session = await client.v1.billing_portal.sessions.create_async({"customer": customer.id})
    pages = [invoice, session.url, f"{invoice}/pdf", "/_sandbox/receipts/none", "/_sandbox/dump", "/v1/customers", "/x"]
    for page in pages:
        answer = await http.get(page)
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"], page
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert "access-control-allow-origin" not in answer.headers
        asked = {"Origin": EVIL, "Access-Control-Request-Method": "DELETE"}
        preflight = await http.request("OPTIONS", page, headers=asked)
        assert preflight.status_code == 403
        assert not [name for name in preflight.headers if name.startswith("access-control-")]


@pytest.mark.parametrize("what", ["text", "directory", "other"])
def test_a_spoilt_file_is_said_in_a_sentence(tmp_path: Path, what: str) -> None:
    """No traceback; exit code 1."""
    db = tmp_path / "stripe.db"
    if what == "directory":
        db.mkdir()
    else:
        db.write_bytes(b"hello, this is no database at all" * 100 if what == "text" else b"")
        if what == "other":
            db.chmod(0o600)
            (tmp_path / "stripe.db-wal").mkdir()
    command = [sys.executable, "-m", "reprise.stripe_sandbox", "--port", "0", "--db", str(db)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"The sandbox's file {db} ")
    assert ended.stderr.count("\n") == 1


def test_its_file_is_for_its_owner_alone(stripe_side: StripeSide) -> None:
    """It holds everybody's test data."""
    assert stripe_side.db.stat().st_mode & 0o077 == 0
