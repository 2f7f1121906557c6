"""What `reprise dev` does: run the system, say where it answers, and stay until something ends it."""

import json
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from reprise.local.ports import Ports
from reprise.local.system import System, running
from reprise.local.temporal_ui import LISTS, links
from reprise.local.terminal import printable


async def run(data: Path, ports: Ports, *, as_json: bool) -> int:
    """Run the system until cancelled.

    Args:
        data: The data directory.
        ports: Where the servers listen.
        as_json: Print one line of JSON on standard output once all answers, and nothing else there.

    Raises:
        LocalError: It could not start, or one of its processes died.
    """
    told = Console(stderr=True)
    async with running(data, ports, progress=lambda step: told.print(f"{step} …", style="dim")) as system:
        if as_json:
            print(json.dumps(described(system)), flush=True)
        else:
            show(system, data, Console())
        raise await system.first_death()


def described(system: System) -> dict[str, str]:
    """Return what programs need to use the system."""
    where = system.addresses
    return {
        "api": where.api,
        "temporal": where.temporal,
        "temporal_ui": where.temporal_ui,
        "stripe": where.stripe,
        "operator_token": system.token(),
    }


def show(system: System, data: Path, console: Console) -> None:
    """Say where everything is."""
    where = system.addresses
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_row("API", where.api, "reference at /docs")
    table.add_row("Temporal UI", where.temporal_ui, "every account, and what it waits for")
    table.add_row("Temporal", where.temporal, "gRPC")
    table.add_row(
        "Stripe", where.stripe, "the sandbox: no money moves" if where.has_sandbox else "real Stripe, test key"
    )
    table.add_row("Data", Text(printable(str(data))), "logs in logs/")
    console.print(table)
    console.print("\nAccounts in the Temporal UI, by what they wait for:")
    width = max(map(len, LISTS))
    for what, link in links(where.temporal_ui).items():
        console.print(f"  {what:{width}}  {link}", soft_wrap=True, highlight=False)  # a link is of one piece
    console.print(
        "\nA token for the API: `reprise token --operator`. A sign-in to an account's Profile & Billing:"
        " `reprise portal-link ACCOUNT`. Ctrl-C ends everything.",
        highlight=False,
    )
