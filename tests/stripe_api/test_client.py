"""R8: what an answer means that is in no shape of Stripe's; how Stripe is asked, from which server, for how long."""

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
import stripe
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from reprise.settings import StripeSettings
from reprise.stripe_api.client import invoice_pages, metadata_of, stripe_client, understood
from reprise.stripe_api.errors import is_transient
from tests.stripe_api.scripted import Json, answering

INVOICE = '"id": "in_1", "object": "invoice", "currency": "usd", "total": 1, "amount_due": 1, "starting_balance": 0'


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, "{}"),
        (200, "[]"),
        (200, '"paid"'),
        (200, "null"),
        (200, '{"object": "invoice", "id": "in_1", "status": "paid"}'),
        (200, '{"object": "event"}'),
        (200, f"{{{INVOICE}}}"),
        (400, "{}"),
        (400, '{"error": null}'),
        (402, '{"error": []}'),
        (403, '{"error": "forbidden"}'),
        (400, '{"error": "invalid_request", "error_description": "Log in to the proxy."}'),
        (401, '{"error": "invalid_client"}'),
        (404, "[]"),
        (500, '{"error": {}}'),
        (418, '{"error": {"message": "I am a teapot", "type": "invalid_request_error"}}'),
        (424, '{"error": {"message": "later", "type": "api_error"}}'),
    ],
)
async def test_R8_an_answer_in_no_shape_of_stripes_leaves_open_what_happened(status: int, body: str) -> None:
    """Neither a success, nor a refusal, nor a defect of ours."""
    async with answering({"*": (status, body)}) as (client, _):
        with pytest.raises(stripe.StripeError) as failed:
            await understood(client.v1.invoices.retrieve_async("in_1"))
        assert is_transient(failed.value)


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404])
async def test_R8_a_refusal_of_stripes_is_one(status: int) -> None:
    """With the error object that Stripe sends."""
    body = '{"error": {"message": "No.", "type": "invalid_request_error"}}'
    async with answering({"*": (status, body)}) as (client, _):
        with pytest.raises(stripe.StripeError) as failed:
            await understood(client.v1.invoices.retrieve_async("in_1"))
        assert not is_transient(failed.value)


async def test_R8_an_answer_of_stripes_is_understood() -> None:
    """An invoice, and one that was deleted."""
    whole = f'{{{INVOICE}, "status": "open", "lines": {{}}}}'
    async with answering({"*": whole}) as (client, _):
        assert (await understood(client.v1.invoices.retrieve_async("in_1"))).status == "open"
    async with answering({"*": {"id": "in_1", "object": "invoice", "deleted": True}}) as (client, _):
        assert (await understood(client.v1.invoices.delete_async("in_1"))).id == "in_1"


WHOLE: dict[str, Json] = {
    "invoice": {
        "id": "in_1",
        "status": "open",
        "currency": "usd",
        "total": 1,
        "amount_due": 1,
        "starting_balance": 0,
        "lines": {},
    },
    "list": {"data": [], "has_more": False},
    "search_result": {"data": [], "has_more": False},
    "customer": {"id": "cus_1"},
}


@pytest.mark.parametrize(("kind", "lacking"), [(kind, name) for kind in WHOLE for name in (None, *WHOLE[kind])])
async def test_R8_an_answer_that_lacks_what_is_concluded_from_is_not_understood(kind: str, lacking: str | None) -> None:
    """Field by field: of an invoice, a list, a search, anything else."""

    async def answer() -> stripe.StripeObject:
        values = {name: value for name, value in WHOLE[kind].items() if name != lacking}
        return stripe.StripeObject.construct_from({"object": kind, **values}, None)

    if lacking is None:
        assert (await understood(answer()))["object"] == kind
        return
    with pytest.raises(stripe.APIError, match="not one that Reprise understands") as failed:
        await understood(answer())
    assert is_transient(failed.value)


@pytest.mark.parametrize("error", [AttributeError, KeyError, TypeError])
async def test_R8_what_the_library_stumbles_over_is_not_understood(error: type[Exception]) -> None:
    """It reads errors as if each had Stripe's shape."""

    async def stumble() -> stripe.StripeObject:
        raise error("data")

    with pytest.raises(stripe.APIError, match="not one that Reprise understands"):
        await understood(stumble())


