"""The API under /v1: authentication, idempotency, faults, and one transaction per request."""

import asyncio
import base64
import binascii
import contextlib
import hashlib
import json
import logging
import re
from collections import Counter
from collections.abc import Awaitable, Callable

import stripe
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from reprise.stripe_sandbox import (
    balances,
    catalogue,
    clock,
    collecting,
    customers,
    discounts,
    disputes,
    faults,
    invoice_items,
    invoices,
    payment_methods,
    payments,
    prices,
    request_log,
    setup_intents,
    subscriptions,
    webhooks,
)
from reprise.stripe_sandbox.calls import Call, Endpoint, pattern_of
from reprise.stripe_sandbox.errors import StripeFailure, broken, wrong_key
from reprise.stripe_sandbox.expanding import completed, expanded
from reprise.stripe_sandbox.parameters import checked, decoded
from reprise.stripe_sandbox.shapes import public
from reprise.stripe_sandbox.store import Store, new_id

ENDPOINTS: tuple[Endpoint, ...] = (
    *customers.ENDPOINTS,
    *balances.ENDPOINTS,
    *payment_methods.ENDPOINTS,
    *setup_intents.ENDPOINTS,
    *invoices.ENDPOINTS,
    *collecting.ENDPOINTS,
    *invoice_items.ENDPOINTS,
    *payments.ENDPOINTS,
    *disputes.ENDPOINTS,
    *discounts.ENDPOINTS,
    *catalogue.ENDPOINTS,
    *prices.ENDPOINTS,
    *subscriptions.ENDPOINTS,
    *webhooks.ENDPOINTS,
)

KEYS_LIVE = 24 * 3600
"""Seconds for which an idempotency key is remembered (docs.stripe.com/api/idempotent_requests)."""

_WITH_OLDER_PARAMETERS = "2025"
"""Stripe-Version headers before this year get the parameters that endpoints name as `older`."""

_log = logging.getLogger(__name__)
_ROUTES = [(endpoint, re.compile(pattern_of(endpoint.path))) for endpoint in ENDPOINTS]


