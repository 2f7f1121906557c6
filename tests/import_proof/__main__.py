"""`make importproof`: 2,000 accounts are imported, killed halfway, imported again, and each is looked at.

The embedded system and the command line, as processes. The import is killed with SIGKILL when half of the accounts are
there; run again, it must bring in the others and no account twice, each with its own anchor; run a third time, it must
find nothing new. Exits with 1 if not, or if the two runs together took longer than three minutes.
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reprise.client import AccountNotFound, AsyncClient
from reprise.local.system import System, running
from tests.import_proof.accounts import rows, start_import, write, written
from tests.plain_http import plain_client

LIMIT = 180.0
"""Seconds in which all accounts must be in, over both runs."""


class Proof:
    """One proof, on one embedded system."""

    def __init__(self, system: System, file: Path, count: int) -> None:
        """Take where it happens, and what is imported."""
        self._system, self._file, self._count = system, file, count
        self._faults: list[str] = []

    async def _run(self) -> tuple[Mapping[str, Any], float]:
        began = time.monotonic()
        process = start_import(self._system, self._file)
        said, _ = await asyncio.to_thread(process.communicate)
        if process.returncode:
            self._faults.append(f"an import ended with {process.returncode}")
        return json.loads(said), time.monotonic() - began

    async def _killed(self, client: AsyncClient, halfway: str) -> float:
        """Kill an import with SIGKILL once an account is there; return how long it ran."""
        began = time.monotonic()
        process = start_import(self._system, self._file)
        while process.poll() is None and not await self._is_there(client, halfway):  # noqa: ASYNC110
            await asyncio.sleep(0.5)
        if process.poll() is not None:
            self._faults.append("the import was over before it was killed")
        process.kill()
        await asyncio.to_thread(process.communicate)
        return time.monotonic() - began

    async def _is_there(self, client: AsyncClient, account_id: str) -> bool:
        try:
            await client.get_access(account_id)
        except AccountNotFound:
            return False
        return True

    async def _there(self, client: AsyncClient) -> int:
        return len([each async for each in client.iter_accounts(limit=100)])

    async def prove(self, expected: list[dict[str, Any]]) -> int:
        """Import, kill, import again, look at everything; return the exit code."""
        token = self._system.token()
        async with AsyncClient(self._system.addresses.api, token) as client:
            first = await self._killed(client, expected[self._count // 2]["account_id"])
            there = await self._there(client)
            second, rest = await self._run()
            third, again = await self._run()
            await self._look(client, expected)
        total = first + rest
        if second["opened"] + second["already_there"] != self._count:
            self._faults.append(f"the second run says {second}")
        if (third["opened"], third["already_there"]) != (0, self._count):
            self._faults.append(f"the third run says {third}")
        if total > LIMIT:
            self._faults.append(f"it took {total:.0f} s, longer than {LIMIT:.0f} s")
        print(
            f"killed after {first:.0f} s with about {there} accounts; the rest in {rest:.0f} s; once more {again:.0f} s"
        )
        for each in self._faults[:20]:
            print(f"WRONG: {each}")
        result = "each once, with its anchor" if not self._faults else f"{len(self._faults)} faults"
        print(f"{self._count} accounts imported in {total:.0f} s ({self._count / total:.0f} a second): {result}")
        return 1 if self._faults else 0

    async def _look(self, client: AsyncClient, expected: list[dict[str, Any]]) -> None:
        turn = asyncio.Semaphore(16)

        async def look(row: dict[str, Any]) -> None:
            async with turn:
                account = await client.get_account(row["account_id"])
            seen = {
                "anchor": account.anchor and written(account.anchor),
                "paid_through": account.term and written(account.term.end),
                "carts": account.carts,
                "cancelled": account.state == "cancelled",
            }
            wrong = [name for name, value in seen.items() if value != row[name]]
            if wrong or account.sequence != (2 if row["cancelled"] else 1):
                self._faults.append(f"{row['account_id']}: {', '.join(wrong)} {account.sequence} entries")

        await asyncio.gather(*(look(each) for each in expected))
        async with plain_client(base_url=self._system.addresses.stripe, timeout=60) as http:
            dump = (await http.get("/_sandbox/dump", params={"only": "customers,invoices"})).json()
        customers = Counter(each["metadata"].get("account_id") for each in dump["customers"])
        self._faults += [f"{name} has {number} customers" for name, number in customers.items() if number != 1]
        if len(customers) != self._count or dump["invoices"]:
            self._faults.append(f"Stripe has {len(customers)} customers and {len(dump['invoices'])} invoices")


async def prove(count: int) -> int:
    """Import `count` accounts into a new embedded system; return the exit code."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("STRIPE")}
    expected = list(rows(count))
    with tempfile.TemporaryDirectory(prefix="reprise-import-") as directory:
        file = Path(directory) / "accounts.csv"
        write(file, expected)
        async with running(Path(directory) / "data", environment=own) as system:
            return await Proof(system, file, count).prove(expected)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=2000)
    code = asyncio.run(prove(parser.parse_args().rows))
    sys.stdout.flush()
    os._exit(code)
