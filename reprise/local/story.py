"""Telling a story of one account: what is done, what is observed, and whether the rules say the same."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from reprise.local.clock import AccountClock
from reprise.local.terminal import printable
from reprise.statemachine.money import formatted

Json = dict[str, Any]

OUT_OF_REACH = 503
"""What the API answers while a part of the system is busy: to be sent again, with the same key."""

TRIES = 5


@dataclass(frozen=True)
class Invoice:
    """One invoice as Stripe's side has it. Amounts in minor units."""

    number: str
    lines: str
    period: str
    total: int
    status: str
    charges: int
    page: str


class Story:
    """Does things to an account and says what came of it, each fact read back and held against the rules."""

    def __init__(
        self, account_id: str, api: httpx.AsyncClient, stripe: httpx.AsyncClient, clock: AccountClock, console: Console
    ) -> None:
        """Take the account, clients of the API and of the Stripe sandbox, its clock, and where to tell."""
        self.account_id = account_id
        self.differences = 0
        self._facts = 0
        self._api = api
        self._stripe = stripe
        self._clock = clock
        self._console = console

    # ------------------------------------------------------------------ telling

    def chapter(self, title: str) -> None:
        """Begin a part of the story."""
        self._console.print(f"\n[bold]{escape(title)}[/bold]")

    def fact(self, what: str, observed: object, expected: object) -> None:
        """Tell one observed fact, and hold it against what the rules say."""
        self._facts += 1
        if observed == expected:
            told = f"{escape(what)}: [bold]{escape(printable(_spoken(observed)))}[/bold]"
            self._console.print(f"  [green]✓[/green] {told}")
        else:
            self.differences += 1
            told = f"{what}: {_spoken(observed)}, but the rules say {_spoken(expected)}"
            self._console.print(f"  [red]✗ {escape(printable(told))}[/red]")

    def sums(self, what: str, observed: list[int], expected: list[int]) -> None:
        """Tell amounts, which are in minor units, as people write them."""
        self.fact(what, [_money(each) for each in observed], [_money(each) for each in expected])

    def sum_up(self) -> None:
        """Say how many facts were as the rules say."""
        if self.differences:
            self._console.print(
                f"\n[bold red]{self.differences} of {self._facts} facts differ from the rules.[/bold red]"
            )
        else:
            self._console.print(f"\n[bold green]All {self._facts} facts are as the rules say.[/bold green]")

    def show(self, invoices: list[Invoice]) -> None:
        """Show invoices as a table."""
        table = Table("Invoice", "Lines", "Period", "Amount", "Status", "Charges")
        for each in invoices:
            row = (each.number, each.lines, each.period, _money(each.total), each.status, str(each.charges))
            table.add_row(*(Text(printable(cell)) for cell in row))
        self._console.print(table)

    # ------------------------------------------------------------------ doing and looking

    async def ask(self, method: str, path: str, body: Json | None = None) -> tuple[int, Json]:
        """Send a request to the API; return its status and answer."""
        headers = {} if method == "GET" else {"Idempotency-Key": str(uuid.uuid4())}
        for _ in range(TRIES):
            answer = await self._api.request(method, path, json=body, headers=headers)
            if answer.status_code != OUT_OF_REACH:
                break
        return answer.status_code, answer.json()

    async def do(self, method: str, path: str, body: Json | None = None) -> tuple[int, Json]:
        """Send the account a command; return status and answer."""
        return await self.ask(method, f"/v1/accounts/{self.account_id}{path}", body)

    async def see(self, path: str = "") -> Json:
        """Read something of the account from the API."""
        return (await self.ask("GET", f"/v1/accounts/{self.account_id}{path}"))[1]

    async def forward(self, to: datetime | None) -> None:
        """Move the account's clock, and tell what the account did meanwhile."""
        async for stop in self._clock.move(to):
            self._console.print(f"  … the account's clock stands at {stop.now:%Y-%m-%d %H:%M:%S} UTC", style="dim")
            for entry in stop.happened:
                told = f"    {entry.type}: {entry.from_state} → {entry.to_state}"
                self._console.print(Text(printable(told)), style="dim")

    # ------------------------------------------------------------------ Stripe's side

    async def charged(self) -> list[int]:
        """Return the amounts that Stripe has taken, oldest first."""
        charges = (await self._dump())["charges"]
        taken = [each for each in charges if each["status"] == "succeeded" and each["captured"]]
        return [each["amount"] for each in sorted(taken, key=lambda each: each["created"])]

    async def invoices(self) -> list[Invoice]:
        """Return the invoices, oldest first, with how many charges moved money for each."""
        dump = await self._dump()
        return [_invoice(each, dump) for each in sorted(dump["invoices"], key=lambda each: each["created"])]

    async def _dump(self) -> Json:
        dump: Json = (await self._stripe.get("/_sandbox/dump")).raise_for_status().json()
        return dump


def _invoice(invoice: Json, dump: Json) -> Invoice:
    payments = [each for each in dump["invoice_payments"] if each["invoice"] == invoice["id"]]
    intents = {each["payment"]["payment_intent"] for each in payments}
    taken = [each for each in dump["charges"] if each["payment_intent"] in intents and each["status"] == "succeeded"]
    lines = invoice["lines"]["data"]
    return Invoice(
        number=invoice["number"] or "–",
        lines=", ".join(line["description"] for line in lines),
        period=" ".join(f"{_day(line['period']['start'])} – {_day(line['period']['end'])}" for line in lines),
        total=invoice["total"],
        status=invoice["status"],
        charges=len(taken),
        page=invoice["hosted_invoice_url"] or "",
    )


def _money(amount: int) -> str:
    """Return an amount of the story's currency as people write it."""
    return formatted(amount, "usd")


def _spoken(fact: object) -> str:
    if isinstance(fact, bool):
        return "yes" if fact else "no"
    if isinstance(fact, list):
        return ", ".join(_spoken(each) for each in fact) or "nothing"
    return str(fact)


def _day(unix: int) -> str:
    return f"{datetime.fromtimestamp(unix, UTC):%Y-%m-%d}"
