"""What banks, payers and the dashboard do, under /_sandbox: debits that end, cards that go bad, disputes, discounts."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from reprise.stripe_sandbox import attaching, collecting, discounts, disputes, payments
from reprise.stripe_sandbox.banks import FAILURES
from reprise.stripe_sandbox.behaviour import Behaviour, tell
from reprise.stripe_sandbox.calls import Call
from reprise.stripe_sandbox.errors import StripeFailure
from reprise.stripe_sandbox.shapes import public
from reprise.stripe_sandbox.store import Object, Store

_strict = ConfigDict(extra="forbid")
_USUAL_FAILURE = "insufficient_funds"


class Settlement(BaseModel):
    """How a bank debit that is processing ends."""

    model_config = _strict
    outcome: Annotated[
        Literal["succeeded", "failed"] | None, Field(description="null: as its test id, or its behaviour, says.")
    ] = None
    failure: Annotated[
        Literal[FAILURES] | None,  # type: ignore[valid-type] # one list of codes
        Field(description="With which code it fails; null: as its test id says, else insufficient funds."),
    ] = None


class Made(Behaviour):
    """A payment method as a payer's form makes it: attachable once, and behaving as said once it is attached."""

    test_id: Annotated[str, Field(description="One of Stripe's test ids.")] = "pm_card_visa"


class Given(BaseModel):
    """A discount that a customer is given, as in Stripe's dashboard. Without fields: none any more."""

    model_config = _strict
    percent_off: Annotated[float | None, Field(gt=0, le=100)] = None
    amount_off: Annotated[int | None, Field(gt=0)] = None
    currency: str | None = None


class Defaults(BaseModel):
    """What the dashboard's settings say of new invoices."""

    model_config = _strict
    automatic_tax: Annotated[bool, Field(description="Tax is added where an invoice does not say otherwise.")] = False


class Opened(BaseModel):
    """A dispute."""

    model_config = _strict
    reason: disputes.Reason = "fraudulent"
    amount: Annotated[int | None, Field(gt=0)] = None


class Closed(BaseModel):
    """How a dispute ends."""

    model_config = _strict
    outcome: Literal["won", "lost"]


class Failed(BaseModel):
    """Why a refund fails (`Refund.failure_reason`)."""

    model_config = _strict
    reason: Literal[
        "lost_or_stolen_card",
        "expired_or_canceled_card",
        "charge_for_pending_refund_disputed",
        "insufficient_funds",
        "declined",
        "merchant_request",
        "unknown",
    ] = "unknown"


class Steering:
    """The controls over one store."""

    def __init__(self, store: Store, wake: Callable[[], None]) -> None:
        """Take the store, and what to call after a change that may cause webhooks."""
        self._store = store
        self._wake = wake

    def routes(self) -> list[Route]:
        """Return the routes."""
        controls: dict[str, Callable[[Call, bytes, dict[str, str]], Any]] = {
            "payment_intents/settle": self._settle_all,
            "payment_intents/{id}/settle": self._settle,
            "payment_methods": self._make,
            "payment_methods/{id}/behavior": self._behave("payment_method"),
            "customers/{id}/behavior": self._behave("customer"),
            "customers/{id}/discount": self._discount,
            "settings": self._settings,
            "charges/{id}/dispute": self._dispute,
            "disputes/{id}/close": self._close,
            "refunds/{id}/fail": self._fail_refund,
        }
        return [Route(f"/_sandbox/{path}", self._answering(act), methods=["POST"]) for path, act in controls.items()]

    def _answering(self, act: Callable[[Call, bytes, dict[str, str]], Any]) -> Callable[[Request], Any]:
        async def answer(request: Request) -> Response:
            body = await request.body() or b"{}"
            call = Call(self._store, str(request.base_url).rstrip("/"))
            try:
                with self._store.transaction():
                    result = act(call, body, request.path_params)
            except ValidationError as error:
                return JSONResponse({"error": {"message": str(error)}}, 400)
            except StripeFailure as failure:
                return JSONResponse(failure.body, failure.status)
            self._wake()
            return JSONResponse(public(result))

        return answer

    # ------------------------------------------------------------------ bank debits

    def _settle(self, call: Call, body: bytes, path: dict[str, str]) -> Object:
        intent = call.found("payment_intent", path["id"])
        return collecting.settle(call, intent, self._failure_of(call, intent, Settlement.model_validate_json(body)))

    def _settle_all(self, call: Call, body: bytes, _: dict[str, str]) -> Object:
        """Let every debit end that is processing, but, unless one says how, those that stay so."""
        wanted = Settlement.model_validate_json(body)
        ended = [
            collecting.settle(call, intent, self._failure_of(call, intent, wanted))["id"]
            for intent in reversed(call.store.all("payment_intent"))
            if intent["status"] == "processing" and (wanted.outcome or self._ordained(call, intent)["settles"])
        ]
        return {"settled": ended}

    def _ordained(self, call: Call, intent: Object) -> dict[str, Any]:
        own: dict[str, Any] = call.found("charge", intent["latest_charge"])["_sandbox"]
        return own

    def _failure_of(self, call: Call, intent: Object, wanted: Settlement) -> str | None:
        if wanted.outcome == "succeeded" or intent["status"] != "processing":
            return None
        ordained: str | None = self._ordained(call, intent)["failure"]
        if wanted.outcome is None and wanted.failure is None:
            return ordained
        return wanted.failure or ordained or _USUAL_FAILURE

    # ------------------------------------------------------------------ payment methods and customers

    def _make(self, call: Call, body: bytes, _: dict[str, str]) -> Object:
        wanted = Made.model_validate_json(body)
        behaviour = Behaviour.model_validate(wanted.model_dump(exclude={"test_id"}))
        return tell(call.store, attaching.fresh(call, wanted.test_id), behaviour)

    def _behave(self, kind: str) -> Callable[[Call, bytes, dict[str, str]], Object]:
        def behave(call: Call, body: bytes, path: dict[str, str]) -> Object:
            return tell(call.store, call.found(kind, path["id"]), Behaviour.model_validate_json(body))

        return behave

    def _discount(self, call: Call, body: bytes, path: dict[str, str]) -> Object:
        given, customer = Given.model_validate_json(body), call.found("customer", path["id"])
        if given.percent_off is None and given.amount_off is None:
            return call.store.put({**customer, "discount": None})
        terms = given.model_dump(exclude_none=True)
        coupon = discounts.create(call, {**terms, "duration": "forever"})
        customer["discount"] = discounts.redeemed(call, coupon["id"], customer=customer["id"])
        call.emit("customer.discount.created", customer["discount"])
        return call.store.put(customer)

    def _settings(self, call: Call, body: bytes, _: dict[str, str]) -> Object:
        defaults = Defaults.model_validate_json(body)
        call.store.set_setting(discounts.TAX_BY_DEFAULT, "true" if defaults.automatic_tax else "false")
        return defaults.model_dump()

    # ------------------------------------------------------------------ disputes and refunds

    def _dispute(self, call: Call, body: bytes, path: dict[str, str]) -> Object:
        wanted = Opened.model_validate_json(body)
        return disputes.opened(call, call.found("charge", path["id"]), wanted.reason, wanted.amount)

    def _close(self, call: Call, body: bytes, path: dict[str, str]) -> Object:
        return disputes.closed(call, call.found("dispute", path["id"]), Closed.model_validate_json(body).outcome)

    def _fail_refund(self, call: Call, body: bytes, path: dict[str, str]) -> Object:
        return payments.fail_refund(call, call.found("refund", path["id"]), Failed.model_validate_json(body).reason)
