"""The demo: an account's life as it happens. Each line is read back from the API or from Stripe's side, and checked."""

import asyncio
import os
import tempfile
from datetime import datetime, timedelta
from pathlib import Path

import httpx
from rich.console import Console

from reprise.local.clock import AccountClock
from reprise.local.story import Story
from reprise.local.system import System, running
from reprise.local.terminal import printable
from reprise.statemachine.terms import months_after
from reprise.temporal.connection import connect

ACCOUNT = "demo-shop"

OPENED_WITH = {
    "email": "owner@example.com",
    "carts": 3,
    "plan": {"currency": "usd", "unit_amount": 2500},
    "payment_method": "pm_card_visa",
}

AWAY = timedelta(weeks=6)
"""How long after the term's end the owner comes back: the paid term is over, so an upfront payment is due."""


async def _opens(story: Story) -> None:
    story.chapter("The owner of a shop opens an account: 3 carts at 25.00 USD a month, a good card")
    status, _ = await story.ask("POST", "/v1/accounts", {"account_id": story.account_id, **OPENED_WITH})
    story.fact("the API answers", status, 201)
    account = await story.see()
    story.fact("state", account["state"], "active")
    story.sums("the first month is charged at Stripe", await story.charged(), [7500])
    story.fact("the term ends a month on", account["term"]["end"], _month_after(account["anchor"]))


async def _cancels(story: Story) -> None:
    story.chapter("The owner cancels: service goes on to the end of what is paid")
    status, _ = await story.do("POST", "/cancel")
    story.fact("the API answers", status, 200)
    account, access = await story.see(), await story.see("/access")
    story.fact("state", account["state"], "cancelled")
    story.fact("renews", account["renews"], expected=False)
    story.fact("may the shop work?", access["access"], expected=True)
    story.fact("until", access["until"], account["term"]["end"])


async def _is_disabled(story: Story) -> None:
    story.chapter("The term ends: a durable timer takes the account out of service")
    await story.forward(None)
    account, access = await story.see(), await story.see("/access")
    story.fact("state", account["state"], "disabled")
    story.fact("because", account["disabled_reason"], "cancelled")
    story.fact("may the shop work?", access["access"], expected=False)
    story.sums("charged at Stripe so far", await story.charged(), [7500])


async def _asks_what_it_costs(story: Story) -> int:
    story.chapter("Six weeks later the owner is back, with 5 carts, and asks what coming back costs")
    account = await story.see()
    await story.forward(datetime.fromisoformat(account["term"]["end"]) + AWAY)
    await story.do("PUT", "/carts", {"carts": 5})
    quote = await story.see("/reactivation-quote")
    story.sums("upfront payment", [quote["amount_due"]], [12500])
    story.fact("for carts", quote["carts"], 5)
    story.sums("each", [quote["unit_amount"]], [2500])
    story.fact("for the month to", quote["term"]["end"], _month_after(quote["term"]["start"]))
    story.sums("charged at Stripe so far", await story.charged(), [7500])
    return int(quote["amount_due"])


async def _is_declined(story: Story, quoted: int) -> None:
    story.chapter("The owner reactivates with a card that the bank declines")
    await story.do("PUT", "/payment-method", {"payment_method": "pm_card_chargeCustomerFail"})
    status, problem = await story.do("POST", "/reactivate", {"expected_amount": quoted})
    story.fact("the API answers", status, 402)
    story.fact("with the code", problem.get("code"), "payment_declined")
    story.fact("the bank's reason", problem.get("decline_code"), "generic_decline")
    story.fact("state", (await story.see())["state"], "disabled")
    story.fact("may the shop work?", (await story.see("/access"))["access"], expected=False)
    story.sums("charged at Stripe so far", await story.charged(), [7500])


