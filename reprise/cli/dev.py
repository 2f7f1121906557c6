"""`reprise dev`: the whole system on this machine."""

from pathlib import Path
from typing import Annotated

import typer


def dev(
    data: Annotated[Path, typer.Option(help="Directory that keeps accounts, invoices, secrets and logs.")] = Path(
        ".reprise"
    ),
    api_port: Annotated[int, typer.Option(help="Port of the API; 0: any free one.", min=0, max=65535)] = 8000,
    temporal_port: Annotated[int, typer.Option(help="Port of Temporal; 0: any free one.", min=0, max=65535)] = 7233,
    ui_port: Annotated[int, typer.Option(help="Port of the Temporal UI; 0: any free one.", min=0, max=65535)] = 8233,
    stripe_port: Annotated[
        int, typer.Option(help="Port of the Stripe sandbox; 0: any free one.", min=0, max=65535)
    ] = 12111,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one line of JSON once everything answers, and nothing else.")
    ] = False,
) -> None:
    """Run Temporal with its UI, the Stripe sandbox, a worker and the API; Ctrl-C ends them all.

    With STRIPE_API_KEY set to a test key, real Stripe is used and no sandbox runs.
    """
    from reprise.local.dev import run
    from reprise.local.ports import Ports
    from reprise.local.signals import run_and_leave

    ports = Ports(api=api_port, temporal=temporal_port, ui=ui_port, stripe=stripe_port)
    run_and_leave(run(data, ports, as_json=as_json), when_signalled=0)
