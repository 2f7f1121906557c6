"""The Stripe sandbox under anything: its API, its controls, its pages. It goes on, and answers no 5xx."""

import re
from collections.abc import AsyncIterator, Iterator
from random import Random
from threading import Thread
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import pytest

from reprise.stripe_sandbox.api import ENDPOINTS
from tests.api.fuzz import anything
from tests.api.fuzz.counting import FRESH, SEED, count, draws
from tests.plain_http import plain_client
from tests.stripe_sandbox.receiver import SECRET, Receiver, heard
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
    how: dict[str, Any] = {"timeout": 60, "event_hooks": {"response": [count]}, "limits": FRESH}
    async with plain_client(base_url=side.url, headers=key, **how) as made:
        yield made
        assert (await made.get("/_sandbox/healthz")).status_code == 200, "it goes on"


Ids = dict[str, str]


@pytest.fixture
async def there(http: httpx.AsyncClient) -> Ids:
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


def said(answer: httpx.Response, content: Any = b"") -> str:
    """What to look for when an answer was wrong."""
    asked = answer.request
    return f"FUZZ_SEED={SEED}: {asked.method} {asked.url} {content!r}: {answer.status_code} {answer.text[:500]}"


NAMES = sorted(
    {name for each in ENDPOINTS for name in (each.types.__annotations__ if each.types else {})}
    | set("expand limit starting_after ending_before metadata[a] expand[] created[gt] a[b][c][] []".split())
)
LIKELY = """
    usd jpy true false 0 1 -1 2000 99999999999 1e9 NaN now {customer} {invoice} {payment_method} pm_card_visa
    pm_usBankAccount_success charge_automatically
""".split()


def parameters(rng: Random, ids: Ids) -> str:
    """A form, or a query: Stripe's parameters and others, of likely values, real ids and anything."""
    pairs = []
    for _ in range(rng.randrange(8)):
        name = anything.encoded(rng.choice(NAMES) if rng.random() < 0.8 else anything.text(rng))
        likely = filled(rng.choice(LIKELY), ids)
        pairs.append((name, likely if rng.random() < 0.6 else anything.raw(rng)))
    return urlencode(pairs)


def filled(text: str, ids: Ids) -> bytes:
    """Put ids that are there where their names stand."""
    return anything.encoded(re.sub(r"\{(customer|invoice|payment_method)\}", lambda found: ids[found[1]], text))


async def test_whatever_is_sent(http: httpx.AsyncClient, there: Ids) -> None:
    """Every endpoint of Stripe's, with its own parameters and others, of real ids and made-up ones."""
    for rng in draws("sandbox", 60):
        endpoint = rng.choice(ENDPOINTS)
        odd = quote(anything.raw(rng, 30) or b"x", safe="")
        ids = there if rng.random() < 0.6 else {}
        path = endpoint.path.format(**{name: ids.get(name, odd) for name in re.findall(r"\{(\w+)\}", endpoint.path)})
        form = parameters(rng, there)
        headers = [
            (name, anything.header(rng))
            for name in (b"idempotency-key", b"stripe-version", b"content-type")
            if rng.random() < 0.2
        ]
        if endpoint.method == "GET":
            answer = await http.get(f"{path}?{form}", headers=headers)
        else:
            answer = await http.request(endpoint.method, path, content=form, headers=headers)
        assert answer.status_code < 500, said(answer, form)
        if "\n" not in answer.request.url.path:  # there, no route begins
            assert answer.headers["content-type"] == "application/json", said(answer, form)
            assert answer.status_code == 200 or "error" in answer.json()


CONTROLS = """
    clock faults webhooks webhook_endpoints payment_intents/settle payment_intents/pi_1/settle payment_methods
    payment_methods/{payment_method}/behavior customers/{customer}/behavior customers/{customer}/discount settings
    charges/ch_1/dispute disputes/du_1/close refunds/re_1/fail events/evt_1/resend requests/counts dump faults/fault_1
    nothing
""".split()
FIELDS = """
    advance_seconds now under_way_seconds duplicate shuffle delay_seconds drop_probability paused seed url secret
    enabled_events method path when status body saved times skip probability outcome failure test_id decline_code
    advice_code percent_off amount_off currency automatic_tax reason amount authentication settles
""".split()
SETTINGS = """
    usd after before won lost failed succeeded pm_card_visa whsec_1 ( .* http://127.0.0.1:1/ http://[:: ://
    http://127.0.0.1:99999/ fraudulent always
""".split()


async def test_whatever_is_asked_of_the_sandbox_itself(http: httpx.AsyncClient, there: Ids) -> None:
    """Under /_sandbox/: done or refused; and it goes on."""
    likely = [*SETTINGS, ["*"], "", 0, 1, -1, 0.5, 2**63, 2**70]
    for rng in draws("controls", 30):
        at = filled(rng.choice(CONTROLS), there).decode()
        fields = anything.some(rng, FIELDS, likely) if rng.random() < 0.8 else anything.value(rng)
        method = rng.choice(["POST", "POST", "POST", "GET", "DELETE", "PUT"])
        content = anything.as_json(fields) if method in {"POST", "PUT"} else None
        query = quote(anything.raw(rng, 20), safe="=&")
        headers = {"Content-Type": "application/json"}
        answer = await http.request(method, f"/_sandbox/{at}?{query}", content=content, headers=headers)
        assert answer.status_code < 500, said(answer, content)
        assert (await http.delete("/_sandbox/faults")).status_code == 204
        assert (await http.get("/v1/customers?limit=1")).status_code == 200


PAGES = ["hosted", "portal", "authenticate/pi_1", "receipts/ch_1", "invoices/none", "portal/none", "static/sandbox.css"]
INPUTS = [
    b"pm_card_visa",
    b"pm_card_chargeDeclined",
    b"pm_card_authenticationRequired",
    b"complete",
    b"fail",
    b"a@b.de",
]


async def test_whatever_is_sent_to_its_pages(http: httpx.AsyncClient, there: Ids) -> None:
    """A page, a way to one, or a refusal, of fields in any encoding."""
    for rng in draws("pages", 30):
        at = rng.choice(PAGES)
        where = there.get(at, f"/_sandbox/{at}")
        names = [b"card", b"answer", b"name", b"email"]
        pairs = [
            (rng.choice([*names, anything.raw(rng)]), rng.choice([*INPUTS, anything.raw(rng)]))
            for _ in range(rng.randrange(5))
        ]
        form = anything.raw(rng) if rng.random() < 0.2 else urlencode(pairs).encode()
        if rng.random() < 0.6:
            headers = {"Content-Type": "application/x-www-form-urlencoded"}
            answer = await http.post(where, content=form, headers=headers)
        else:
            answer = await http.get(f"{where}?{urlencode(pairs)}")
        assert answer.status_code in {200, 303, 400, 402, 404, 405, 415}, said(answer, form)


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
