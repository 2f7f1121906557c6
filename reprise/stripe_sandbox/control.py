"""What tests and the embedded default ask of the sandbox itself, under /_sandbox: clock, faults, webhooks, dump."""

import json
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from reprise.stripe_sandbox import clock, events, faults, request_log, webhooks
from reprise.stripe_sandbox.calls import Call
from reprise.stripe_sandbox.expanding import completed
from reprise.stripe_sandbox.shapes import public
from reprise.stripe_sandbox.store import Store

_strict = ConfigDict(extra="forbid")


class ClockMove(BaseModel):
    """How far, or where to, the clock moves; never back."""

    model_config = _strict
    advance_seconds: Annotated[int | None, Field(ge=0)] = None
    now: int | None = None
    under_way_seconds: Annotated[
        int, Field(ge=0, description="Requests so young may still be retried: their saved answers move along.")
    ] = 0


class WebhookBehaviour(BaseModel):
    """How webhooks are delivered from now on."""

    model_config = _strict
    duplicate: Annotated[int, Field(ge=0, le=10)] = 0
    shuffle: bool = False
    delay_seconds: Annotated[float, Field(ge=0)] = 0
    drop_probability: Annotated[float, Field(ge=0, le=1)] = 0
    paused: bool = False
    seed: int = 0


class ChosenEndpoint(BaseModel):
    """A webhook endpoint with a secret of one's own choosing."""

    model_config = _strict
    url: str
    secret: Annotated[str, Field(pattern=r"^whsec_")]
    enabled_events: list[str] = ["*"]


