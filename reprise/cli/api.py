"""`reprise api`: the HTTP API."""

from typing import Annotated

import typer


def api(
    port: Annotated[int, typer.Option(help="Port to listen on; 0: any free one.")] = 8000,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
) -> None:
    """Run the HTTP API, configured by Temporal's environment configuration and REPRISE_*."""
    from pydantic import ValidationError

    from reprise.api.app import create_app
    from reprise.logs import configure_logs
    from reprise.serving import PortTaken, listen, serve
    from reprise.settings import ApiSettings, complaint

    configure_logs()
    try:
        settings = ApiSettings()
        app = create_app(settings)
        listener = listen(host, port)
    except ValidationError as error:
        typer.echo(complaint(error), err=True)
        raise typer.Exit(1) from error
    except ValueError as error:
        typer.echo(f"The API cannot start: {error}.", err=True)
        raise typer.Exit(1) from error
    except PortTaken as error:
        typer.echo(f"{error} Choose another with --port, or 0 for any free one.", err=True)
        raise typer.Exit(1) from error
    typer.echo(f"Reprise API at http://{host}:{listener.getsockname()[1]}")
    serve(app, listener, settings.trusted_proxies)
