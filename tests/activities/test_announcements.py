"""R18: the product is told of each change, signed, in order, again until it has heard."""

import base64
import json
import secrets
from collections.abc import AsyncIterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from reprise.activities.announcements import ProductAnnouncements
from reprise.activities.names import AnnounceInput
from reprise.statemachine.timeline import TIMER, TimelineEntry
from tests.activities.payer import START

SECRET = "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()


class Product(ThreadingHTTPServer):
    """The product's endpoint: verifies what it hears, and answers what it is told to."""

    def __init__(self) -> None:
        self.heard: list[dict[str, Any]] = []
        self.answers: list[int] = []
        super().__init__(("127.0.0.1", 0), Endpoint)


class Endpoint(BaseHTTPRequestHandler):
    server: Product

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        status = self.server.answers.pop(0) if self.server.answers else 204
        Webhook(SECRET).verify(body, {name.lower(): value for name, value in self.headers.items()})
        if status == 204:
            self.server.heard.append(json.loads(body) | {"id": self.headers["webhook-id"]})
        self.send_response(status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def product() -> Any:
    server = Product()
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
async def announcements(product: Product) -> AsyncIterator[ProductAnnouncements]:
    async with httpx.AsyncClient(trust_env=False) as client:
        yield ProductAnnouncements(client, f"http://127.0.0.1:{product.server_port}/hook", SECRET)


def entries(*sequences: int) -> AnnounceInput:
    made = [
        TimelineEntry(
            sequence=n,
            at=START,
            type="account.renewed",
            actor=TIMER,
            from_state="active",
            to_state="active",
            amount=7500,
        )
        for n in sequences
    ]
    return AnnounceInput(account_id="a1", entries=tuple(made))


async def test_R18_each_change_is_told_signed_and_in_order(
    product: Product, announcements: ProductAnnouncements
) -> None:
    """Type, account and amounts, verified by the Standard Webhooks library itself."""
    assert await ActivityEnvironment().run(announcements.announce, entries(1, 2, 3)) == 3
    assert [each["data"]["sequence"] for each in product.heard] == [1, 2, 3]
    assert product.heard[0]["id"] == "a1:1"
    assert product.heard[0]["type"] == "account.renewed"
    assert product.heard[0]["data"]["amount"] == 7500


@pytest.mark.parametrize("status", [500, 404, 410, 302])
async def test_R18_what_is_not_taken_is_told_again(
    product: Product, announcements: ProductAnnouncements, status: int
) -> None:
    """A retryable error; the repeat carries the same ids."""
    product.answers = [204, status]
    with pytest.raises(ApplicationError, match=str(status)) as failed:
        await ActivityEnvironment().run(announcements.announce, entries(1, 2))
    assert not failed.value.non_retryable
    await ActivityEnvironment().run(announcements.announce, entries(1, 2))
    assert [each["id"] for each in product.heard] == ["a1:1", "a1:1", "a1:2"]


async def test_R18_without_an_endpoint_nobody_is_told() -> None:
    """Not configured is no failure."""
    async with httpx.AsyncClient() as client:
        assert await ActivityEnvironment().run(ProductAnnouncements(client, None, None).announce, entries(1)) == 0
