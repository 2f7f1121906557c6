"""Around every request: a bound on its body, a line in the log, headers that every answer carries."""

import re
import time
import uuid

import structlog
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from reprise.api.problems import Problem, response

log = structlog.get_logger()

_REQUEST_ID = re.compile(r"[\w.:-]{1,128}")


class BodyLimit:
    """Refuses bodies above a size, announced or not, before anything reads them (R20)."""

    def __init__(self, app: ASGIApp, most: int) -> None:
        """Take the application and the bound in bytes."""
        self._app = app
        self._most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the body up to the bound, then pass the request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body, more = b"", True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > self._most:
                detail = f"The body is larger than {self._most} bytes."
                await response(Problem(413, "body_too_large", detail))(scope, receive, send)
                return
        messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def replay() -> Message:
            return messages.pop() if messages else await receive()

        await self._app(scope, replay, send)


class RequestLog:
    """Writes one line for each request: no bodies, no tokens, no addresses of people."""

    def __init__(self, app: ASGIApp) -> None:
        """Take the application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and log it when it is answered."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = time.perf_counter(), 500
        given = dict(scope["headers"]).get(b"x-request-id", b"").decode("latin-1")
        request_id = given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-Id"] = request_id
                headers["X-Content-Type-Options"] = "nosniff"
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        try:
            await self._app(scope, receive, answer)
        finally:
            route = scope.get("route")
            log.info(
                "request",
                method=scope["method"],
                route=f"{scope.get('root_path', '')}{route.path}" if route else "unmatched",
                status=status,
                code=scope.get("state", {}).get("problem_code"),
                ms=round((time.perf_counter() - started) * 1000, 1),
                request_id=request_id,
            )
