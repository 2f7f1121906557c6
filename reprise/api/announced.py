"""The `webhooks` of the OpenAPI document: what Reprise sends to the product's endpoints (R18)."""

from typing import Any, Final

from fastapi import FastAPI

from reprise.api import openapi
from reprise.schemas.announcement_catalogue import CATALOGUE, example_of
from reprise.schemas.announcements import Announcement
from reprise.statemachine.timeline import EntryType

HEADERS: Final = {
    "webhook-id": ("`<account_id>:<sequence>`: the same each time it is sent.", "shop-42:7"),
    "webhook-timestamp": ("When this was sent, in seconds since 1970: refuse what is old.", "1801389600"),
    "webhook-signature": (
        "`v1,` and a signature in Base64; two of them, with a space between, while a secret is exchanged.",
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    ),
    "user-agent": ("`Reprise/` and its version.", "Reprise/0.2.0"),
}
"""What each announcement carries, by Standard Webhooks (standardwebhooks.com)."""


def webhooks() -> dict[str, Any]:
    """Return every type of announcement as OpenAPI describes a webhook, with an example."""
    return {kind.value: {"post": _described(kind)} for kind in EntryType}


def _described(kind: EntryType) -> dict[str, Any]:
    schema = {
        "allOf": [{"$ref": openapi.REF.format(model="Announcement")}, {"properties": {"type": {"const": kind.value}}}]
    }
    example = example_of(kind)
    return {
        "operationId": kind.value.replace(".", "_"),
        "summary": kind.value,
        "description": CATALOGUE[kind].when,
        "tags": ["announcements"],
        "parameters": [
            {
                "name": name,
                "in": "header",
                "required": True,
                "description": said,
                "schema": {"type": "string"},
                "example": shown,
            }
            for name, (said, shown) in HEADERS.items()
        ],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": schema, "example": example.as_json()}},
        },
        "responses": {
            "2XX": {"description": "Taken. Answer once it is kept: it is not sent again."},
            "default": {"description": "Not taken, or no answer within ten seconds: it is sent again, for days."},
        },
    }


def document(app: FastAPI) -> None:
    """Put the announcements into the OpenAPI document."""

    def add(schema: dict[str, Any]) -> None:
        openapi.add_model(schema, Announcement)
        schema["webhooks"] = webhooks()

    openapi.extend(app, add)
