"""Serving an ASGI application on one socket: what the API and the Stripe sandbox share."""

import asyncio
import signal
import socket
from typing import Any, ClassVar

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle


class PortTaken(Exception):  # noqa: N818 - the name says what happened
    """The address cannot be listened on; the message says which and why."""


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens on `host` and `port`; port 0 is any free one.

    Raises:
        PortTaken: Something else listens there, or it is not ours to use.
    """
    try:
        listener = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise PortTaken(f"Port {port} on {host} cannot be used ({error.strerror}).") from error
    # asyncio does this only for sockets made with IPPROTO_TCP; without it each answer waits 40 ms for an ACK.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def serve(app: Any, listener: socket.socket, trusted_proxies: str | None = None) -> None:
    """Serve `app` until SIGTERM or SIGINT; requests under way are finished first."""
    # uvicorn raises the signal again once it has shut down; to have been asked to stop is no failure.
    signal.signal(signal.SIGTERM, lambda *_: None)
    signal.signal(signal.SIGINT, lambda *_: None)
    options = config(app, trusted_proxies=trusted_proxies, timeout_graceful_shutdown=15)
    uvicorn.Server(options).run(sockets=[listener])


def config(
    app: Any, http: type[H11Protocol] | None = None, *, trusted_proxies: str | None = None, **options: Any
) -> uvicorn.Config:
    """Return how an application is served: by one HTTP implementation, whatever else is installed.

    Args:
        app: The application.
        http: The HTTP implementation.
        trusted_proxies: Addresses or networks, with commas, of proxies whose `X-Forwarded-For` and `-Proto` are
            believed; without any, nobody's are: uvicorn by itself believes everybody on this machine.
        options: What else uvicorn is told.
    """
    return uvicorn.Config(
        app,
        http=http or Connection,
        ws="none",
        log_level="error",
        log_config=None,  # its own would write plain text; `logs.py` writes for all
        access_log=False,
        server_header=False,
        proxy_headers=bool(trusted_proxies),
        forwarded_allow_ips=trusted_proxies or "",
        **options,
    )


class Connection(H11Protocol):
    """A connection that nobody can keep open by sending a request too slowly.

    uvicorn bounds how long a connection idles between requests, but not its start, nor how long a request's headers
    take. How long a body takes is bounded by the application, which can say so.
    """

    head_within: ClassVar[float] = 10.0
    """Seconds in which a request's headers must be complete."""

    _due: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        """Start to wait for the first request."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Take what has come; bytes that complete no request do not win time."""
        super().data_received(data)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._stop_waiting()
        super().connection_lost(exc)

    @property
    def _is_idle(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle  # None until the first request, whatever uvicorn declares
        return cycle is None or cycle.response_complete

    def _wait(self) -> None:
        if not self._is_idle:
            self._stop_waiting()
        elif self._due is None:
            self._due = self.loop.call_later(self.head_within, self._give_up)

    def _stop_waiting(self) -> None:
        if self._due is not None:
            self._due.cancel()
            self._due = None

    def _give_up(self) -> None:
        """Close; who has begun a request is told why."""
        self._due = None
        if not self._is_idle or self.transport.is_closing():
            return
        begun, _ = self.conn.trailing_data
        if begun and self.conn.states == {h11.CLIENT: h11.IDLE, h11.SERVER: h11.IDLE}:
            said = b"The request's headers took too long."
            headers = [("content-type", "text/plain"), ("content-length", str(len(said))), ("connection", "close")]
            answer = h11.Response(status_code=408, headers=headers, reason=b"Request Timeout")
            self.transport.write(self.conn.send(answer))
            self.transport.write(self.conn.send(h11.Data(data=said)))
            self.conn.send(h11.EndOfMessage())
        self.transport.close()
