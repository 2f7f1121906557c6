"""The OpenAPI document: what FastAPI makes, and what parts of the API add to it."""

from collections.abc import Callable, Iterator
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel

REF = "#/components/schemas/{model}"


def extend(app: FastAPI, change: Callable[[dict[str, Any]], None]) -> None:
    """Let `change` alter the document in place, once, when it is made: FastAPI's documented way to extend it."""
    made = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema:
            return app.openapi_schema
        schema = made()
        change(schema)
        return schema

    app.openapi = openapi  # type: ignore[method-assign]


def operations(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield every operation of the document."""
    for methods in schema["paths"].values():
        yield from methods.values()


def add_model(schema: dict[str, Any], model: type[BaseModel]) -> None:
    """Add to the document a model, and those it is made of, that no operation names as FastAPI expects it."""
    own = model.model_json_schema(mode="serialization", ref_template=REF)
    schema["components"]["schemas"].update(own.pop("$defs", {}), **{model.__name__: own})
