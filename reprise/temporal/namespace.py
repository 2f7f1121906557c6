"""What a Temporal namespace must know before accounts can live in it: the search attributes, registered once."""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.client import Client
from temporalio.common import SearchAttributeKey
from temporalio.service import RPCError, RPCStatusCode

from reprise.temporal.search_attributes import SEARCH_ATTRIBUTES

_LOOKS: Final = 150
"""How often it is looked whether a server shows what was registered: half a minute."""

_PAUSE: Final = 0.2
"""Seconds between two looks."""


class NamespaceNotReady(Exception):  # noqa: N818 - it is not
    """The namespace cannot be made ready; the sentence says why, and what to do."""


def type_name(key: SearchAttributeKey[Any]) -> str:
    """Return the type of a search attribute as Temporal's command line writes it: `Keyword`, `Int`, `Datetime`."""
    name = IndexedValueType.Name(IndexedValueType.ValueType(key.indexed_value_type))
    return name.removeprefix("INDEXED_VALUE_TYPE_").title().replace("_", "")


async def register(client: Client, keys: Sequence[SearchAttributeKey[Any]] = SEARCH_ATTRIBUTES) -> tuple[str, ...]:
    """Register what is missing of the search attributes in the client's namespace, and wait until the server shows it.

    Returns:
        The names of those that were missing; none of them a second time.

    Raises:
        NamespaceNotReady: There is no such namespace, one is registered with another type, the server does not let
            them be registered, or does not show them.
        RPCError: The server is out of reach.
    """
    missing = await _missing(client, keys)
    if not missing:
        return ()
    given = {each.name: IndexedValueType.ValueType(each.indexed_value_type) for each in missing}
    try:
        await client.operator_service.add_search_attributes(
            AddSearchAttributesRequest(namespace=client.namespace, search_attributes=given)
        )
    except RPCError as error:
        if error.status in {RPCStatusCode.PERMISSION_DENIED, RPCStatusCode.UNIMPLEMENTED}:
            raise NamespaceNotReady(_by_hand(client.namespace, missing)) from error
        if error.status is not RPCStatusCode.ALREADY_EXISTS:  # by somebody else, at the same moment
            raise
    for _ in range(_LOOKS):
        if not await _missing(client, keys):
            return tuple(given)
        await asyncio.sleep(_PAUSE)
    raise NamespaceNotReady(
        f"The server has taken the search attributes of {client.namespace!r}, and does not show them yet: run it again."
    )


async def check(client: Client) -> None:
    """See that accounts can live in the client's namespace: one that shows what it does not know stands still.

    Where the server does not say what it knows (a key without that right), nothing is complained of.

    Raises:
        NamespaceNotReady: Search attributes are missing, or of another type; there is no such namespace.
        RPCError: The server is out of reach.
    """
    if missing := await _missing(client, SEARCH_ATTRIBUTES, may_be_secret=True):
        names = ", ".join(each.name for each in missing)
        raise NamespaceNotReady(
            f"The namespace {client.namespace!r} lacks the search attributes {names}. Add them, then start again:"
            f" reprise setup-namespace --namespace {client.namespace}"
        )


async def _missing(
    client: Client, keys: Sequence[SearchAttributeKey[Any]], *, may_be_secret: bool = False
) -> list[SearchAttributeKey[Any]]:
    try:
        known = await client.operator_service.list_search_attributes(
            ListSearchAttributesRequest(namespace=client.namespace)
        )
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            raise NamespaceNotReady(
                f"There is no namespace {client.namespace!r}. Make it first:"
                f" temporal operator namespace create --namespace {client.namespace}"
            ) from error
        if error.status in {RPCStatusCode.PERMISSION_DENIED, RPCStatusCode.UNIMPLEMENTED}:
            if may_be_secret:
                return []
            raise NamespaceNotReady(_by_hand(client.namespace, keys)) from error
        raise
    for each in keys:
        kind = known.custom_attributes.get(each.name)
        if kind is not None and int(kind) != int(each.indexed_value_type):
            found = IndexedValueType.Name(kind).removeprefix("INDEXED_VALUE_TYPE_").title()
            raise NamespaceNotReady(
                f"The search attribute {each.name} of {client.namespace!r} is registered as {found}, and must be"
                f" {type_name(each)}: use another namespace, or remove it there if nothing else uses it."
            )
    return [each for each in keys if each.name not in known.custom_attributes]


def _by_hand(namespace: str, keys: Sequence[SearchAttributeKey[Any]]) -> str:
    """Return how they are registered where the server takes them from its own command line alone (Temporal Cloud)."""
    given = " ".join(f'--sa "{each.name}={type_name(each)}"' for each in keys)
    return (
        "The server does not let search attributes be registered over its API. In Temporal Cloud, an account owner or"
        f" namespace admin does it: tcld namespace search-attributes add --namespace {namespace} {given}"
    )
