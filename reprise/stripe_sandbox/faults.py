"""Faults on demand: requests that fail before or after their work is done, slowly, or with a dropped connection."""

import json
import random
import re
import secrets
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from reprise.stripe_sandbox.errors import request_log_url
from reprise.stripe_sandbox.store import Store


def _compiles(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from error
    return pattern


class Fault(BaseModel):
    """What happens to the next requests that match. Kept over restarts.

    `before`: nothing is done. `after`: all is done and written, the answer is not seen; `hits` counts then, so that
    whoever waits for a hit knows that the work is committed.
    """

    model_config = ConfigDict(extra="forbid")

    method: Annotated[str, Field(description="`*`: any.")] = "POST"
    path: Annotated[str, AfterValidator(_compiles), Field(description="A regular expression for the whole path.")]
    when: Literal["before", "after"] = "before"
    status: Annotated[int | None, Field(ge=200, le=599, description="Below 400 with a `body` that is no JSON.")] = None
    body: Annotated[
        Literal["stripe", "html", "garbage", "empty"],
        Field(description="What is answered: Stripe's error of that status, or what a broken proxy sends."),
    ] = "stripe"
    saved: Annotated[
        bool,
        Field(
            description="Stripe saves the answer under the request's idempotency key and replays it for a day, as it"
            " does with failures of its own once a request has begun (docs.stripe.com/api/idempotent_requests)."
        ),
    ] = False
    delay_seconds: Annotated[float, Field(ge=0, le=3600, description="Ends early when the fault is deleted.")] = 0
    drop_connection: bool = False
    hang: Annotated[bool, Field(description="Answer nothing until the client leaves or the fault is deleted.")] = False
    times: Annotated[int | None, Field(ge=1, description="The next so many; null: until it is deleted.")] = 1
    skip: Annotated[int, Field(ge=0)] = 0
    probability: Annotated[float, Field(ge=0, le=1)] = 1
    seed: int = 0
    id: str = ""
    seen: int = 0
    struck: int = 0
    hits: int = 0

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.status is not None and self.status < 400 and self.body == "stripe":
            raise ValueError("a status below 400 is a failure only with a body that is not Stripe's")
        if self.saved and (self.status is None or self.body != "stripe"):
            raise ValueError("Stripe saves its own errors: give a status, and leave the body to Stripe")
        return self

    @property
    def answers(self) -> bool:
        """Whether the fault answers in Stripe's place."""
        return self.status is not None or self.body != "stripe"


def add(store: Store, fault: Fault) -> Fault:
    """Put a fault into force."""
    fault = fault.model_copy(update={"id": f"fault_{secrets.token_hex(6)}", "seen": 0, "struck": 0, "hits": 0})
    _save(store, fault)
    return fault


def all_of(store: Store) -> list[Fault]:
    """Return the faults, those used up too."""
    return [Fault.model_validate_json(row["body"]) for row in store.execute("SELECT body FROM faults ORDER BY rowid")]


def get(store: Store, fault_id: str) -> Fault | None:
    """Return one fault."""
    return next((fault for fault in all_of(store) if fault.id == fault_id), None)


def remove(store: Store, fault_id: str | None) -> None:
    """Delete one fault, or all."""
    store.execute("DELETE FROM faults WHERE ? IS NULL OR id = ?", fault_id, fault_id)


def strike(store: Store, method: str, path: str) -> Fault | None:
    """Return the fault that this request meets, if any, and count the meeting."""
    for fault in all_of(store):
        if fault.method not in {method, "*"} or not re.fullmatch(fault.path, path):
            continue
        if fault.times is not None and fault.struck >= fault.times:
            continue
        chance = random.Random(f"{fault.seed}:{fault.seen}").random()  # noqa: S311 - reproducible
        meets = fault.seen >= fault.skip and chance < fault.probability
        fault = fault.model_copy(update={"seen": fault.seen + 1, "struck": fault.struck + meets})
        _save(store, fault)
        if meets:
            return fault
    return None


def hit(store: Store, fault: Fault) -> None:
    """Count that a fault has done what it does."""
    current = get(store, fault.id)
    if current:
        _save(store, current.model_copy(update={"hits": current.hits + 1}))


_ERRORS: dict[int, dict[str, str]] = {
    400: {"message": "Your request was refused (a fault of the sandbox, on demand).", "type": "invalid_request_error"},
    401: {"message": "Invalid API Key provided: sk_test_*********prise", "type": "invalid_request_error"},
    402: {"message": "Your card was declined.", "type": "card_error", "code": "card_declined"},
    403: {
        "message": "The provided key does not have the required permissions for this endpoint on account 'acct_1'.",
        "type": "invalid_request_error",
    },
    404: {"message": "No such object (a fault of the sandbox, on demand).", "type": "invalid_request_error"},
    409: {
        "message": "There is currently another in-progress request using this Idempotency Key.",
        "type": "idempotency_error",
        "code": "idempotency_key_in_use",
    },
    429: {"message": "Request rate limit exceeded.", "type": "invalid_request_error", "code": "rate_limit"},
}


def answer_of(fault: Fault, request_id: str) -> tuple[int, str, str]:
    """Return the status, body and media type that a fault answers with."""
    if fault.body == "html":
        return fault.status or 200, "<html><body><h1>502 Bad Gateway</h1></body></html>", "text/html"
    if fault.body == "garbage":
        return fault.status or 200, '{"id": "in_1", "object": "inv\x00', "application/json"
    if fault.body == "empty":
        return fault.status or 200, "", "application/json"
    status = fault.status or 500
    error = _ERRORS.get(
        status, {"message": "An unknown error occurred (a fault of the sandbox, on demand).", "type": "api_error"}
    )
    return status, json.dumps({"error": {**error, "request_log_url": request_log_url(request_id)}}), "application/json"


def _save(store: Store, fault: Fault) -> None:
    store.execute(
        "INSERT INTO faults (id, body) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET body = excluded.body",
        fault.id,
        fault.model_dump_json(),
    )
