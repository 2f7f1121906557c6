"""The product's webhook endpoint: verifies what it hears by Standard Webhooks, and answers as it is told."""

import base64
import contextlib
import json
import secrets
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from typing import Any

import httpx
from standardwebhooks import Webhook

from reprise.activities.announcements import ProductAnnouncements
from reprise.activities.endpoints import endpoints_of
from reprise.settings import AnnouncementEndpoint
from tests.waiting import until


class Product(ThreadingHTTPServer):
    """A real endpoint on a free port.

    `answers` are the next statuses, 204 when there are none left; `seconds` is how long it thinks about each, in real
    time; `hangs` lets it never answer, `trickles` lets it send the "head" or the "body" of its answer byte by byte,
    without end.
    """

    daemon_threads = True

    def __init__(self) -> None:
        self.secret = "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()
        self.heard: list[dict[str, Any]] = []
        self.answers: list[int] = []
        self.asked = 0
        self.at_once: Counter[str] = Counter()
        self.most_at_once: Counter[str] = Counter()
        self.seconds = 0.0
        self.hangs, self.trickles = False, ""
        self.lock, self.closing = Lock(), Event()
        super().__init__(("127.0.0.1", 0), _Endpoint)
        self._thread = Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook"

    def endpoint(self, name: str = "default", **changes: Any) -> AnnouncementEndpoint:
        """The endpoint, as a worker's settings have it."""
        given = {"name": name, "url": self.url, "secret": self.secret, **changes}
        return AnnouncementEndpoint.model_validate(given)

    @classmethod
    def nowhere(cls, name: str = "default") -> AnnouncementEndpoint:
        """An endpoint at which nobody listens."""
        nobody = cls()
        nobody.close()
        return nobody.endpoint(name)

    def sequences(self, account_id: str) -> list[int]:
        """The sequence numbers of what was heard of an account, in the order of hearing."""
        return [each["data"]["sequence"] for each in self.heard if each["data"]["account_id"] == account_id]

    async def hears(self, account_id: str, sequence: int, seconds: float = 20) -> None:
        """Wait until the latest that was heard of an account is this change."""
        await until(lambda: self.sequences(account_id)[-1:] == [sequence], seconds=seconds)

    def close(self) -> None:
        self.closing.set()
        self.shutdown()
        self._thread.join()
        self.server_close()


def announcing(client: httpx.AsyncClient, *endpoints: AnnouncementEndpoint) -> ProductAnnouncements:
    """The activities of a worker that has these endpoints."""
    return ProductAnnouncements(endpoints_of(client, endpoints))


class _Endpoint(BaseHTTPRequestHandler):
    server: Product

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        product, account = self.server, json.loads(body)["data"].get("account_id", "")
        with product.lock:
            product.asked += 1
            product.at_once[account] += 1
            product.most_at_once[account] = max(product.most_at_once[account], product.at_once[account])
            status = product.answers.pop(0) if product.answers else 204
        try:
            Webhook(product.secret).verify(body, {name.lower(): value for name, value in self.headers.items()})
            product.closing.wait(60 if product.hangs else product.seconds)
            if status == 204 and not product.hangs:
                with product.lock:
                    names = {"id": "webhook-id", "agent": "user-agent", "content": "content-type"}
                    headers = {ours: self.headers[theirs] for ours, theirs in names.items()}
                    product.heard.append(json.loads(body) | headers)
        finally:
            with product.lock:
                product.at_once[account] -= 1
        with contextlib.suppress(ConnectionError):
            self._answer(200 if product.trickles else status)

    def _answer(self, status: int) -> None:
        self.send_response(status)
        if self.server.trickles != "head":
            self.end_headers()
        self.flush_headers()
        while self.server.trickles and not self.server.closing.wait(0.05):
            self.wfile.write(b".")
            self.wfile.flush()

    def log_message(self, *_: object) -> None:
        """Say nothing."""
