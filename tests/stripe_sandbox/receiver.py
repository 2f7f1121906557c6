"""An endpoint for the sandbox's webhooks."""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import stripe

from tests.waiting import until

SECRET = "whsec_dGVzdHMgb2YgdGhlIHNhbmRib3g="


class Receiver(ThreadingHTTPServer):
    """An endpoint that verifies by the stripe library, and answers what it is told to."""

    def __init__(self) -> None:
        self.events: list[stripe.Event] = []
        self.answers: list[int] = []
        super().__init__(("127.0.0.1", 0), _Endpoint)


class _Endpoint(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        event = stripe.Webhook.construct_event(body, self.headers["stripe-signature"], SECRET)
        status = self.server.answers.pop(0) if self.server.answers else 200
        if status == 200:
            self.server.events.append(event)
        self.send_response(status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


async def heard(receiver: Receiver, count: int) -> list[stripe.Event]:
    await until(lambda: len(receiver.events) >= count)
    return list(receiver.events)
