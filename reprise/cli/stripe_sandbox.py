"""`reprise stripe-sandbox`: the Stripe peer for development and tests."""

from pathlib import Path
from typing import Annotated

import typer


def stripe_sandbox(
    port: Annotated[int, typer.Option(help="Port to listen on; 0: any free one.")] = 12111,
    db: Annotated[Path, typer.Option(help="SQLite file that keeps the sandbox's state.")] = Path("stripe.db"),
    host: Annotated[str, typer.Option(help="Address to listen on; a loopback address.")] = "127.0.0.1",
) -> None:
    """Run the Stripe sandbox: a real HTTP peer, no money moves."""
    from reprise.serving import PortTaken, listen, serve
    from reprise.stripe_sandbox.app import create_app

    if not host.startswith("127.") and host not in {"localhost", "::1"}:
        typer.echo(f"The sandbox listens on loopback addresses only, not on {host}.", err=True)
        raise typer.Exit(1)
    try:
        listener = listen(host, port)
    except PortTaken as taken:
        typer.echo(f"{taken} Choose another with --port, or 0 for any free one.", err=True)
        raise typer.Exit(1) from taken
    typer.echo(f"Stripe sandbox at http://{host}:{listener.getsockname()[1]}")
    serve(create_app(db), listener)
