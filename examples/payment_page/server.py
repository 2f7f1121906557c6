r"""A page that takes a card with Stripe's Payment Element, and opens an account with it.

STRIPE_API_KEY=sk_test_... STRIPE_PUBLISHABLE_KEY=pk_test_... REPRISE_TOKEN=... \
    python examples/payment_page/server.py 9001
"""

import json
import os
import sys
from html import escape
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from string import Template
from urllib.parse import parse_qs, urlsplit

import stripe

from reprise.client import Client, ClientError

PAGE = Template(Path(__file__).with_name("page.html").read_text())
ACCOUNT = {"email": "owner@example.com", "carts": 3, "plan": {"currency": "usd", "unit_amount": 2500}}

to_stripe = stripe.StripeClient(
    os.environ["STRIPE_API_KEY"],
    base_addresses={"api": os.environ.get("STRIPE_URL", "https://api.stripe.com")},
)
reprise = Client(os.environ.get("REPRISE_URL", "http://127.0.0.1:8000"), os.environ["REPRISE_TOKEN"])


class Shop(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        address = urlsplit(self.path)
        if address.path == "/":
            self.answer(PAGE.substitute(publishable_key=os.environ.get("STRIPE_PUBLISHABLE_KEY", "")))
        elif address.path == "/done":  # where Stripe leads back to, with the intent that was confirmed
            self.answer(self.opened(parse_qs(address.query)["setup_intent"][0]))
        else:
            self.send_error(404)

    def do_POST(self) -> None:
        """Begin to set a card up: the browser confirms the intent, and no card number comes near this server."""
        intent = to_stripe.v1.setup_intents.create({"usage": "off_session", "allowed_payment_method_types": ["card"]})
        self.answer(json.dumps({"client_secret": intent.client_secret}), "application/json")

    def opened(self, setup_intent: str) -> str:
        """Open the account with the payment method (`pm_...`) that the intent has set up."""
        method = to_stripe.v1.setup_intents.retrieve(setup_intent).payment_method
        account_id = f"shop-{setup_intent[-8:]}"  # yours: whoever is signed in
        try:
            account = reprise.open_account(
                account_id, payment_method=str(method), idempotency_key=setup_intent, **ACCOUNT
            ).account
        except ClientError as error:
            return f"<p>{escape(str(error))}</p>"
        return f"<p>{account.account_id}: {account.state}, payment {account.payment.status}</p>"

    def answer(self, content: str, kind: str = "text/html; charset=utf-8") -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.end_headers()
        self.wfile.write(content.encode())


server = HTTPServer(("127.0.0.1", int(sys.argv[1])), Shop)
print(f"listening on http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