def routes(store: Store, wake: Callable[[], None]) -> list[Route]:
    """Return the routes under /_sandbox that speak JSON."""

    async def healthz(_: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def read_clock(_: Request) -> Response:
        return JSONResponse({"now": clock.now(store)})

    async def move_clock(request: Request) -> Response:
        move = ClockMove.model_validate_json(await request.body())
        if (move.now is None) == (move.advance_seconds is None):
            return _refused("give either now or advance_seconds")
        target = clock.now(store) + (move.advance_seconds or 0) if move.now is None else move.now
        try:
            return JSONResponse({"now": clock.move_to(store, target, under_way=move.under_way_seconds)})
        except ValueError as error:
            return _refused(str(error))

    async def add_fault(request: Request) -> Response:
        return JSONResponse(faults.add(store, faults.Fault.model_validate_json(await request.body())).model_dump())

    async def list_faults(_: Request) -> Response:
        return JSONResponse([fault.model_dump() for fault in faults.all_of(store)])

    async def remove_faults(request: Request) -> Response:
        faults.remove(store, request.path_params.get("fault"))
        return Response(status_code=204)

    async def read_fault(request: Request) -> Response:
        fault = faults.get(store, request.path_params["fault"])
        return JSONResponse(fault.model_dump()) if fault else _refused("no such fault", 404)

    async def set_webhooks(request: Request) -> Response:
        behaviour = WebhookBehaviour.model_validate_json(await request.body())
        store.set_setting("webhooks", behaviour.model_dump_json())
        wake()
        return JSONResponse(behaviour.model_dump())

    async def ensure_endpoint(request: Request) -> Response:
        chosen = ChosenEndpoint.model_validate_json(await request.body())
        call = Call(store, str(request.base_url).rstrip("/"))
        return JSONResponse(webhooks.ensure(call, chosen.url, chosen.secret, chosen.enabled_events))

    async def resend(request: Request) -> Response:
        event = store.get("event", request.path_params["event"])
        if event is None:
            return _refused("no such event", 404)
        endpoints = store.all("webhook_endpoint")
        for endpoint in endpoints:
            events.owe(store, event["id"], endpoint["id"])
        wake()
        return JSONResponse({"deliveries": len(endpoints)})

    async def requests(request: Request) -> Response:
        since = request.query_params.get("since", "0")
        if not since.isdecimal():
            return _refused(_NO_NUMBER)
        return JSONResponse(request_log.listed(store, since=int(since)))

    async def request_counts(request: Request) -> Response:
        asked = request.query_params
        since = asked.get("since", "0")
        if not since.isdecimal():
            return _refused(_NO_NUMBER)
        counted = request_log.counts(store, customer=asked.get("customer"), key=asked.get("key"), since=int(since))
        return JSONResponse(counted)

    async def dump(request: Request) -> Response:
        asked = request.query_params
        only, owners, metadata = (asked.get(each) for each in ("only", "owners", "metadata"))
        if metadata is not None and ":" not in metadata:
            return _refused("metadata is a name, a colon and a value")
        name, _, value = (metadata or "").partition(":")
        return JSONResponse(
            everything(
                store,
                only.split(",") if only else None,
                owners=None if owners is None else owners.split(","),
                metadata=(name, value) if metadata else None,
            )
        )

    return [
        Route("/_sandbox/healthz", healthz),
        Route("/_sandbox/clock", read_clock),
        Route("/_sandbox/clock", _checked(move_clock), methods=["POST"]),
        Route("/_sandbox/faults", list_faults),
        Route("/_sandbox/faults", _checked(add_fault), methods=["POST"]),
        Route("/_sandbox/faults", remove_faults, methods=["DELETE"]),
        Route("/_sandbox/faults/{fault}", read_fault),
        Route("/_sandbox/faults/{fault}", remove_faults, methods=["DELETE"]),
        Route("/_sandbox/webhooks", _checked(set_webhooks), methods=["POST"]),
        Route("/_sandbox/webhook_endpoints", _checked(ensure_endpoint), methods=["POST"]),
        Route("/_sandbox/events/{event}/resend", resend, methods=["POST"]),
        Route("/_sandbox/requests", requests),
        Route("/_sandbox/requests/counts", request_counts),
        Route("/_sandbox/dump", dump),
    ]


def everything(
    store: Store,
    only: list[str] | None = None,
    *,
    owners: list[str] | None = None,
    metadata: tuple[str, str] | None = None,
) -> dict[str, Any]:
    """Return what the sandbox knows: the side of the truth that tests read from.

    Args:
        store: Where it is kept.
        only: These kinds of objects alone, `idempotency_keys` and `webhook_deliveries` among them; None: all.
        owners: Objects of these customers, invoices or charges alone: whatever lists them at Stripe.
        metadata: Objects with this name and value among their metadata alone.
    """
    kinds = {
        "customers": "customer",
        "payment_methods": "payment_method",
        "products": "product",
        "prices": "price",
        "subscriptions": "subscription",
        "invoices": "invoice",
        "invoice_items": "invoiceitem",
        "invoice_payments": "invoice_payment",
        "payment_intents": "payment_intent",
        "charges": "charge",
        "refunds": "refund",
        "disputes": "dispute",
        "coupons": "coupon",
        "discounts": "discount",
        "customer_balance_transactions": "customer_balance_transaction",
        "events": "event",
    }
    dump: dict[str, Any] = {"now": clock.now(store)}
    for name, kind in kinds.items():
        if only is None or name in only:
            dump[name] = [
                public(completed(store, each)) for each in store.those(kind, owners=owners, metadata=metadata)
            ]
    for name, query in (
        ("idempotency_keys", "SELECT key, path, status, created FROM answers ORDER BY rowid"),
        ("webhook_deliveries", "SELECT * FROM deliveries ORDER BY seq"),
    ):
        if only is None or name in only:
            dump[name] = store.execute(query)
    return dump


_NO_NUMBER = "since is the number (`seq`) of a request"


def _refused(message: str, status: int = 400) -> Response:
    return JSONResponse({"error": {"message": message}}, status)


def _checked(handler: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except ValidationError as error:
            return JSONResponse({"error": json.loads(error.json(include_url=False, include_input=False))}, 400)

    return answer
