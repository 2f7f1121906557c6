"""Faults on demand: requests that fail before or after their work is done, slowly, or with a dropped connection."""

import json
import random
import re
import secrets
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

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

    method: str = "POST"
    path: Annotated[str, AfterValidator(_compiles), Field(description="A regular expression for the whole path.")]
    when: Literal["before", "after"] = "before"
    status: Annotated[int | None, Field(ge=400, le=599)] = None
    delay_seconds: Annotated[float, Field(ge=0, le=3600)] = 0
    drop_connection: bool = False
    hang: Annotated[bool, Field(description="Answer nothing until the client leaves or the fault is deleted.")] = False
    times: Annotated[int, Field(ge=1)] = 1
    skip: Annotated[int, Field(ge=0)] = 0
    probability: Annotated[float, Field(ge=0, le=1)] = 1
    seed: int = 0
    id: str = ""
    seen: int = 0
    struck: int = 0
    hits: int = 0


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
        if fault.method not in {method, "*"} or not re.fullmatch(fault.path, path) or fault.struck >= fault.times:
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


def body_of(status: int) -> str:
    """Return Stripe's error body for a status of its own failures."""
    if status == 429:
        error = {"message": "Request rate limit exceeded.", "type": "invalid_request_error", "code": "rate_limit"}
    else:
        error = {"message": "An unknown error occurred (a fault of the sandbox, on demand).", "type": "api_error"}
    return json.dumps({"error": error})


def _save(store: Store, fault: Fault) -> None:
    store.execute(
        "INSERT INTO faults (id, body) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET body = excluded.body",
        fault.id,
        fault.model_dump_json(),
    )
