"""`reprise dev`: the whole system on this machine."""

import asyncio
import json
import signal
from pathlib import Path
from typing import Annotated

import typer


def dev(
    data: Annotated[Path, typer.Option(help="Directory that keeps accounts, invoices, secrets and logs.")] = Path(
        ".reprise"
    ),
    api_port: Annotated[int, typer.Option(help="Port of the API; 0: any free one.")] = 8000,
    temporal_port: Annotated[int, typer.Option(help="Port of Temporal.")] = 7233,
    ui_port: Annotated[int, typer.Option(help="Port of the Temporal UI.")] = 8233,
    stripe_port: Annotated[int, typer.Option(help="Port of the Stripe sandbox.")] = 12111,
    as_json: Annotated[bool, typer.Option("--json", help="Print the addresses as one line of JSON.")] = False,
) -> None:
    """Run Temporal with its UI, the Stripe sandbox, a worker and the API; Ctrl-C ends them all.

    With STRIPE_API_KEY set, everything talks to real Stripe, and no sandbox runs.
    """
    from reprise.local.ports import Ports, PortTaken
    from reprise.local.processes import ProcessDied
    from reprise.local.system import AlreadyRunning, System, running

    def tell(system: System) -> None:
        if as_json:
            typer.echo(json.dumps(system.addresses()))
            return
        typer.echo(f"API          {system.api}  (its documentation: {system.api}/docs)")
        typer.echo(f"Temporal UI  {system.temporal_ui}")
        typer.echo(f"Stripe       {system.stripe}")
        typer.echo(f"Data         {data} (logs in {data / 'logs'})")
        typer.echo(f"\nOperator token (30 days):\n{system.operator_token}\n\nCtrl-C ends everything.")

    async def run() -> int:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for each in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(each, stop.set)
        starting = asyncio.create_task(stop.wait())
        ports = Ports(api=api_port, temporal=temporal_port, ui=ui_port, stripe=stripe_port)
        try:
            async with running(data.resolve(), ports) as system:
                tell(system)
                death = asyncio.create_task(system.until_a_child_dies())
                await asyncio.wait({starting, death}, return_when=asyncio.FIRST_COMPLETED)
                if not stop.is_set():
                    raise await death
                death.cancel()
        except (PortTaken, AlreadyRunning, ProcessDied) as error:
            typer.echo(str(error), err=True)
            return 1
        return 0

    raise typer.Exit(asyncio.run(run()))
