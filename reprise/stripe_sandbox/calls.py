"""One request to the API: what a handler gets, and what an endpoint declares."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from reprise.stripe_sandbox import clock, events
from reprise.stripe_sandbox.errors import bad_parameter, missing
from reprise.stripe_sandbox.parameters import Parameters
from reprise.stripe_sandbox.shapes import listed
from reprise.stripe_sandbox.store import Object, Store


@dataclass(frozen=True)
class Call:
    """A request under way, within its transaction."""

    store: Store
    base_url: str
    idempotency_key: str | None = None
    request_id: str | None = None

    @property
    def now(self) -> int:
        """The sandbox's time in unix seconds."""
        return clock.now(self.store)

    def found(self, kind: str, object_id: str, *, param: str = "id", what: str | None = None) -> Object:
        """Return an object.

        Raises:
            StripeFailure: There is none: 404 when it is named by the path, 400 when by a parameter.
        """
        document = self.store.get(kind, object_id)
        if document is None:
            raise missing(what or kind.replace("_", " "), object_id, param=param, status=404 if param == "id" else 400)
        return document

    def emit(self, kind: str, document: Object, previous: Object | None = None) -> None:
        """Record an event, and owe it to every webhook endpoint that wants it."""
        events.record(self.store, kind, document, previous, self.idempotency_key, self.request_id)

    def page(self, url: str, documents: list[Object], parameters: Parameters) -> Object:
        """Return one page of a list, newest first, by Stripe's cursors.

        Raises:
            StripeFailure: A limit outside 1 to 100, or a cursor that names nothing.
        """
        limit = parameters.get("limit", 10)
        if not 1 <= limit <= 100:
            bound = "less than or equal to 100" if limit > 100 else "greater than or equal to 1"
            message = f"This value must be {bound} (it currently is '{limit}')."
            raise bad_parameter(message, code="parameter_invalid_integer", param="limit")
        ids = [document["id"] for document in documents]
        after, before = parameters.get("starting_after"), parameters.get("ending_before")
        if after and before:
            message = "You cannot parameterize listing with both `starting_after` and `ending_before`."
            raise bad_parameter(message, code=None, param="starting_after")
        for name, cursor in (("starting_after", after), ("ending_before", before)):
            if cursor and cursor not in ids:
                raise missing("object", cursor, param=name, status=400)
        if after:
            documents = documents[ids.index(after) + 1 :]
        elif before:
            newer = documents[: ids.index(before)]
            return listed(url, newer[-limit:], has_more=len(newer) > limit)
        return listed(url, documents[:limit], has_more=len(documents) > limit)


@dataclass(frozen=True)
class Endpoint:
    """One operation of the API.

    Attributes:
        method: The HTTP method.
        path: The path, with its parts in braces.
        handler: What carries it out.
        types: The package's type of its parameters.
        implemented: Which of them the sandbox carries out.
        older: Parameters that only older API versions have, taken when a request asks for one of those.
    """

    method: str
    path: str
    handler: Callable[..., Any]
    types: type | None = None
    implemented: frozenset[str] = frozenset()
    older: frozenset[str] = frozenset()


def pattern_of(path: str) -> str:
    """Return the regular expression of an endpoint's path."""
    return re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path)


LISTING = frozenset({"limit", "starting_after", "ending_before"})


def in_window(document: Object, created: Any, *, field: str = "created") -> bool:
    """Say whether an object was created within a list's `created` filter (an instant, or gt, gte, lt, lte)."""
    at: int = document[field]
    if not isinstance(created, dict):
        return created is None or at == created
    return bool(
        created.get("gt", at - 1) < at < created.get("lt", at + 1)
        and created.get("gte", at) <= at <= created.get("lte", at)
    )


def with_metadata(document: Object, given: Any) -> None:
    """Merge metadata as Stripe does: an empty value unsets a key, an empty string all of them."""
    if given == "":
        document["metadata"] = {}
    elif given is not None:
        merged = {**(document.get("metadata") or {}), **given}
        document["metadata"] = {key: value for key, value in merged.items() if value != ""}
