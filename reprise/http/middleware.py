"""Around every request: bounds on its body, a line in the log, headers that every answer carries."""

import asyncio
import re
import time
import uuid
from collections.abc import Mapping

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from reprise.http import audit
from reprise.http.problems import Problem, response

log = structlog.get_logger()

_REQUEST_ID = re.compile(r"[A-Za-z0-9_.:-]{1,128}")

_LINGER = 1.0
"""Seconds in which a sender that was turned away may finish: closing on what is still sent would lose the answer."""

_CLOSE = {"Connection": "close"}

_HARDENED = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
"""What every answer says of itself, unless it says something else: it is data, for the one who asked."""


class BodyBounds:
    """Refuses bodies that are too large, announced or not, or too slow, before anything reads them (R20).

    A client that announces a length and sends chunks as well has two readers in mind: it is refused (RFC 9112, 6.1).
    """

    def __init__(self, app: ASGIApp, most: int, within: float, larger: Mapping[re.Pattern[str], int]) -> None:
        """Take the application, the bounds in bytes and in seconds, and the paths that take more bytes."""
        self._app = app
        self._most = most
        self._within = within
        self._larger = larger

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the body up to the bounds, then pass the request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            async with asyncio.timeout(self._within):
                body = await self._body(Headers(scope=scope), self._most_for(scope["path"]), receive)
        except TimeoutError:
            detail = f"The body was not complete within {self._within:g} seconds."
            await _turn_away(Problem(408, "body_too_slow", detail, headers=_CLOSE), scope, receive, send)
            return
        except Problem as problem:
            await _turn_away(problem, scope, receive, send)
            return
        if body is None:
            return
        messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def replay() -> Message:
            return messages.pop() if messages else await receive()

        await self._app(scope, replay, send)

    def _most_for(self, path: str) -> int:
        return next((most for pattern, most in self._larger.items() if pattern.fullmatch(path)), self._most)

    async def _body(self, headers: Headers, most: int, receive: Receive) -> bytes | None:
        """Return the body; None when the client has gone away.

        Raises:
            Problem: 400 or 413.
        """
        announced = headers.get("content-length", "0")
        if "transfer-encoding" in headers and "content-length" in headers:
            detail = "Content-Length and Transfer-Encoding contradict each other. Send one of them."
            raise Problem(400, "ambiguous_length", detail, headers=_CLOSE)
        too_large = Problem(413, "body_too_large", f"The body is larger than {most} bytes.", headers=_CLOSE)
        if int(announced) > most:
            raise too_large
        body = bytearray()
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > most:
                raise too_large
        return bytes(body)


async def _turn_away(problem: Problem, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer at once, then read on for a moment, so that the answer arrives."""
    scope.setdefault("state", {})["problem_code"] = problem.code
    last: list[Message] = []

    async def keep_open(message: Message) -> None:
        if message["type"] == "http.response.body":
            last.append({"type": "http.response.body", "body": b"", "more_body": False})
            message = {**message, "more_body": True}
        await send(message)

    await response(problem)(scope, receive, keep_open)
    try:
        async with asyncio.timeout(_LINGER):
            while (message := await receive())["type"] != "http.disconnect" and message.get("more_body", False):
                pass
    except TimeoutError:
        pass
    for message in last:
        await send(message)


class RequestLog:
    """Writes one line for each request, and one more for the audit: no bodies, no tokens, no addresses of people."""

    def __init__(self, app: ASGIApp, *, over_tls: bool) -> None:
        """Take the application, and whether browsers reach it over TLS (they are told to keep to that)."""
        self._app = app
        tls = {"Strict-Transport-Security": "max-age=31536000"} if over_tls else {}
        self._hardened = _HARDENED | tls

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and log it when it is answered."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = time.perf_counter(), 499  # what logs call a client that went away before it had an answer
        given = dict(scope["headers"]).get(b"x-request-id", b"").decode("latin-1")
        request_id = given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        state = scope.setdefault("state", {})
        # Each request has a task of its own (uvicorn): what is bound here and further in is on all of its lines.
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-Id"] = request_id
                for name, value in self._hardened.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self._app(scope, receive, answer)
        except Exception:
            status = 500
            raise
        finally:
            route, code = scope.get("route"), state.get("problem_code")
            path = f"{scope.get('root_path', '')}{route.path}" if route else "unmatched"
            log.info(
                "request",
                method=scope["method"],
                route=path,
                status=status,
                code=code,
                ms=round((time.perf_counter() - started) * 1000, 1),
                request_id=request_id,
            )
            audit.write(
                scope,
                what=f"{scope['method']} {path}",
                outcome="done" if status < 400 else "refused" if status < 500 else "failed",
                status=status,
                code=code,
                request_id=request_id,
            )
