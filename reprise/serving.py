"""Serving an ASGI application on one socket: what the API and the Stripe sandbox share."""

import signal
import socket
from typing import Any

import uvicorn


class PortTaken(Exception):  # noqa: N818 - the name says what happened
    """The address cannot be listened on; the message says which and why."""


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens on `host` and `port`; port 0 is any free one.

    Raises:
        PortTaken: Something else listens there, or it is not ours to use.
    """
    try:
        listener = socket.create_server((host, port))
    except OSError as error:
        raise PortTaken(f"Port {port} on {host} cannot be used ({error.strerror}).") from error
    # asyncio does this only for sockets made with IPPROTO_TCP; without it each answer waits 40 ms for an ACK.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def serve(app: Any, listener: socket.socket) -> None:
    """Serve `app` until SIGTERM or SIGINT; requests under way are finished first."""
    # uvicorn raises the signal again once it has shut down; to have been asked to stop is no failure.
    signal.signal(signal.SIGTERM, lambda *_: None)
    signal.signal(signal.SIGINT, lambda *_: None)
    config = uvicorn.Config(app, log_level="error", access_log=False, timeout_graceful_shutdown=15)
    uvicorn.Server(config).run(sockets=[listener])
