"""The Stripe sandbox under anything: its API, its controls, its pages. It goes on, and answers no 5xx."""

import re
from collections.abc import AsyncIterator, Iterator
from threading import Thread
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprise.stripe_sandbox.api import ENDPOINTS
from tests.api.fuzz.anything import as_json, header_values, raw, text_bytes, values
from tests.api.fuzz.counting import count, fuzzed
from tests.stripe_sandbox.test_webhooks import SECRET, Receiver, heard
from tests.stripe_side import StripeSide


@pytest.fixture(scope="module")
def side(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StripeSide]:
    """A sandbox of its own: what is done to it would trouble others."""
    here = StripeSide(tmp_path_factory.mktemp("fuzzed") / "stripe.db")
    yield here
    here.close()


@pytest.fixture
async def http(side: StripeSide) -> AsyncIterator[httpx.AsyncClient]:
    key = {"Authorization": "Bearer sk_test_fuzz"}
    hooks: Any = {"response": [count]}
    async with httpx.AsyncClient(
        base_url=side.url, headers=key, timeout=60, trust_env=False, event_hooks=hooks
    ) as made:
        yield made
        assert (await made.get("/_sandbox/healthz")).status_code == 200, "it goes on"


@pytest.fixture
async def there(http: httpx.AsyncClient) -> dict[str, str]:
    """A customer with a card and an open invoice: ids to ask with."""

    async def made(path: str, **fields: str) -> Any:
        return (await http.post(f"/v1/{path}", data=fields)).raise_for_status().json()

    customer = await made("customers", email="ada@example.com")
    card = await made("payment_methods/pm_card_visa/attach", customer=customer["id"])
    await made(f"customers/{customer['id']}", **{"invoice_settings[default_payment_method]": card["id"]})
    invoice = await made("invoices", customer=customer["id"])
    await made("invoiceitems", customer=customer["id"], invoice=invoice["id"], amount="2000")
    final = await made(f"invoices/{invoice['id']}/finalize")
    session = await made("billing_portal/sessions", customer=customer["id"])
    return {
        "customer": customer["id"],
        "payment_method": card["id"],
        "invoice": invoice["id"],
        "hosted": final["hosted_invoice_url"],
        "portal": session["url"],
    }


NAMES = sorted(
    {name for each in ENDPOINTS for name in (each.types.__annotations__ if each.types else {})}
    | {
        "expand",
        "limit",
        "starting_after",
        "ending_before",
        "metadata[a]",
        "expand[]",
        "created[gt]",
        "a[b][c][]",
        "[]",
        "[",
        "",
    }
)
GOOD = [
    *"""
    usd jpy true false 0 1 -1 2000 99999999999 1e9 NaN now {customer} {invoice} {payment_method} pm_card_visa
    pm_usBankAccount_success charge_automatically
    """.split(),
    "1" * 400,
]

parameters = st.lists(
    st.tuples(
        st.sampled_from(NAMES).map(str.encode) | text_bytes,
        st.sampled_from(GOOD).map(str.encode) | text_bytes | raw,
    ),
    max_size=7,
)


def filled(text: str | bytes, ids: dict[str, str]) -> bytes:
    """Put ids that are there where their names stand."""
    whole = text if isinstance(text, bytes) else text.encode()
    for name in ("customer", "invoice", "payment_method"):
        whole = whole.replace(b"{%s}" % name.encode(), ids[name].encode())
    return whole


@fuzzed(60)
@given(
    endpoint=st.sampled_from(ENDPOINTS),
    pairs=parameters,
    part=st.sampled_from(["real", "cus_1", "in_1"]) | st.text(min_size=1, max_size=30),
    headers=st.lists(
        st.tuples(st.sampled_from(["idempotency-key", "stripe-version", "content-type"]), header_values), max_size=2
    ),
)
async def test_whatever_is_sent(
    http: httpx.AsyncClient,
    there: dict[str, str],
    endpoint: Any,
    pairs: list[tuple[bytes, bytes]],
    part: str,
    headers: list[tuple[str, bytes]],
) -> None:
    """Every endpoint of Stripe's, with its own parameters and others, of real ids and made-up ones."""
    made_up = quote(part.encode("utf-8", "surrogatepass"), safe="")
    ids = {
        name: there.get(name, made_up) if part == "real" else made_up
        for name in re.findall(r"\{(\w+)\}", endpoint.path)
    }
    path = endpoint.path.format(**ids)
    form = urlencode([(filled(name, there), filled(value, there)) for name, value in pairs])
    sent = [(name.encode(), value) for name, value in headers]
    if endpoint.method == "GET":
        answer = await http.get(f"{path}?{form}", headers=sent)
    else:
        answer = await http.request(endpoint.method, path, content=form, headers=sent)
    assert answer.status_code < 500, answer.text
    if "\n" not in answer.request.url.path:  # there, no route begins
        assert answer.headers["content-type"] == "application/json"
        assert answer.status_code == 200 or "error" in answer.json()