def test_metadata_is_a_dictionary_also_where_there_is_none() -> None:
    """As on objects that others have made."""

    def made(metadata: Json | None) -> stripe.StripeObject:
        return stripe.StripeObject.construct_from({"id": "in_1", "metadata": metadata}, None)

    assert metadata_of(made({"life": "life-1"})) == {"life": "life-1"}
    assert metadata_of(made(None)) == {}


@pytest.mark.parametrize(
    ("key", "url", "page"),
    [
        ("sk_test_1", None, "https://dashboard.stripe.com/test/invoices/"),
        ("rk_test_1", None, "https://dashboard.stripe.com/test/invoices/"),
        ("sk_live_1", None, "https://dashboard.stripe.com/invoices/"),
        ("rk_live_1", None, "https://dashboard.stripe.com/invoices/"),
        ("sk_test_1", "http://sandbox/", "http://sandbox/_sandbox/invoices/"),
    ],
)
def test_operators_see_an_invoice_in_the_dashboard_or_on_the_sandboxs_pages(
    key: str, url: str | None, page: str
) -> None:
    """Of the mode that the key is of."""
    assert invoice_pages(StripeSettings(STRIPE_API_KEY=key, stripe_url=url)) == page


async def test_R8_who_cannot_prove_to_be_stripe_is_asked_nothing(tmp_path: Path) -> None:
    """A server whose certificate nobody has signed hears no request."""
    heard: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(1000))
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=self_signed(tmp_path / "key-and-certificate.pem"))
    url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    settings = StripeSettings(STRIPE_API_KEY="sk_test_1", stripe_url=url, stripe_retries=0)
    async with server, stripe_client(settings) as client:
        with pytest.raises(stripe.APIConnectionError) as raised:
            await of_one_customer(client)
    assert "CERTIFICATE_VERIFY_FAILED" in str(raised.value.__cause__)
    assert heard == []


def self_signed(file: Path) -> ssl.SSLContext:
    """Return what a server proves with that it is 127.0.0.1, by its own word alone."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    certificate = (
        x509.CertificateBuilder(issuer_name=name, subject_name=name, public_key=key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(secret + certificate.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


async def of_one_customer(client: stripe.StripeClient) -> Any:
    return await client.v1.customers.retrieve_async("cus_1")


async def test_stripe_is_told_nothing_of_us_and_let_go_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """No telemetry of earlier requests; the address may have a path; no connection stays behind."""
    monkeypatch.setattr(stripe, "enable_telemetry", True)
    async with answering({"*": {"id": "cus_1", "object": "customer"}}, path="/x") as (client, script):
        for _ in range(2):
            await of_one_customer(client)
        assert not script.left.is_set()
    await asyncio.wait_for(script.left.wait(), 5)
    assert script.calls == ["GET /x/v1/customers/cus_1"] * 2
    assert [each.headers["authorization"] for each in script.asked] == ["Bearer sk_test_reprise"] * 2
    assert not any("telemetry" in name for each in script.asked for name in each.headers)


@pytest.mark.parametrize("retries", [0, 1])
async def test_R8_a_request_is_repeated_as_often_as_the_settings_say(retries: int) -> None:
    """And given up after as many seconds."""
    async with answering({"*": None}, stripe_retries=retries, stripe_timeout=1) as (client, script):
        with pytest.raises(stripe.APIConnectionError):
            await asyncio.wait_for(of_one_customer(client), 10)
    assert len(script.asked) == 1 + retries


async def test_without_another_address_stripe_itself_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is sent here: the library's transport is stopped."""
    urls: list[str] = []

    async def note(_: Any, method: str, url: str, *__: Any) -> Any:
        urls.append(f"{method} {url}")
        return b'{"id": "cus_1", "object": "customer"}', 200, {}

    monkeypatch.setattr(stripe.HTTPXClient, "request_async", note)
    async with stripe_client(StripeSettings(STRIPE_API_KEY="sk_test_1")) as client:
        await of_one_customer(client)
    assert urls == ["get https://api.stripe.com/v1/customers/cus_1"]
