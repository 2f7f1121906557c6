"""Stripe's side, as tests see it: the real sandbox in a process of its own, its faults, its clock and its dump."""

import asyncio
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from reprise.settings import StripeSettings
from tests.plain_http import NO_CERTIFICATES
from tests.waiting import until

Json = dict[str, Any]


class StripeSide:
    """A running sandbox."""

    def __init__(self, db: Path, port: int = 0) -> None:
        self.db = db
        self.process = subprocess.Popen(
            [sys.executable, "-m", "reprise.stripe_sandbox", "--port", str(port), "--db", str(db)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        said = re.search(r"http://127.0.0.1:(\d+)", self.process.stdout.readline())
        assert said is not None, "the sandbox says where it listens"
        self.url, self.port = said[0], int(said[1])
        self._http = httpx.Client(base_url=self.url, timeout=20, trust_env=False, verify=NO_CERTIFICATES)

    def settings(self, **changes: Any) -> StripeSettings:
        return StripeSettings(**{"STRIPE_API_KEY": "sk_test_reprise", "stripe_url": self.url, **changes})

    def post(self, path: str, body: Json) -> Json:
        answer = self._http.post(f"/_sandbox/{path}", json=body)
        answer.raise_for_status()
        return dict(answer.json())

    def fault(self, **what: Any) -> str:
        return str(self.post("faults", what)["id"])

    def hold(self, **what: Any) -> str:
        """Hold the next such request back before it is carried out; see `hit`, then `let_go`."""
        return self.fault(when="before", delay_seconds=30, **what)

    def let_go(self, fault: str) -> None:
        """End a fault: a request that it holds back goes on."""
        self._http.delete(f"/_sandbox/faults/{fault}").raise_for_status()

    def no_faults(self) -> None:
        self._http.delete("/_sandbox/faults").raise_for_status()

    def payment_method(self, test_id: str = "pm_card_visa", **behaviour: Any) -> str:
        """Return the id of a new payment method, to be attached once; what it does then is `behaviour`.

        Stripe attaches hardly any test card that declines. Real cards are attached, and go bad later: so do these, as
        with `decline_code="insufficient_funds"`, `advice_code="do_not_try_again"`, `authentication="always"`.
        """
        return str(self.post("payment_methods", {"test_id": test_id, **behaviour})["id"])

    def behave(self, document: str, **behaviour: Any) -> None:
        """Say how a payment method, or every one of a customer, behaves from now on; nothing: as it was made."""
        kind = "customers" if document.startswith("cus_") else "payment_methods"
        self.post(f"{kind}/{document}/behavior", behaviour)

    def settle(self, intent: str, outcome: str | None = None, failure: str | None = None) -> Json:
        """End a bank debit that is processing: as its test id says, or as said here."""
        return self.post(f"payment_intents/{intent}/settle", {"outcome": outcome, "failure": failure})

    def counts(self, **of: Any) -> Json:
        """Return how many requests there were, by endpoint, customer and key; `of`: customer, key, since."""
        return dict(self._http.get("/_sandbox/requests/counts", params=of).raise_for_status().json())

    async def hit(self, fault: str) -> None:
        """Wait until a fault has done what it does, a minute at the most."""
        await until(
            lambda: asyncio.to_thread(self._http.get, f"/_sandbox/faults/{fault}"),
            lambda it: it.json()["hits"],
            seconds=60,
        )

    def advance(self, seconds: int) -> None:
        self.post("clock", {"advance_seconds": seconds})

    def dump(self, *only: str, owners: list[str] | None = None, metadata: str | None = None) -> Json:
        """Return all that Stripe's side knows, or some of it: after a thousand tests all is much.

        `only` kinds; `owners`: the customers, invoices or charges that it belongs to; `metadata`: `"name:value"`.
        """
        asked = {
            "only": ",".join(only) or None,
            "owners": None if owners is None else ",".join(owners),
            "metadata": metadata,
        }
        said = {name: value for name, value in asked.items() if value is not None}
        return dict(self._http.get("/_sandbox/dump", params=said).raise_for_status().json())

    def customers(self, account_id: str) -> list[Json]:
        """Return the customers that are marked as an account's, oldest first."""
        return list(self.dump("customers", metadata=f"account_id:{account_id}")["customers"])

    def requests(self, since: int = 0) -> list[Json]:
        """Return the requests after the one of this number (`seq`), oldest first."""
        return list(self._http.get("/_sandbox/requests", params={"since": since}).raise_for_status().json())

    def latest_request(self) -> int:
        """Return the number (`seq`) of the latest request that Stripe has had from anybody."""
        return int(self.counts(since=2**53)["last"])

    def invoices(self, account_id: str) -> list[Json]:
        """Return an account's invoices, oldest first, each with the charges that took money for it."""
        ours: list[Json] = self.dump("invoices", metadata=f"account_id:{account_id}")["invoices"]
        payments = self.dump("invoice_payments", owners=[each["id"] for each in ours])["invoice_payments"]
        charges = self.dump("charges", owners=sorted({each["customer"] for each in ours}))["charges"]
        for invoice in ours:
            intents = {each["payment"]["payment_intent"] for each in payments if each["invoice"] == invoice["id"]}
            invoice["paid_charges"] = [each for each in charges if each["payment_intent"] in intents and each["paid"]]
        return ours

    def charged(self, account_id: str) -> list[int]:
        """Return what was taken from an account, charge by charge, oldest first."""
        return [charge["amount"] for each in self.invoices(account_id) for charge in each["paid_charges"]]

    def kill(self) -> None:
        """End the sandbox as a crash does."""
        self.process.kill()
        self.close()

    def close(self) -> None:
        self._http.close()
        self.process.terminate()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


def a_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StripeSide]:
    """Run a sandbox: the body of each fixture `stripe_process`, which says for how long one lives."""
    with closing(StripeSide(tmp_path_factory.mktemp("stripe") / "stripe.db")) as side:
        yield side
