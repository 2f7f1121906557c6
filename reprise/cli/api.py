"""`reprise api`: the HTTP API."""

import sys
from typing import Annotated, NoReturn

import typer


def api(
    port: Annotated[int, typer.Option(help="Port to listen on; 0: any free one.", min=0, max=65535)] = 8000,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
) -> None:
    """Run the HTTP API, configured by Temporal's environment configuration and REPRISE_*."""
    import gc

    gc.disable()  # all that is loaded now lasts: looking through it again and again is a fifth of the start
    import structlog
    from pydantic import ValidationError

    from reprise.logs import configure_logs

    configure_logs()

    from reprise.serving import PortTaken, listen, serve
    from reprise.settings import ApiSettings, complaint
    from reprise.web import create_app

    try:
        settings = ApiSettings()
        app = create_app(settings)
        listener = listen(host, port)
    except ValidationError as error:
        _leave(complaint(error), error)
    except ValueError as error:
        _leave(f"The API cannot start: {error}.", error)
    except PortTaken as error:
        _leave(f"{error} Choose another with --port, or 0 for any free one.", error)
    url = f"http://{host}:{listener.getsockname()[1]}"
    if sys.stdout.isatty():
        typer.echo(f"Reprise API at {url}")
    structlog.get_logger().info("api ready", url=url)
    gc.freeze()
    gc.enable()
    serve(app, listener, settings.trusted_proxies)


def _leave(why: str, error: Exception) -> NoReturn:
    """End, and say why: to a person in a sentence, to a log in a line like all others."""
    import structlog

    if sys.stderr.isatty():
        typer.echo(why, err=True)
    else:
        structlog.get_logger().error("api not started", why=why)
    raise typer.Exit(1) from error
