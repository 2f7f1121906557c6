"""The demo: an account's life as it happens. Each line is read back from the API or from Stripe's side, and checked."""

import asyncio
import signal
import tempfile
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from reprise.local.clock import AccountClock
from reprise.local.ports import Ports
from reprise.local.system import System, running
from reprise.statemachine.money import formatted
from reprise.statemachine.terms import months_after

ACCOUNT = "demo-shop"
Json = dict[str, Any]


class Story:
    """Tells and checks: what differs from the rules is shown, counted, and makes the demo fail."""

    def __init__(self, system: System, api: httpx.AsyncClient, clock: AccountClock, console: Console) -> None:
        """Take a running system."""
        self._system = system
        self._api = api
        self._clock = clock
        self._console = console
        self.differences = 0

    # ------------------------------------------------------------------ telling

    def chapter(self, title: str) -> None:
        """Begin a part of the story."""
        self._console.print(f"\n[bold]{title}[/bold]")

    def fact(self, what: str, observed: object, expected: object) -> None:
        """Tell one observed fact, and check it."""
        if observed == expected:
            self._console.print(f"  [green]✓[/green] {what}: [bold]{observed}[/bold]", highlight=False)
        else:
            self.differences += 1
            self._console.print(f"  [red]✗ {what}: {observed}, but the rules say {expected}[/red]", highlight=False)

    # ------------------------------------------------------------------ asking

    async def ask(self, method: str, path: str, body: Json | None = None) -> tuple[int, Json]:
        """Send one request to the API; return status and answer."""
        headers = {"Idempotency-Key": str(uuid.uuid4())} if method != "GET" else {}
        answer = await self._api.request(method, path, json=body, headers=headers)
        return answer.status_code, answer.json()

    async def do(self, method: str, path: str, body: Json | None = None) -> Json:
        """Send a request that changes something, to the account."""
        return (await self.ask(method, f"/v1/accounts/{ACCOUNT}{path}", body))[1]

    async def see(self, path: str = "") -> Json:
        """Read something of the account."""
        return (await self.ask("GET", f"/v1/accounts/{ACCOUNT}{path}"))[1]

    async def at_stripe(self) -> Json:
        """Read Stripe's side."""
        async with httpx.AsyncClient(trust_env=False) as client:
            dump: Json = (await client.get(f"{self._system.stripe}/_sandbox/dump")).json()
        return dump

    async def charged(self) -> int:
        """Return what Stripe has taken in all, from its charges."""
        return sum(charge["amount"] for charge in (await self.at_stripe())["charges"] if charge["paid"])

    async def forward(self, to: datetime | None) -> datetime:
        """Move the account's clock; return where it then stands."""
        now = datetime.now(UTC)
        async for stop in self._clock.move(to):
            now = stop.now
        self._console.print(f"  … the account's clock moves to {now:%Y-%m-%d %H:%M} UTC", style="dim")
        return now


async def _first_month(story: Story) -> Json:
    story.chapter("An account is opened: 3 carts at 25.00 USD, a good card")
    body = {
        "account_id": ACCOUNT,
        "email": "owner@example.com",
        "carts": 3,
        "plan": {"currency": "usd", "unit_amount": 2500},
        "payment_method": "pm_card_visa",
    }
    status, _ = await story.ask("POST", "/v1/accounts", body)
    story.fact("the API answers", status, 201)
    account = await story.see()
    story.fact("state", account["state"], "active")
    story.fact("charged, as Stripe has it", formatted(await story.charged(), "usd"), "75.00 USD")
    anchor = datetime.fromisoformat(account["anchor"])
    story.fact("the term ends a month later", account["term"]["end"], _json(months_after(anchor, 1, "UTC")))
    return account


async def _cancelled(story: Story) -> None:
    story.chapter("The owner cancels; service goes on to the term's end")
    await story.do("POST", "/cancel", {"when": "term_end"})
    account, access = await story.see(), await story.see("/access")
    story.fact("state", account["state"], "cancelled")
    story.fact("renews", account["renews"], False)
    story.fact("may the shop work?", access["access"], True)
    story.fact("until", access["until"], account["term"]["end"])


async def _disabled(story: Story) -> datetime:
    story.chapter("The term ends: a durable timer disables the account")
    now = await story.forward(None)
    account, access = await story.see(), await story.see("/access")
    story.fact("state", f"{account['state']} ({account['disabled_reason']})", "disabled (cancelled)")
    story.fact("may the shop work?", access["access"], False)
    story.fact("charged in all", formatted(await story.charged(), "usd"), "75.00 USD")
    return now


