"""Objects in the shape of the pinned API version: the fields come from the `stripe` package's own annotations."""

from typing import Any, ForwardRef, get_args

from reprise.stripe_sandbox.store import Object

INCLUDABLE = {
    "payments",
    "confirmation_secret",
    "subscriptions",
    "sources",
    "tax_ids",
    "cash_balance",
    "refunds",
    "tax",
}
"""Fields that Stripe sends only when they are asked for with `expand`."""


def shaped(kind: type, **values: Any) -> Object:
    """Return an object with every field that the package annotates on `kind`, null where Stripe allows it.

    Raises:
        TypeError: A field that is never null was left out, or one given that `kind` does not have.
    """
    fields = {name: hint for name, hint in kind.__annotations__.items() if name != "OBJECT_NAME"}
    unknown = values.keys() - fields.keys() - {"_sandbox"}
    absent = [name for name, hint in fields.items() if name not in values and not _may_be_null(hint)]
    if unknown or absent:
        raise TypeError(f"{kind.__name__}: unknown {sorted(unknown)}, left out {absent}")
    left_out = (INCLUDABLE | {"deleted"}) - values.keys()
    shape = {name: values.get(name) for name in fields if name not in left_out}
    return {**shape, **{name: value for name, value in values.items() if name == "_sandbox"}}


def _may_be_null(hint: Any) -> bool:
    if isinstance(hint, ForwardRef):
        hint = hint.__forward_arg__
    return hint.startswith("Optional[") if isinstance(hint, str) else type(None) in get_args(hint)


def listed(url: str, data: list[Object], *, has_more: bool = False) -> Object:
    """Return Stripe's list object."""
    return {"object": "list", "data": data, "has_more": has_more, "url": url}


def public(document: Any) -> Any:
    """Return a document without what is the sandbox's own business (keys that begin with `_sandbox`)."""
    if isinstance(document, dict):
        return {key: public(value) for key, value in document.items() if key != "_sandbox"}
    return [public(value) for value in document] if isinstance(document, list) else document
