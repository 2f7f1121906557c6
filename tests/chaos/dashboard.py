"""Somebody at Stripe's dashboard, and the payers and banks behind it: what is done there with nobody asking Reprise."""

import asyncio
import random
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx
from temporalio.client import Client
from temporalio.exceptions import TemporalError

from reprise.local.servers import SANDBOX_KEY
from reprise.workflows.messages import workflow_id
from tests.plain_http import plain_client

Json = dict[str, Any]

TRIES = 25
"""How often somebody tries a thing while Stripe fails, before they leave it."""


@dataclass
class Dashboard:
    """Stripe by hand. What Stripe refuses is left; what it does not answer is tried again, as people do."""

    stripe: str
    temporal: Client
    done: list[tuple[str, str]] = field(default_factory=list)
    """What was done, and to which object."""

    def __post_init__(self) -> None:
        self._http = plain_client(base_url=self.stripe, headers={"Authorization": f"Bearer {SANDBOX_KEY}"}, timeout=8)

    async def close(self) -> None:
        """Let go of the connections."""
        await self._http.aclose()

    async def customer_of(self, account_id: str) -> str | None:
        """Return an account's customer, as the record has it; None while it has none, or nobody says so."""
        handle = self.temporal.get_workflow_handle(workflow_id(account_id))
        for _ in range(5):
            try:
                found: str | None = await handle.query("customer_id", rpc_timeout=timedelta(seconds=4))
            except (TemporalError, RuntimeError):
                await asyncio.sleep(0.5)
            else:
                return found
        return None

    # ------------------------------------------------------------------ customers

    async def set_balance(self, customer: str, currency: str, balance: int) -> bool:
        """Let a customer owe something (above zero), or have credit (below); say whether it is so now."""
        path = f"/v1/customers/{customer}/balance_transactions"
        for _ in range(5):
            known = await self._do("look", customer, path, method="GET", params={"limit": 100})
            if known is None:
                return False  # it was deleted
            mine = (each["ending_balance"] for each in known["data"] if each["currency"] == currency)
            if (lacking := balance - next(mine, 0)) == 0:
                return True
            # An answer may be lost, and the change be made all the same: so the balance is read again.
            await self._do("balance", customer, path, {"amount": lacking, "currency": currency}, tries=1)
        return False

    async def delete(self, customer: str) -> bool:
        """Delete a customer."""
        return await self._do("delete", customer, f"/v1/customers/{customer}", method="DELETE") is not None

    async def discount(self, customer: str, percent: float | None) -> None:
        """Give a customer a discount on everything; None takes it away."""
        body = {} if percent is None else {"percent_off": percent}
        await self._do("discount", customer, f"/_sandbox/customers/{customer}/discount", json=body)

    async def make_card(self, **behaviour: str) -> str | None:
        """Return a card that behaves as said once it is attached."""
        card = await self._do("card", "new", "/_sandbox/payment_methods", json=behaviour)
        return card["id"] if card else None

    # ------------------------------------------------------------------ invoices

    async def void(self, invoice: str) -> bool:
        """Void an invoice by hand, as the README of another product says."""
        return await self._do("void", invoice, f"/v1/invoices/{invoice}/void") is not None

    async def write_off(self, invoice: str) -> bool:
        """Mark an invoice uncollectible."""
        return await self._do("write off", invoice, f"/v1/invoices/{invoice}/mark_uncollectible") is not None

    async def take_as_paid(self, invoice: str) -> bool:
        """Put down that an invoice was paid out of band."""
        paid = {"paid_out_of_band": "true"}
        return await self._do("paid out of band", invoice, f"/v1/invoices/{invoice}/pay", paid) is not None

    async def refuse_voids(self, invoice: str, status: int, times: int) -> None:
        """Let Stripe refuse the next voids of one invoice."""
        fault = {"method": "POST", "path": f"/v1/invoices/{invoice}/void", "status": status, "times": times}
        await self._do("refuse voids", invoice, "/_sandbox/faults", json=fault)

    async def hosted_page(self, invoice: str) -> str | None:
        """Return where a payer can pay an invoice."""
        found = await self._do("look", invoice, f"/v1/invoices/{invoice}", method="GET")
        url: str | None = found.get("hosted_invoice_url") if found else None
        return url

    async def pay_hosted(self, invoice: str, card: str) -> None:
        """Pay an invoice on its page, as a payer with an old link does."""
        url = await self.hosted_page(invoice)
        if url:
            await self._do("pay by the link", invoice, url, {"card": card}, is_page=True)

    async def invoice_by_hand(self, customer: str, currency: str, amount: int) -> None:
        """Make an invoice for the customer that Reprise knows nothing of; and leave an item lying around."""
        item = {"customer": customer, "currency": currency, "amount": amount, "description": "By hand"}
        invoice = await self._do(
            "invoice by hand",
            customer,
            "/v1/invoices",
            {"customer": customer, "currency": currency, "auto_advance": "false"},
        )
        if invoice and await self._do("item", customer, "/v1/invoiceitems", {**item, "invoice": invoice["id"]}):
            await self._do("finalize", invoice["id"], f"/v1/invoices/{invoice['id']}/finalize")
        await self._do("pending item", customer, "/v1/invoiceitems", item)

    # ------------------------------------------------------------------ money back

    async def charge_of(self, invoice: str) -> str | None:
        """Return the charge by which an invoice was paid."""
        payments = await self._do(
            "look", invoice, "/v1/invoice_payments", method="GET", params={"invoice": invoice, "limit": 5}
        )
        for payment in payments["data"] if payments else []:
            intent = payment["payment"].get("payment_intent")
            found = await self._do("look", invoice, f"/v1/payment_intents/{intent}", method="GET")
            if found and found["status"] == "succeeded" and found["latest_charge"]:
                return str(found["latest_charge"])
        return None

    async def refund(self, charge: str, amount: int | None = None) -> None:
        """Give a charge back, or a part of it."""
        await self._do("refund", charge, "/v1/refunds", {"charge": charge} | ({"amount": amount} if amount else {}))

    async def dispute(self, charge: str, reason: str) -> str | None:
        """Let a payer's bank ask for the money of a charge back."""
        opened = await self._do("dispute", charge, f"/_sandbox/charges/{charge}/dispute", json={"reason": reason})
        return str(opened["id"]) if opened else None

    async def end_dispute(self, dispute: str, outcome: str) -> None:
        """Let a dispute end."""
        await self._do("dispute ends", dispute, f"/_sandbox/disputes/{dispute}/close", json={"outcome": outcome})

    async def settle(self) -> int:
        """Let the debits end that are under way, as their accounts say; return how many there were."""
        settled = await self._do("settle", "all", "/_sandbox/payment_intents/settle", json={})
        return len(settled["settled"]) if settled else 0

    # ------------------------------------------------------------------

    async def _do(
        self,
        what: str,
        about: str,
        path: str,
        data: Json | None = None,
        *,
        method: str = "POST",
        json: Json | None = None,
        params: Json | None = None,
        is_page: bool = False,
        tries: int = TRIES,
    ) -> Json | None:
        """Ask until there is an answer; return it, or None if it is a refusal, or nobody answers for long."""
        for _ in range(tries):
            try:
                answer = await self._http.request(method, path, data=data, json=json, params=params)
                body: Json = {} if is_page else answer.json()
            except (httpx.HTTPError, ValueError):
                await asyncio.sleep(0.5)
                continue
            if answer.status_code in {401, 403, 429} or answer.status_code >= 500:
                await asyncio.sleep(0.5)
                continue
            if answer.status_code >= 400:
                return None
            if what != "look":
                self.done.append((what, about))
            return body
        return None


def some_reason(rng: random.Random) -> str:
    """Return why a payer disputes."""
    return rng.choice(("fraudulent", "product_not_received", "subscription_canceled", "duplicate"))