async def _back(story: Story, disabled_at: datetime) -> None:
    story.chapter("Months later the owner is back, with 5 carts, and asks what reactivating costs")
    await story.do("PUT", "/carts", {"carts": 5})
    await story.forward(disabled_at + timedelta(days=46))
    quote = await story.see("/reactivation-quote")
    story.fact("quote", formatted(quote["amount_due"], quote["currency"]), "125.00 USD")
    story.fact("for", f"{quote['carts']} carts × {formatted(quote['unit_amount'], 'usd')}", "5 carts × 25.00 USD")

    story.chapter("The first card declines")
    await story.do("PUT", "/payment-method", {"payment_method": "pm_card_chargeCustomerFail"})
    expected = {"expected_amount": quote["amount_due"]}
    status, problem = await story.ask("POST", f"/v1/accounts/{ACCOUNT}/reactivate", expected)
    story.fact("the API answers", f"{status} {problem.get('code')}", "402 payment_declined")
    story.fact("because", problem.get("decline_code"), "generic_decline")
    story.fact("state", (await story.see())["state"], "disabled")
    story.fact("charged in all", formatted(await story.charged(), "usd"), "75.00 USD")

    story.chapter("A good card: reactivated, with one upfront payment")
    await story.do("PUT", "/payment-method", {"payment_method": "pm_card_visa"})
    status, _ = await story.ask("POST", f"/v1/accounts/{ACCOUNT}/reactivate", expected)
    story.fact("the API answers", status, 200)
    account, access = await story.see(), await story.see("/access")
    story.fact("state", account["state"], "reactivated")
    story.fact("may the shop work?", access["access"], True)
    start = datetime.fromisoformat(account["term"]["start"])
    story.fact("the term is a month from now", account["term"]["end"], _json(months_after(start, 1, "UTC")))
    story.fact("charged in all", formatted(await story.charged(), "usd"), "200.00 USD")


async def _renewed(story: Story) -> None:
    story.chapter("A month on, the account renews by itself")
    before = await story.see()
    await story.forward(None)
    account = await story.see()
    story.fact("state", account["state"], "active")
    story.fact("the next term begins where the last ended", account["term"]["start"], before["term"]["end"])
    story.fact("charged in all", formatted(await story.charged(), "usd"), "325.00 USD")


async def _table(story: Story, console: Console) -> str:
    dump = await story.at_stripe()
    table = Table("Invoice", "Lines", "Total", "Status", "Charges that took money", title="\nWhat Stripe was charged")
    last = ""
    for invoice in dump["invoices"]:
        payments = [each for each in dump["invoice_payments"] if each["invoice"] == invoice["id"]]
        intents = {each["payment"]["payment_intent"] for each in payments}
        taken = [each for each in dump["charges"] if each["payment_intent"] in intents and each["paid"]]
        lines = ", ".join(f"{line['description']}" for line in invoice["lines"]["data"])
        total = formatted(invoice["total"], invoice["currency"])
        table.add_row(invoice["number"], lines, total, invoice["status"], str(len(taken)))
        last = invoice["hosted_invoice_url"]
    console.print(table)
    story.fact("invoices", sorted(each["status"] for each in dump["invoices"]), ["paid", "paid", "paid", "void"])
    story.fact("charges that took money", sum(each["paid"] for each in dump["charges"]), 3)
    return str(last)


def _json(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


async def tell(*, keep: bool) -> int:
    """Tell the story on a fresh system; return 0 if all was as the rules say, else 1.

    Args:
        keep: Leave everything running at the end, until SIGINT or SIGTERM.
    """
    console = Console()
    with tempfile.TemporaryDirectory(prefix="reprise-demo-") as directory:
        console.print("Starting Temporal, the Stripe sandbox, a worker and the API …", style="dim")
        async with running(Path(directory), Ports(0, 0, 0, 0), {"STRIPE_API_KEY": ""}) as system:
            client = await Client.connect(system.temporal, data_converter=pydantic_data_converter)
            clock = AccountClock(client, ACCOUNT, system.stripe)
            token = {"Authorization": f"Bearer {system.operator_token}"}
            async with httpx.AsyncClient(base_url=system.api, headers=token, timeout=30, trust_env=False) as api:
                story = Story(system, api, clock, console)
                await _first_month(story)
                await _cancelled(story)
                await _back(story, await _disabled(story))
                await _renewed(story)
                invoice = await _table(story, console)
            verdict = "All as the rules say." if not story.differences else f"{story.differences} facts differ."
            console.print(f"\n[bold]{verdict}[/bold]")
            if keep:
                await _stay(system, invoice, console)
    return 1 if story.differences else 0


async def _stay(system: System, invoice: str, console: Console) -> None:
    console.print(f"\nAPI          {system.api}/docs\nTemporal UI  {system.temporal_ui}\nInvoice      {invoice}")
    console.print(f"Operator token:\n{system.operator_token}\n\nCtrl-C ends everything.", soft_wrap=True)
    stop = asyncio.Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(each, stop.set)
    await stop.wait()