CONTROLS = """
    clock faults webhooks webhook_endpoints payment_intents/settle payment_intents/pi_1/settle payment_methods
    payment_methods/{payment_method}/behavior customers/{customer}/behavior customers/{customer}/discount settings
    charges/ch_1/dispute disputes/du_1/close refunds/re_1/fail events/evt_1/resend requests/counts dump
    faults/fault_1 nothing
""".split()
FIELDS = """
    advance_seconds now under_way_seconds duplicate shuffle delay_seconds drop_probability paused seed url secret
    enabled_events method path when status body saved times skip probability outcome failure test_id decline_code
    advice_code percent_off amount_off currency automatic_tax reason amount authentication settles
""".split()

LIKELY = st.sampled_from(
    """
    usd after before won lost failed succeeded pm_card_visa whsec_1 ( .* http://127.0.0.1:1/ http://[:: ://
    http://127.0.0.1:99999/ fraudulent always
    """.split()
) | st.sampled_from([["*"], "", 0, 1, -1, 0.5, 2**63, 2**70])


@fuzzed(60)
@given(
    at=st.sampled_from(CONTROLS),
    fields=st.dictionaries(st.sampled_from(FIELDS), LIKELY | values, max_size=5) | values,
    method=st.sampled_from(["POST", "POST", "POST", "GET", "DELETE", "PUT"]),
    query=st.text(max_size=20),
)
async def test_whatever_is_asked_of_the_sandbox_itself(
    http: httpx.AsyncClient, there: dict[str, str], at: str, fields: Any, method: str, query: str
) -> None:
    """Under /_sandbox/: done or refused; it still delivers afterwards, and its clock stands where it can go on."""
    where = f"/_sandbox/{filled(at, there).decode()}?{quote(query.encode('utf-8', 'surrogatepass'), safe='=&')}"
    body = as_json(fields) if method in {"POST", "PUT"} else None
    answer = await http.request(method, where, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code < 500, answer.text
    assert (await http.delete("/_sandbox/faults")).status_code == 204
    assert (await http.get("/v1/customers?limit=1")).status_code == 200


@fuzzed(40)
@given(
    at=st.sampled_from(["hosted", "portal", "authenticate/pi_1", "receipts/ch_1", "invoices/none", "portal/none"]),
    pairs=st.lists(
        st.tuples(
            st.sampled_from([b"card", b"answer", b"name", b"email"]) | text_bytes,
            st.sampled_from(
                [b"pm_card_visa", b"pm_card_chargeDeclined", b"pm_card_authenticationRequired", b"complete", b"a@b.de"]
            )
            | text_bytes
            | raw,
        ),
        max_size=4,
    ),
    broken=raw | st.none(),
    post=st.booleans(),
)
async def test_whatever_is_sent_to_its_pages(
    http: httpx.AsyncClient,
    there: dict[str, str],
    at: str,
    pairs: list[tuple[bytes, bytes]],
    broken: bytes | None,
    post: bool,
) -> None:
    """A page, a way to one, or a refusal, of fields in any encoding."""
    where = there.get(at, f"/_sandbox/{at}")
    if post:
        form = urlencode(pairs).encode() if broken is None else broken
        answer = await http.post(where, content=form, headers={"Content-Type": "application/x-www-form-urlencoded"})
    else:
        answer = await http.get(f"{where}?{urlencode(pairs)}")
    assert answer.status_code in {200, 303, 400, 402, 404, 405, 415}, answer.text


async def test_webhooks_come_after_all_of_that(http: httpx.AsyncClient, side: StripeSide) -> None:
    """An address that is none stops no other: what is owed is still delivered."""
    side.post("webhooks", {})
    side.post("webhook_endpoints", {"url": "http://[::", "secret": "whsec_1"})
    server = Receiver()
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        hook = {"url": f"http://127.0.0.1:{server.server_port}/hook", "secret": SECRET}
        side.post("webhook_endpoints", {**hook, "enabled_events": ["customer.created"]})
        await http.post("/v1/customers", data={"email": "grace@example.com"})
        assert [each.type for each in await heard(server, 1)] == ["customer.created"]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
