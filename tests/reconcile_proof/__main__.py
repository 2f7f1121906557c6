"""`make reconcileproof`: 10,000 accounts are held against Stripe, interrupted halfway, and what differs is found.

The embedded system as processes. Differences are planted at Stripe's side; when half of the accounts have been looked
at, the worker is killed with SIGKILL and everything is stopped. Started again, the same reconciliation must go on from
there, look at each account once, find what was planted and nothing else, and ask Stripe no faster than the settings
allow. Exits with 1 if not.
"""

import argparse
import asyncio
import logging
import os
import signal
import sys
import tempfile
import time
from collections import deque
from pathlib import Path

import stripe
import structlog

from reprise.client import AsyncClient, FindingKind, ReconciliationReport
from reprise.local.servers import SANDBOX_KEY
from reprise.local.system import System, running
from reprise.reconciliation.activities import ACCOUNTS_PER_PAGE
from reprise.settings import StripeSettings, WorkerSettings
from reprise.stripe_api.client import metadata_of, stripe_client
from tests.import_proof.accounts import rows, start_import, write
from tests.plain_http import plain_client

PLANTED = 10
"""How many differences of each kind are planted, evenly among the accounts."""

WINDOW = 10.0
"""Over how many seconds requests to Stripe are counted, at the least."""

RATE = WorkerSettings.model_fields["reconcile_requests_per_second"].default
"""How many requests a second a reconciliation may send, unless the settings say otherwise."""

Difference = tuple[FindingKind, str | None, str]


class Requests:
    """Counts what Stripe is asked while a reconciliation runs."""

    def __init__(self, address: str, since: int) -> None:
        """Count what comes after the request of this number."""
        self._address, self._last = address, since
        self._seen = deque([(time.monotonic(), 0)])
        self.total = 0
        self.fastest = 0.0
        """Most requests a second, over a window."""

    @classmethod
    async def from_now(cls, address: str) -> "Requests":
        """Count what comes from now on."""
        return cls(address, await cls(address, 0)._count())

    async def count(self) -> None:
        """Take what came since the last time."""
        self._last = await self._count()
        now = time.monotonic()
        self._seen.append((now, self.total))
        while len(self._seen) > 1 and now - self._seen[1][0] >= WINDOW:
            self._seen.popleft()
        began, before = self._seen[0]
        if now - began >= WINDOW:
            self.fastest = max(self.fastest, (self.total - before) / (now - began))

    async def _count(self) -> int:
        async with plain_client(base_url=self._address, timeout=60) as http:
            said = (await http.get("/_sandbox/requests/counts", params={"since": self._last})).json()
        self.total += said["total"]
        return int(said["last"])


async def _import(system: System, file: Path) -> None:
    process = start_import(system, file)
    await asyncio.to_thread(process.communicate)
    if process.returncode:
        raise SystemExit("the accounts could not be imported")


async def _plant(system: System, count: int) -> set[Difference]:
    """Leave open invoices that no account waits for, and customers who bear an account's marks a second time."""
    settings = StripeSettings(STRIPE_API_KEY=SANDBOX_KEY, stripe_url=system.addresses.stripe)
    planted: set[Difference] = set()
    async with stripe_client(settings) as client:
        listed = await client.v1.customers.list_async({"limit": 100})
        at_stripe = {metadata_of(each)["account_id"]: each async for each in listed.auto_paging_iter()}
        for number in range(PLANTED):
            account_id = f"shop-{number * (count - 1) // (PLANTED - 1):05}"
            customer = at_stripe[account_id]
            planted.add((FindingKind.OPEN_INVOICE, account_id, await _open_invoice(client, account_id, customer)))
            second = await client.v1.customers.create_async(
                {"email": "twice@example.com", "metadata": metadata_of(customer)}
            )
            planted.add((FindingKind.DUPLICATE_CUSTOMER, account_id, second.id))
    return planted


