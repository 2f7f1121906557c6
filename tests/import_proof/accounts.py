"""Accounts that lived elsewhere: anchors on each day and hour, paid for so long that nothing renews while one looks."""

import csv
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from reprise.local.system import System
from reprise.statemachine.terms import months_after
from reprise.transfer.rows import COLUMNS, csv_line

PAID_IN = 2097
"""Until a month of which year the accounts are paid."""


def rows(count: int) -> Iterator[dict[str, Any]]:
    """Yield so many accounts, as a file of an import has them; a tenth of them is cancelled."""
    for number in range(count):
        anchor = datetime(PAID_IN, 1, number % 31 + 1, number % 24, number % 60, tzinfo=UTC)
        yield {
            "account_id": f"shop-{number:05}",
            "email": f"shop-{number:05}@example.com",
            "carts": number % 40,
            "plan": {"currency": "usd", "unit_amount": 2500},
            "paid_through": written(months_after(anchor, number % 3 + 1, "UTC")),
            "anchor": written(anchor),
            "opened_at": "2019-01-31T10:00:00Z",
            "cancelled": number % 10 == 0,
        }


def written(moment: datetime) -> str:
    """Return an instant as it goes over HTTP."""
    return moment.isoformat().replace("+00:00", "Z")


def write(file: Path, accounts: Iterable[Mapping[str, Any]]) -> None:
    """Write accounts into a file that `reprise accounts import` reads."""
    with file.open("w", newline="") as opened:
        csv.writer(opened).writerows([list(COLUMNS), *(csv_line(each) for each in accounts)])


def start_import(system: System, file: Path) -> "subprocess.Popen[str]":
    """Start an import of a file into a running system; its standard output is one JSON document."""
    environment = {**os.environ, "REPRISE_URL": system.addresses.api, "REPRISE_TOKEN": system.token()}
    command = [sys.executable, "-m", "reprise", "accounts", "import", str(file), "--json"]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