async def _comes_back(story: Story, quoted: int) -> None:
    story.chapter("The owner gives a good card, and presses Reactivate twice")
    await story.do("PUT", "/payment-method", {"payment_method": "pm_card_visa"})
    answers = await asyncio.gather(*(story.do("POST", "/reactivate", {"expected_amount": quoted}) for _ in range(2)))
    story.fact("the API answers both", [status for status, _ in answers], [200, 200])
    account, access = await story.see(), await story.see("/access")
    story.fact("state", account["state"], "reactivated")
    story.fact("may the shop work?", access["access"], expected=True)
    story.sums("charged at Stripe, once", await story.charged(), [7500, 12500])
    story.fact("the new term is a month", account["term"]["end"], _month_after(account["term"]["start"]))
    story.fact("and the account's anchor", account["anchor"], account["term"]["start"])


async def _renews(story: Story) -> None:
    story.chapter("A month on, the account renews by itself")
    before = await story.see()
    await story.forward(None)
    account = await story.see()
    story.fact("state", account["state"], "active")
    story.fact("the next term begins where the last ended", account["term"]["start"], before["term"]["end"])
    story.sums("charged at Stripe", await story.charged(), [7500, 12500, 12500])


async def _is_billed_right(story: Story) -> str:
    """Show what Stripe was charged, hold it against the rules, and return the page of the last invoice."""
    story.chapter("What Stripe was charged")
    invoices = await story.invoices()
    story.show(invoices)
    story.sums("invoices paid", [each.total for each in invoices if each.status == "paid"], [7500, 12500, 12500])
    story.sums(
        "invoices void, of the declined try", [each.total for each in invoices if each.status == "void"], [12500]
    )
    story.fact("charges that moved money, for each", [each.charges for each in invoices], [1, 0, 1, 1])
    return invoices[-1].page


def _month_after(instant: str) -> str:
    return f"{months_after(datetime.fromisoformat(instant), 1, 'UTC'):%Y-%m-%dT%H:%M:%SZ}"


async def tell(*, keep: bool) -> int:
    """Tell the story on a fresh system; return 0 if all was as the rules say, else 1.

    Args:
        keep: Leave everything running at the end, until cancelled.

    Raises:
        LocalError: The system could not start, or a part of it died.
    """
    console = Console(highlight=False)
    environment = {name: value for name, value in os.environ.items() if "STRIPE" not in name}
    with tempfile.TemporaryDirectory(prefix="reprise-demo-") as directory:
        console.print("Starting Temporal, the Stripe sandbox, a worker and the API …", style="dim")
        async with running(Path(directory), environment=environment) as system:
            told = asyncio.create_task(_tell(system, console))
            dead = asyncio.create_task(system.first_death())
            try:
                await asyncio.wait({told, dead}, return_when=asyncio.FIRST_COMPLETED)
                if not told.done():
                    raise dead.result()
                differences, invoice_page = told.result()
                if keep:
                    _show_addresses(system, invoice_page, console)
                    raise await dead
            finally:
                told.cancel()
                dead.cancel()
    return 1 if differences else 0


async def _tell(system: System, console: Console) -> tuple[int, str]:
    where = system.addresses
    client = await connect(where.temporal)
    token = {"Authorization": f"Bearer {system.token()}"}
    async with (
        httpx.AsyncClient(base_url=where.api, headers=token, timeout=30, trust_env=False) as api,
        httpx.AsyncClient(base_url=where.stripe, trust_env=False) as stripe,
    ):
        story = Story(ACCOUNT, api, stripe, AccountClock(client, ACCOUNT, where.stripe), console)
        await _opens(story)
        await _cancels(story)
        await _is_disabled(story)
        quoted = await _asks_what_it_costs(story)
        await _is_declined(story, quoted)
        await _comes_back(story, quoted)
        await _renews(story)
        page = await _is_billed_right(story)
    story.sum_up()
    return story.differences, page


def _show_addresses(system: System, invoice_page: str, console: Console) -> None:
    console.print("\nEverything is left running, until Ctrl-C:")
    for what, where in (
        ("API", f"{system.addresses.api}/docs"),
        ("Temporal UI", f"{system.addresses.temporal_ui}/namespaces/default/workflows/account-{ACCOUNT}"),
        ("Invoice", invoice_page),
        ("Token", system.token()),
    ):
        console.print(f"  {what:<12} {printable(where)}", soft_wrap=True, markup=False)
