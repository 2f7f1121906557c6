"""A request of the HTTP contract as data: what is sent, and how its answer is read."""

import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Generic, Literal, TypeVar
from urllib.parse import quote

import httpx
from pydantic import TypeAdapter, ValidationError

from reprise.client.errors import InvalidArgument, UnreadableAnswer
from reprise.schemas.accounts import AccountView
from reprise.statemachine.unknown import READING

_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")

T = TypeVar("T")
Item = TypeVar("Item")


@dataclass(frozen=True)
class CommandResult:
    """The account as it stands after a command.

    `finished` is false where the API answered 202: the command was taken, and goes on by itself. The account's
    `payment` says what it waits for; with `action_url`, the payer has to confirm the payment there (R10).
    `idempotency_key` is the key under which a repeat gets the same answer (R14).
    """

    account: AccountView
    finished: bool
    idempotency_key: str


@dataclass(frozen=True)
class Request(Generic[T]):
    """One request: it does nothing by itself; a client sends it and reads its answer."""

    method: Literal["GET", "POST", "PUT"]
    path: str
    read: Callable[[httpx.Response], T]
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    idempotency_key: str | None = None


@dataclass(frozen=True)
class Page(Generic[T, Item]):
    """A request for one page of a list, and what to read of its answer to go on."""

    request: Request[T]
    items: Callable[[T], list[Item]]
    next_cursor: Callable[[T], str | None]

    def after(self, answer: T) -> Request[T] | None:
        """Return the request for the page that follows an answer; None when that was the last."""
        cursor = self.next_cursor(answer)
        return replace(self.request, query={**self.request.query, "cursor": cursor}) if cursor else None


def account_path(account_id: str, operation: str = "") -> str:
    """Return the path of an account, or of an operation on it.

    Raises:
        InvalidArgument: The id is empty, or no text.
    """
    try:
        path = f"/v1/accounts/{quote(account_id, safe='')}"
    except UnicodeEncodeError as error:
        raise InvalidArgument("An account's id is text, such as shop-42.") from error
    if not account_id:
        raise InvalidArgument("An account's id is not empty.")
    return f"{path}/{operation}" if operation else path


def read_as(kind: Any) -> Callable[[httpx.Response], Any]:
    """Return how an answer is read as `kind`: fields and enum values that this release does not know do not fail it."""
    adapter: TypeAdapter[Any] = TypeAdapter(kind)

    def read(response: httpx.Response) -> Any:
        try:
            return adapter.validate_json(response.content, context=READING, extra="ignore")
        except ValidationError as error:
            raise UnreadableAnswer(response) from error

    return read


def nothing(response: httpx.Response) -> None:
    """Read an answer that says no more than that it is done."""


def reading(path: str, kind: type[T], **query: Any) -> Request[T]:
    """Return a request that only looks."""
    return Request("GET", path, read_as(kind), query=sent(query))


def posting(path: str, read: Callable[[httpx.Response], T], **body: Any) -> Request[T]:
    """Return a request that makes something other than a command to an account."""
    return Request("POST", path, read, body=sent(body), idempotency_key=new_key())


def commanding(
    method: Literal["POST", "PUT"], path: str, idempotency_key: str | None, **body: Any
) -> Request[CommandResult]:
    """Return a command to an account, under its idempotency key: the one given, or a new one.

    Raises:
        InvalidArgument: The key given is none.
    """
    key = new_key() if idempotency_key is None else idempotency_key
    if not _KEY.fullmatch(key):
        raise InvalidArgument("An idempotency key is 1 to 255 visible ASCII characters.")
    read_account = read_as(AccountView)

    def read(response: httpx.Response) -> CommandResult:
        return CommandResult(read_account(response), finished=response.status_code != 202, idempotency_key=key)

    return Request(method, path, read, body=sent(body), idempotency_key=key)


def new_key() -> str:
    """Return an idempotency key that nothing else has."""
    return str(uuid.uuid4())


_ANYTHING: Final[TypeAdapter[Any]] = TypeAdapter(Any)


def sent(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return fields as JSON has them; what is None, or was not set, is left to the API and its own defaults."""
    given = {name: value for name, value in fields.items() if value is not None}
    made: dict[str, Any] = _ANYTHING.dump_python(given, mode="json", exclude_unset=True)
    return made