async def _open_invoice(client: stripe.StripeClient, account_id: str, customer: stripe.Customer) -> str:
    marks = {**metadata_of(customer), "payment_key": f"{account_id}:1"}
    invoices = client.v1.invoices
    made = await invoices.create_async(
        {"customer": customer.id, "currency": "usd", "auto_advance": False, "metadata": marks}
    )
    await client.v1.invoice_items.create_async(
        {"customer": customer.id, "invoice": made.id, "amount": 7500, "currency": "usd"}
    )
    await invoices.finalize_invoice_async(made.id, {"auto_advance": False})
    return made.id


async def _look(system: System, reconciliation: str, requests: Requests, until: int) -> ReconciliationReport:
    """Wait until so many accounts have been looked at, or the reconciliation has ended; return its report."""
    async with AsyncClient(system.addresses.api, system.token()) as client:
        while True:
            await requests.count()
            found = await client.get_reconciliation(reconciliation)
            if found.status == "failed":
                raise SystemExit("the reconciliation has failed")
            if found.report and (found.status != "running" or found.report.accounts >= until):
                return found.report
            await asyncio.sleep(1)


async def prove(count: int, rate: float) -> int:
    """Hold `count` accounts against Stripe, with at most `rate` requests a second; return the exit code."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("STRIPE")}
    own["REPRISE_RECONCILE_REQUESTS_PER_SECOND"] = str(rate)
    with tempfile.TemporaryDirectory(prefix="reprise-reconcile-") as directory:
        data, file = Path(directory) / "data", Path(directory) / "accounts.csv"
        write(file, rows(count))
        async with running(data, environment=own) as system:
            began = time.monotonic()
            await _import(system, file)
            print(f"{count} accounts imported in {time.monotonic() - began:.0f} s", flush=True)
            planted = await _plant(system, count)
            before = await Requests.from_now(system.addresses.stripe)
            async with AsyncClient(system.addresses.api, system.token()) as client:
                begun = await client.begin_reconciliation(days=7)
            began = time.monotonic()
            halfway = await _look(system, begun.id, before, count // 2)
            (worker,) = (child for child in system.children if child.name == "the worker")
            os.kill(worker.pid, signal.SIGKILL)
            await worker.exited()
            await before.count()
            looked_for = time.monotonic() - began
        print(f"killed after {looked_for:.0f} s, with {halfway.accounts} accounts looked at", flush=True)
        async with running(data, environment=own) as system:
            began = time.monotonic()
            after = await Requests.from_now(system.addresses.stripe)
            report = await _look(system, begun.id, after, sys.maxsize)
            rest = time.monotonic() - began
    return _verdict(count, rate, report, planted, (before, after), halfway.accounts, looked_for + rest)


def _verdict(
    count: int,
    rate: float,
    report: ReconciliationReport,
    planted: set[Difference],
    requests: tuple[Requests, Requests],
    halfway: int,
    seconds: float,
) -> int:
    found = {(each.kind, each.account_id, each.subject) for each in report.findings}
    asked, fastest = sum(each.total for each in requests), max(each.fastest for each in requests)
    # Two for each account that has no invoice yet, and again where something differs; one page is looked at twice.
    most = 2 * (count + ACCOUNTS_PER_PAGE + 2 * PLANTED) + report.objects // 10 + 20
    faults = [
        *(f"not found: {each}" for each in planted - found),
        *(f"found, and not planted: {each}" for each in found - planted),
        *([f"{report.accounts} accounts were looked at"] if report.accounts != count else ()),
        *([f"it was killed after all of it: {halfway}"] if halfway >= count else ()),
        *([f"{fastest:.1f} requests a second, more than {rate:g}"] if fastest > rate * 1.05 else ()),
        *([f"{asked} requests, more than {most}"] if asked > most else ()),
    ]
    for each in faults[:20]:
        print(f"WRONG: {each}")
    print(
        f"{report.accounts} accounts and {report.objects} objects held against Stripe in {seconds:.0f} s, "
        f"killed once: {len(found & planted)} of {len(planted)} differences found, {len(found - planted)} others; "
        f"{asked} requests, at most {fastest:.1f} a second"
    )
    return 1 if faults else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--rate", type=float, default=RATE, help=f"requests to Stripe in a second (default: {RATE:g})")
    asked = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    code = asyncio.run(prove(asked.rows, asked.rate))
    sys.stdout.flush()
    os._exit(code)