class StripeApi:
    """An ASGI application that answers as api.stripe.com does."""

    def __init__(self, store: Store, changed: Callable[[], None]) -> None:
        """Take the store, and what to call after a request that may have caused webhooks."""
        self._store = store
        self._changed = changed
        self._in_flight: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        fault = faults.strike(self._store, request.method, request.url.path)
        if fault and fault.when == "before":
            key = request.headers.get("idempotency-key", "")
            self._in_flight[key] += 1
            try:
                if await self._struck(fault, request, send):
                    return
            except ClientDisconnect:
                return
            finally:
                self._in_flight[key] -= 1
        try:
            response = await self._answer(request)
        except ClientDisconnect:
            return  # gone before the request was whole: nothing was done
        self._changed()
        replayed = "idempotent-replayed" in response.headers
        if fault and fault.when == "after" and await self._struck(fault, request, send, replayed=replayed):
            return
        await response(scope, receive, send)

    # ------------------------------------------------------------------ one request

    async def _answer(self, request: Request) -> Response:
        request_id = new_id("req")
        key = request.headers.get("idempotency-key") if request.method == "POST" else None
        headers = {
            "Request-Id": request_id,
            "Stripe-Version": request.headers.get("stripe-version", stripe.api_version),
        }
        body_sent = await request.body()
        replayed = False
        try:
            self._authenticate(request)
            raw = _text(body_sent) if request.method == "POST" else request.url.query
            if key is not None:
                headers["Idempotency-Key"] = key
                status, body, replayed = self._answer_once(request, key, raw, request_id)
            else:
                status, body = self._carry_out(request, None, raw, request_id)
        except StripeFailure as failure:
            status, body = failure.status, failure.text(request_id)
            headers.update(failure.headers)
        except Exception:
            _log.exception("%s %s", request.method, request.url.path)
            status, body = 500, broken().text(request_id)
        if replayed:
            headers["Idempotent-Replayed"] = "true"
        self._note(request, body_sent, key, status, replayed=replayed)
        return Response(body, status, headers, media_type="application/json")

    def _authenticate(self, request: Request) -> None:
        scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
        key = credentials.strip()
        if scheme.lower() == "basic":
            try:
                key = base64.b64decode(key).decode().partition(":")[0]
            except (binascii.Error, UnicodeDecodeError):
                key = ""
        if not re.fullmatch(r"sk_test_\w+", key):
            raise wrong_key(key)

    def _answer_once(self, request: Request, key: str, raw: str, request_id: str) -> tuple[int, str, bool]:
        """Answer a request with an idempotency key: the first time by doing it, then with the saved answer."""
        if not 1 <= len(key) <= 255:
            raise StripeFailure(
                400, "invalid_request_error", "Idempotency keys must be between 1 and 255 characters.", saved=False
            )
        self._forget_old_keys()
        if self._in_flight[key] > 0:
            raise StripeFailure(
                409,
                "idempotency_error",
                f"There is currently another in-progress request using this Idempotency Key: {key}.",
                code="idempotency_key_in_use",
                saved=False,
                headers={"Stripe-Should-Retry": "true"},
            )
        content = _content(request, raw)
        saved = self._store.execute("SELECT * FROM answers WHERE key = ?", key)
        if saved and saved[0]["request"] != content:
            raise StripeFailure(
                400,
                "idempotency_error",
                "Keys for idempotent requests can only be used with the same parameters they were first used with."
                f" Try using a key other than '{key}' if you meant to execute a different request.",
                saved=False,
            )
        if saved:
            return saved[0]["status"], saved[0]["body"], True
        status, body = self._carry_out(request, key, raw, request_id, content)
        return status, body, False

    def _carry_out(
        self, request: Request, key: str | None, raw: str, request_id: str, content: str = ""
    ) -> tuple[int, str]:
        """Do what a request asks, in one transaction with its events and its saved answer."""
        endpoint, path = _route(request)
        given, older = decoded(raw), {}
        if request.headers.get("stripe-version", stripe.api_version) < _WITH_OLDER_PARAMETERS:
            older = {name: given.pop(name) for name in endpoint.older & given.keys()}
        parameters = {**checked(given, endpoint.types, endpoint.implemented), **older}
        call = Call(self._store, str(request.base_url).rstrip("/"), key, request_id)
        with self._store.transaction():
            saved = True
            try:
                with self._store.attempt():
                    result = endpoint.handler(call, parameters, **path)
                    result = expanded(self._store, completed(self._store, result), parameters.get("expand", []))
                status, body = 200, json.dumps(public(result))
            except StripeFailure as failure:
                status, body, saved = failure.status, failure.text(request_id), failure.saved
            if saved:
                self._save(key, request.url.path, content, status, body)
        return status, body

    def _note(self, request: Request, body: bytes, key: str | None, status: int, *, replayed: bool) -> None:
        path = request.url.path
        template = next((each.path for each, pattern in _ROUTES if pattern.fullmatch(path)), path)
        sent = body.decode(errors="replace") if request.method == "POST" else request.url.query
        request_log.note(
            self._store,
            request_log.Noted(request.method, path, template, sent, key, status, replayed=replayed),
        )

    def _forget_old_keys(self) -> None:
        self._store.execute("DELETE FROM answers WHERE created <= ?", clock.now(self._store) - KEYS_LIVE)

    def _save(self, key: str | None, path: str, content: str, status: int, body: str) -> None:
        if key is not None:
            self._store.execute(
                "INSERT INTO answers (key, path, request, status, body, created) VALUES (?, ?, ?, ?, ?, ?)",
                key,
                path,
                content,
                status,
                body,
                clock.now(self._store),
            )

    # ------------------------------------------------------------------ faults

    async def _struck(self, fault: faults.Fault, request: Request, send: Send, *, replayed: bool = False) -> bool:
        """Let a fault happen; return whether the request is over with it."""
        body_sent = await request.body()
        request_id = new_id("req")
        status, body, media_type = faults.answer_of(fault, request_id)
        over = fault.hang or fault.drop_connection or fault.answers
        key = request.headers.get("idempotency-key") if request.method == "POST" else None
        if over and fault.when == "before":
            shown = 0 if fault.hang or fault.drop_connection else status
            self._note(request, body_sent, key, shown, replayed=False)
        faults.hit(self._store, fault)
        await self._delayed(fault)
        if fault.hang:
            await self._until_gone(fault, request.receive)
        if fault.hang or fault.drop_connection:
            # Promise a body and send none: the server closes the connection, the client sees it cut.
            start: Message = {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1000")]}
            await send(start)
            return True
        if not fault.answers:
            return False
        headers = {"Request-Id": request_id}
        if fault.saved and key is not None and not replayed:
            headers |= self._saved_failure(fault, request, key, _text(body_sent), status, body)
        await Response(body, status, headers, media_type=media_type)(request.scope, request.receive, send)
        return True

    def _saved_failure(
        self, fault: faults.Fault, request: Request, key: str, raw: str, status: int, body: str
    ) -> dict[str, str]:
        """Save a fault's answer under the request's key, in place of what the request would have answered."""
        self._forget_old_keys()
        if fault.when == "before" and self._store.execute("SELECT 1 FROM answers WHERE key = ?", key):
            return {}
        self._store.execute("DELETE FROM answers WHERE key = ?", key)
        self._save(key, request.url.path, _content(request, raw), status, body)
        return {"Idempotency-Key": key}

    async def _delayed(self, fault: faults.Fault) -> None:
        """Wait for as long as a fault says, or until it is deleted: then the request goes on."""
        if fault.delay_seconds:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(fault.delay_seconds):
                    await self._until_deleted(fault)

    async def _until_deleted(self, fault: faults.Fault) -> None:
        while faults.get(self._store, fault.id):  # noqa: ASYNC110 - the fault is a row, deleted by another request
            await asyncio.sleep(0.05)

    async def _until_gone(self, fault: faults.Fault, receive: Callable[[], Awaitable[Message]]) -> None:
        async def client_gone() -> None:
            while (await receive())["type"] != "http.disconnect":
                pass

        ends = [asyncio.create_task(client_gone()), asyncio.create_task(self._until_deleted(fault))]
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        for end in ends:
            end.cancel()


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise StripeFailure(400, "invalid_request_error", "Invalid request: it is not UTF-8.", saved=False) from None


def _content(request: Request, raw: str) -> str:
    """Return what tells one request from another under the same key: method, path and parameters."""
    return hashlib.sha256(f"{request.method} {request.url.path}\n{raw}".encode()).hexdigest()


def _route(request: Request) -> tuple[Endpoint, dict[str, str]]:
    for endpoint, pattern in _ROUTES:
        match = pattern.fullmatch(request.url.path)
        if match and endpoint.method == request.method:
            return endpoint, match.groupdict()
    raise StripeFailure(
        404,
        "invalid_request_error",
        f"Unrecognized request URL ({request.method}: {request.url.path}). Stripe may have it; the sandbox does not.",
        saved=False,
    )
