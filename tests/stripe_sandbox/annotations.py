"""The shapes that the `stripe` package annotates, and what a document has otherwise."""

import ast
import builtins
import inspect
import sys
import types
from decimal import Decimal
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any, ForwardRef, Literal, Union, get_args, get_origin

import stripe


def fields_of(kind: type) -> dict[str, Any]:
    return {name: hint for name, hint in kind.__annotations__.items() if name not in {"OBJECT_NAME", "deleted"}}


class Names(dict[str, Any]):
    """What a class's annotations mean by their names: most of them are imported for type checkers only."""

    def __init__(self, kind: type) -> None:
        module = sys.modules[kind.__module__]
        super().__init__({**vars(builtins), **vars(sys.modules["typing"]), **vars(module), "Decimal": Decimal})
        self |= {name: getattr(kind, name) for name in dir(kind) if isinstance(getattr(kind, name), type)}
        self.imported = imports_of(module)

    def __missing__(self, name: str) -> Any:
        return getattr(import_module(self.imported[name][0]), self.imported[name][1])


@cache
def imports_of(module: ModuleType) -> dict[str, tuple[str, str]]:
    return {
        alias.asname or alias.name: (node.module or "", alias.name)
        for node in ast.walk(ast.parse(inspect.getsource(module)))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def resolved(hint: Any, kind: type) -> Any:
    if isinstance(hint, ForwardRef):
        hint = hint.__forward_arg__
    if isinstance(hint, str):
        return eval(hint, {}, Names(kind))  # noqa: S307 - annotations of the stripe package
    return hint


def complaints(value: Any, hint: Any, where: str, kind: type) -> list[str]:
    """Compare a value with an annotation, all the way down."""
    hint = resolved(hint, kind)
    origin, args = get_origin(hint), get_args(hint)
    if origin in {Union, types.UnionType}:
        tried = [complaints(value, each, where, kind) for each in args]
        return [] if [] in tried else min(tried, key=len)
    if hint is Any or hint is None or isinstance(hint, ForwardRef):
        return []
    if hint is type(None):
        return [] if value is None else [f"{where}: {value!r} is not null"]
    if origin is Literal:
        return [] if value in args else [f"{where}: {value!r} is none of {args}"]
    if origin is list:
        if not isinstance(value, list):
            return [f"{where}: {value!r} is no list"]
        return [each for n, item in enumerate(value) for each in complaints(item, args[0], f"{where}[{n}]", kind)]
    if isinstance(origin, type) and issubclass(origin, stripe.ListObject):
        return [
            each
            for n, item in enumerate(value["data"])
            for each in complaints(item, args[0], f"{where}.data[{n}]", kind)
        ]
    if origin is not None:  # metadata and other free dictionaries
        return [] if isinstance(value, dict) else [f"{where}: {value!r} is no object"]
    if hint is Decimal:
        return [] if isinstance(value, str) else [f"{where}: {value!r} is no decimal string"]
    if isinstance(hint, type) and issubclass(hint, stripe.StripeObject):
        return wrong_in(value, hint, where) if isinstance(value, dict) else [f"{where}: {value!r} is no object"]
    if isinstance(hint, type):
        right = isinstance(value, hint) and not (hint is int and isinstance(value, bool))
        return [] if right else [f"{where}: {value!r} is no {hint.__name__}"]
    return []


def wrong_in(document: dict[str, Any], kind: type, where: str) -> list[str]:
    fields = fields_of(kind)
    unknown = [f"{where}.{name}: unknown" for name in document if name not in fields]
    missing = []
    for name, hint in fields.items():
        optional = "Optional" in str(hint) or "None" in str(hint)
        if name not in document and not optional:
            missing.append(f"{where}.{name}: missing")
    wrong = [
        each
        for name, value in document.items()
        if name in fields
        for each in complaints(value, fields[name], f"{where}.{name}", kind)
    ]
    return unknown + missing + wrong
