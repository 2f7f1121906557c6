"""The pages that a payer sees: hosted invoice, authentication, customer portal. Plain HTML; no money moves."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from jinja2 import Environment, PackageLoader, select_autoescape
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from reprise.statemachine.money import formatted
from reprise.stripe_sandbox import attaching, collecting, customers, invoices
from reprise.stripe_sandbox.banks import TEST_BANK_ACCOUNTS
from reprise.stripe_sandbox.calls import Call
from reprise.stripe_sandbox.cards import OFFERED, TEST_CARDS
from reprise.stripe_sandbox.errors import StripeFailure
from reprise.stripe_sandbox.expanding import lines_of
from reprise.stripe_sandbox.pdf import text_pdf
from reprise.stripe_sandbox.store import Object, Store

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    # With "no-referrer", browsers send the Origin "null" with the pages' own forms (fetch.spec.whatwg.org).
    "Referrer-Policy": "same-origin",
}


class Pages:
    """The pages, and the forms on them."""

    def __init__(self, store: Store, changed: Callable[[], None]) -> None:
        """Take the store that the pages show, and what to call after a change that may cause webhooks."""
        self._store = store
        self._changed = changed
        self._templates = Environment(
            loader=PackageLoader("reprise.stripe_sandbox"), autoescape=select_autoescape(), trim_blocks=True
        )
        self._templates.filters["amount"] = formatted
        self._templates.filters["named"] = _named
        self._templates.filters["date"] = lambda at: datetime.fromtimestamp(at, UTC).strftime("%d %B %Y")

    def routes(self) -> list[Route | Mount]:
        """Return the routes of the pages."""
        static = StaticFiles(directory=Path(__file__).parent / "static")
        return [
            Mount("/_sandbox/static", static),
            Route("/_sandbox/invoices/{token}", self.invoice),
            Route("/_sandbox/invoices/{token}", self.pay_invoice, methods=["POST"]),
            Route("/_sandbox/invoices/{token}/pdf", self.invoice_pdf),
            Route("/_sandbox/authenticate/{intent}", self.authenticate),
            Route("/_sandbox/authenticate/{intent}", self.finish_authentication, methods=["POST"]),
            Route("/_sandbox/receipts/{charge}", self.receipt),
            Route("/_sandbox/portal/{token}", self.portal),
            Route("/_sandbox/portal/{token}", self.change_customer, methods=["POST"]),
        ]

    # ------------------------------------------------------------------ the hosted invoice

    async def invoice(self, request: Request) -> Response:
        """Show an invoice, with a form to pay it where it can be paid; by its id, as in the dashboard, lead there."""
        if invoice := self._invoice(request):
            return self._show_invoice(invoice)
        named = self._store.get("invoice", request.path_params["token"])
        token = named and named["_sandbox"].get("token")
        return RedirectResponse(f"/_sandbox/invoices/{token}", 303) if token else self._gone()

    async def pay_invoice(self, request: Request) -> Response:
        """Pay with a saved card or a test card."""
        invoice = self._invoice(request)
        if invoice is None:
            return self._gone()
        chosen = (await _form(request)).get("card", "")
        call = self._call(request)
        message = None
        with self._store.transaction():
            try:
                customer = customers.found(call, invoice["customer"], param="customer")
                method = self._chosen(call, chosen, customer)
                current = invoices.found(call, invoice["id"])
                collecting.pay_with(call, current, method, on_session=True)
            except StripeFailure as failure:
                message = str(failure)
        self._changed()
        current = self._store.get("invoice", invoice["id"]) or invoice
        intent = self._intent(current)
        if intent and intent["status"] == "requires_action":
            return RedirectResponse(f"/_sandbox/authenticate/{intent['id']}", 303)
        if message is None:
            return RedirectResponse(request.url.path, 303)
        return self._show_invoice(current, message)

    def _chosen(self, call: Call, chosen: str, customer: Object) -> Object:
        """Return what the payer pays with; a card that Stripe attaches to nobody declines only when it is charged."""
        card = TEST_CARDS.get(chosen)
        if chosen in TEST_BANK_ACCOUNTS or (card and card.attaches):
            return attaching.attached(call, chosen, customer)
        return attaching.usable(call, chosen, customer)

    def _intent(self, invoice: Object) -> Object | None:
        """Return the payment intent of an invoice that can still be paid."""
        payments = self._store.all("invoice_payment", owner=invoice["id"])
        if invoice["status"] not in {"open", "uncollectible"} or not payments:
            return None
        return self._store.get("payment_intent", payments[0]["payment"]["payment_intent"])

    async def invoice_pdf(self, request: Request) -> Response:
        """Return the invoice as a PDF of one page."""
        invoice = self._invoice(request)
        if invoice is None:
            return self._gone()
        lines = [
            f"Invoice {invoice['number']} ({invoice['status']})",
            f"To: {invoice['customer_email'] or ''}",
            *(
                f"{line['description']}: {formatted(line['amount'], line['currency'])}"
                for line in lines_of(self._store, invoice["id"])
            ),
            f"Total: {formatted(invoice['total'], invoice['currency'])}",
            "Reprise's Stripe sandbox: a test invoice, no money moves.",
        ]
        return Response(text_pdf(lines), media_type="application/pdf", headers=_HEADERS)

    def _invoice(self, request: Request) -> Object | None:
        return self._store.invoice_at(request.path_params["token"])

    def _show_invoice(self, invoice: Object, message: str | None = None) -> Response:
        return self._page(
            "invoice.html",
            title=f"Invoice {invoice['number']}",
            invoice=invoice,
            lines=lines_of(self._store, invoice["id"]),
            intent=self._intent(invoice),
            message=message,
            saved=self._store.all("payment_method", owner=invoice["customer"]),
            offered=[(test_id, TEST_CARDS[test_id].label) for test_id in OFFERED],
            status=402 if message else 200,
        )

    # ------------------------------------------------------------------ authentication

    async def authenticate(self, request: Request) -> Response:
        """Ask the payer, as a bank's 3D Secure page would."""
        intent = self._store.get("payment_intent", request.path_params["intent"])
        if intent is None:
            return self._gone()
        if intent["status"] != "requires_action":
            return RedirectResponse(self._invoice_url(intent), 303)
        return self._page("authenticate.html", title="Authenticate the payment", intent=intent)

    async def finish_authentication(self, request: Request) -> Response:
        """Complete the payment, or fail the authentication."""
        intent = self._store.get("payment_intent", request.path_params["intent"])
        if intent is None:
            return self._gone()
        answer = (await _form(request)).get("answer")
        call = self._call(request)
        if intent["status"] == "requires_action":
            with self._store.transaction():
                self._authenticated(call, intent, completed=answer == "complete")
            self._changed()
        return RedirectResponse(self._invoice_url(intent), 303)

    def _authenticated(self, call: Call, intent: Object, *, completed: bool) -> None:
        invoice = invoices.found(call, self._invoice_of(intent)["id"])
        if completed:
            method = attaching.found(call, intent["payment_method"])
            collecting.pay_with(call, invoice, method, on_session=True, authenticated=True)
            return
        intent.update(
            status="requires_payment_method",
            payment_method=None,
            next_action=None,
            last_payment_error={
                "code": "payment_intent_authentication_failure",
                "message": "The payer failed to authenticate the payment.",
                "type": "card_error",
            },
        )
        self._store.put(intent)
        call.emit("payment_intent.payment_failed", intent)
        call.emit("invoice.payment_failed", invoice)

    def _invoice_of(self, intent: Object) -> Object:
        invoice = self._store.get("invoice", self._store.payment_of(intent["id"])["invoice"])
        assert invoice is not None, "only drafts can be deleted, and they have no payments"
        return invoice

    def _invoice_url(self, intent: Object) -> str:
        return f"/_sandbox/invoices/{self._invoice_of(intent)['_sandbox']['token']}"

    async def receipt(self, request: Request) -> Response:
        """Show the receipt of a charge."""
        charge = self._store.get("charge", request.path_params["charge"])
        if charge is None or not charge["paid"]:
            return self._gone()
        return self._page("receipt.html", title="Receipt", charge=charge)

    # ------------------------------------------------------------------ the customer portal

    async def portal(self, request: Request) -> Response:
        """Show the customer's card, details and invoices."""
        session = self._session(request)
        return self._show_portal(session) if session else self._gone()

    async def change_customer(self, request: Request) -> Response:
        """Change the card, or name and e-mail."""
        session = self._session(request)
        if session is None:
            return self._gone()
        form, call = await _form(request), self._call(request)
        try:
            with self._store.transaction():
                self._change(call, form, customers.found(call, session["customer"]))
        except StripeFailure as failure:
            return self._show_portal(session, str(failure))
        self._changed()
        return RedirectResponse(_after(session) or f"{request.url.path}?saved=1", 303)

    def _change(self, call: Call, form: dict[str, str], customer: Object) -> None:
        if form.get("card") in attaching.TEST_METHODS:
            method = attaching.attached(call, form["card"], customer)
            changes: dict[str, Any] = {"invoice_settings": {"default_payment_method": method["id"]}}
        else:
            changes = {name: form[name].strip() for name in ("name", "email") if name in form}
        customers.update(call, changes, customer["id"])

    def _session(self, request: Request) -> Object | None:
        sessions = self._store.all("billing_portal.session", owner=request.path_params["token"])
        return sessions[0] if sessions else None

    def _show_portal(self, session: Object, message: str | None = None) -> Response:
        customer = self._store.get("customer", session["customer"])
        if customer is None or customer.get("deleted"):
            return self._gone()
        default = customer["invoice_settings"]["default_payment_method"]
        leads_to = _after(session)
        return self._page(
            "portal.html",
            title="Add a payment method" if session["flow"] else "Billing details",
            also_to=leads_to,
            session=session,
            message=message,
            status=402 if message else 200,
            customer=customer,
            card=self._store.get("payment_method", default) if default else None,
            offered=[(test_id, TEST_CARDS[test_id].label) for test_id in OFFERED],
            invoices=[each for each in self._store.all("invoice", owner=customer["id"]) if each["number"]],
        )

    # ------------------------------------------------------------------ rendering

    def _call(self, request: Request) -> Call:
        return Call(self._store, str(request.base_url).rstrip("/"))

    def _gone(self) -> Response:
        return self._page("gone.html", title="Not found", status=404)

    def _page(self, template: str, *, status: int = 200, also_to: str | None = None, **values: object) -> Response:
        html = self._templates.get_template(template).render(**values)
        headers = _HEADERS
        if also_to is not None:
            # Where a form's answer redirects counts as its target (w3.org/TR/CSP3/#directive-form-action).
            parts = urlsplit(also_to)
            policy = _HEADERS["Content-Security-Policy"]
            allowed = policy.replace("form-action 'self'", f"form-action 'self' {parts.scheme}://{parts.netloc}")
            headers = {**_HEADERS, "Content-Security-Policy": allowed}
        return HTMLResponse(html, status, headers)


def _after(session: Object) -> str | None:
    """Return where a session leads once it has done what its flow is for; None: to itself."""
    then = (session["flow"] or {}).get("after_completion") or {}
    return then["redirect"]["return_url"] if then.get("type") == "redirect" else None


def _named(method: Object) -> str:
    """Return a payment method, or the details of a charge, in words."""
    account = method.get("us_bank_account")
    if account:
        return f"{account['bank_name']} account ending in {account['last4']}"
    return f"{method['card']['brand']} ending in {method['card']['last4']}"


async def _form(request: Request) -> dict[str, str]:
    pairs = parse_qs((await request.body()).decode(errors="replace"), keep_blank_values=True)
    return {name: values[-1] for name, values in pairs.items()}
