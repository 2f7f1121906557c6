"""`reprise stripe-sandbox`: the Stripe peer for development and tests."""

from pathlib import Path
from typing import Annotated

import typer


def stripe_sandbox(
    port: Annotated[int, typer.Option(help="Port to listen on; 0: any free one.", min=0, max=65535)] = 12111,
    db: Annotated[Path, typer.Option(help="SQLite file that keeps the sandbox's state.")] = Path("stripe.db"),
    host: Annotated[str, typer.Option(help="Address to listen on; a loopback address.")] = "127.0.0.1",
    allow_host: Annotated[
        list[str] | None,
        typer.Option(help="A further name that requests may reach it by (`Host`); can be repeated."),
    ] = None,
) -> None:
    """Run the Stripe sandbox: a real HTTP peer, no money moves."""
    import ipaddress

    from reprise.logs import configure_logs
    from reprise.serving import PortTaken, listen, serve
    from reprise.stripe_sandbox.app import create_app
    from reprise.stripe_sandbox.store import StoreSpoilt

    try:
        is_loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_loopback = False
    if not is_loopback:
        typer.echo(f"The sandbox listens on loopback addresses only, not on {host}.", err=True)
        raise typer.Exit(1)
    configure_logs()
    reached_by = f"[{host}]" if ":" in host else host
    try:
        app = create_app(db, [reached_by, *(allow_host or [])])
        listener = listen(host, port)
    except StoreSpoilt as spoilt:
        typer.echo(str(spoilt), err=True)
        raise typer.Exit(1) from spoilt
    except PortTaken as taken:
        typer.echo(f"{taken} Choose another with --port, or 0 for any free one.", err=True)
        raise typer.Exit(1) from taken
    typer.echo(f"Stripe sandbox at http://{reached_by}:{listener.getsockname()[1]}")
    serve(app, listener)
