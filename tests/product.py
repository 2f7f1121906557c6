"""The product's webhook endpoint: verifies what it hears by Standard Webhooks, and answers as it is told."""

import base64
import json
import secrets
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from standardwebhooks import Webhook


class Product(ThreadingHTTPServer):
    """A real endpoint on a free port."""

    def __init__(self) -> None:
        self.secret = "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()
        self.heard: list[dict[str, Any]] = []
        self.answers: list[int] = []
        self.asked = 0
        super().__init__(("127.0.0.1", 0), _Endpoint)
        self._thread = Thread(target=self.serve_forever)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook"

    def close(self) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()


class _Endpoint(BaseHTTPRequestHandler):
    server: Product

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.asked += 1
        status = self.server.answers.pop(0) if self.server.answers else 204
        Webhook(self.server.secret).verify(body, {name.lower(): value for name, value in self.headers.items()})
        if status == 204:
            self.server.heard.append(json.loads(body) | {"id": self.headers["webhook-id"]})
        self.send_response(status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""
