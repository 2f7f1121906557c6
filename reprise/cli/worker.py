"""`reprise worker`: the same as `python -m reprise.worker`."""

import typer


def worker() -> None:
    """Run a worker until SIGTERM, configured by Temporal's environment configuration and REPRISE_*."""
    from reprise.worker import main

    raise typer.Exit(main())
