"""The client, over sockets that block and over sockets that do not: the same operations, each described once."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from copy import copy
from dataclasses import replace
from functools import update_wrapper, wraps
from types import TracebackType
from typing import Any, Generic, ParamSpec, Self, TypeVar, overload

import httpx

from reprise.client import operations
from reprise.client.exchange import Exchange, Options, Outcome, Pause, Send, exchange
from reprise.client.lease import AccessLease, leased
from reprise.client.requests import Page, Request

P = ParamSpec("P")
T = TypeVar("T")
Item = TypeVar("Item")


class _Operation(Generic[P, T]):
    """An operation as a method: its answer of a `Client`, something to await of an `AsyncClient`."""

    def __init__(self, describe: Callable[P, Request[T]]) -> None:
        self._describe = describe
        self.__doc__ = describe.__doc__

    @overload
    def __get__(self, client: "Client", owner: type) -> Callable[P, T]: ...
    @overload
    def __get__(self, client: "AsyncClient", owner: type) -> Callable[P, Awaitable[T]]: ...
    @overload
    def __get__(self, client: None, owner: type) -> Self: ...
    def __get__(self, client: Any, owner: type) -> Any:
        if client is None:
            return self

        def ask(*args: P.args, **kwargs: P.kwargs) -> Any:
            return client.send(self._describe(*args, **kwargs))

        return update_wrapper(ask, self._describe)


class _Everything(Generic[P, T, Item]):
    """A list as a method: all of it, page by page as it is gone through."""

    def __init__(self, describe: Callable[P, Page[T, Item]]) -> None:
        self._describe = describe
        self.__doc__ = describe.__doc__

    @overload
    def __get__(self, client: "Client", owner: type) -> Callable[P, Iterator[Item]]: ...
    @overload
    def __get__(self, client: "AsyncClient", owner: type) -> Callable[P, AsyncIterator[Item]]: ...
    @overload
    def __get__(self, client: None, owner: type) -> Self: ...
    def __get__(self, client: Any, owner: type) -> Any:
        if client is None:
            return self

        def ask(*args: P.args, **kwargs: P.kwargs) -> Any:
            return client.pages(self._describe(*args, **kwargs))

        return update_wrapper(ask, self._describe)


def _one_page(describe: Callable[P, Page[T, Item]]) -> Callable[P, Request[T]]:
    @wraps(describe)
    def of_page(*args: P.args, **kwargs: P.kwargs) -> Request[T]:
        return describe(*args, **kwargs).request

    return of_page


class _Operations:
    """The operations, of both clients; what each takes and says stands in `operations.py`."""

    open_account = _Operation(operations.open_account)
    get_account = _Operation(operations.get_account)
    list_accounts = _Operation(_one_page(operations.list_accounts))
    iter_accounts = _Everything(operations.list_accounts)
    count_accounts = _Operation(operations.count_accounts)
    get_access = _Operation(operations.get_access)

    cancel = _Operation(operations.cancel)
    get_reactivation_quote = _Operation(operations.get_reactivation_quote)
    reactivate = _Operation(operations.reactivate)
    set_carts = _Operation(operations.set_carts)
    set_email = _Operation(operations.set_email)
    set_payment_method = _Operation(operations.set_payment_method)
    get_payment_method = _Operation(operations.get_payment_method)
    list_timeline = _Operation(_one_page(operations.list_timeline))
    iter_timeline = _Everything(operations.list_timeline)
    list_invoices = _Operation(_one_page(operations.list_invoices))
    iter_invoices = _Everything(operations.list_invoices)
    create_billing_portal = _Operation(operations.create_billing_portal)

    create_portal_session = _Operation(operations.create_portal_session)
    revoke_portal_sessions = _Operation(operations.revoke_portal_sessions)

    disable = _Operation(operations.disable)
    enable = _Operation(operations.enable)
    extend_term = _Operation(operations.extend_term)
    change_plan = _Operation(operations.change_plan)
    close_account = _Operation(operations.close_account)
    restore = _Operation(operations.restore)
    get_record = _Operation(operations.get_record)
    revoke_token = _Operation(operations.revoke_token)
    revoke_subject = _Operation(operations.revoke_subject)
    begin_reconciliation = _Operation(operations.begin_reconciliation)
    get_reconciliation = _Operation(operations.get_reconciliation)
    list_pending_announcements = _Operation(_one_page(operations.list_pending_announcements))
    iter_pending_announcements = _Everything(operations.list_pending_announcements)
    get_announcements = _Operation(operations.get_announcements)
    resend_announcements = _Operation(operations.resend_announcements)
    set_announcements = _Operation(operations.set_announcements)
    set_announcements_of_all = _Operation(operations.set_announcements_of_all)
    test_announcements = _Operation(operations.test_announcements)
    get_readiness = _Operation(operations.get_readiness)


class Client(_Operations):
    """Reprise's API, for code that waits for answers.

    Requests are tried again, under the same idempotency key, while the API is out of reach or turns them away, for up
    to `retry_for` seconds. What comes to nothing raises a `ClientError`; an answer of 202 is a `CommandResult` that is
    not `finished`.
    """

    def __init__(
        self,
        url: str,
        token: str | Callable[[], str] | None = None,
        *,
        timeout: float = 30.0,
        retry_for: float = 60.0,
        respond_async: bool = False,
        http: httpx.Client | None = None,
    ) -> None:
        """Take where the API is, and who asks.

        Args:
            url: Of the API, without `/v1`.
            token: A bearer token, or what returns one, asked before each try.
            timeout: Seconds that one try may take.
            retry_for: Seconds in which a request is tried again; 0 for one try.
            respond_async: Do not wait for the answers of commands.
            http: What sends requests, for certificates and proxies of your own; closing it is yours.

        Raises:
            InvalidArgument: `url` is none.
        """
        self.options = Options(url, token, timeout, retry_for, respond_async)
        self._owned = httpx.Client(trust_env=self.options.trusts_environment) if http is None else None
        self._http = http or self._owned or httpx.Client()

    def with_options(
        self, *, timeout: float | None = None, retry_for: float | None = None, respond_async: bool | None = None
    ) -> "Client":
        """Return a client with other options, over the same connections."""
        return _with(self, timeout=timeout, retry_for=retry_for, respond_async=respond_async)

    def send(self, request: Request[T]) -> T:
        """Send any request, and return its answer."""
        return self._drive(exchange(request, self.options))

    def pages(self, page: Page[T, Item]) -> Iterator[Item]:
        """Go through a list, from page to page."""
        request: Request[T] | None = page.request
        while request is not None:
            answer = self.send(request)
            yield from page.items(answer)
            request = page.after(answer)

    def has_access(self, lease: AccessLease) -> bool:
        """Say whether an account may work now, also while the API is out of reach (R16).

        Raises:
            ClientError: The API is out of reach, and has not been asked before; or there is no such account.
        """
        return self._drive(leased(lease, self.options))

    def close(self) -> None:
        """Close the connections."""
        if self._owned is not None:
            self._owned.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _drive(self, steps: Exchange[T]) -> T:
        outcome: Outcome = None
        while True:
            try:
                step = steps.send(outcome)
            except StopIteration as done:
                answer: T = done.value
                return answer
            outcome = None
            match step:
                case Pause():
                    time.sleep(step.seconds)
                case Send():
                    try:
                        outcome = self._http.send(step.request)
                    except httpx.RequestError as error:
                        outcome = error


class AsyncClient(_Operations):
    """Reprise's API, for code on an event loop. Everything else is as with `Client`."""

    def __init__(
        self,
        url: str,
        token: str | Callable[[], str] | None = None,
        *,
        timeout: float = 30.0,
        retry_for: float = 60.0,
        respond_async: bool = False,
        http: httpx.AsyncClient | None = None,
    ) -> None:
        """Take where the API is, and who asks: as `Client`."""
        self.options = Options(url, token, timeout, retry_for, respond_async)
        self._owned = httpx.AsyncClient(trust_env=self.options.trusts_environment) if http is None else None
        self._http = http or self._owned or httpx.AsyncClient()

    def with_options(
        self, *, timeout: float | None = None, retry_for: float | None = None, respond_async: bool | None = None
    ) -> "AsyncClient":
        """Return a client with other options, over the same connections."""
        return _with(self, timeout=timeout, retry_for=retry_for, respond_async=respond_async)

    async def send(self, request: Request[T]) -> T:
        """Send any request, and return its answer."""
        return await self._drive(exchange(request, self.options))

    async def pages(self, page: Page[T, Item]) -> AsyncIterator[Item]:
        """Go through a list, from page to page."""
        request: Request[T] | None = page.request
        while request is not None:
            answer = await self.send(request)
            for each in page.items(answer):
                yield each
            request = page.after(answer)

    async def has_access(self, lease: AccessLease) -> bool:
        """Say whether an account may work now, also while the API is out of reach: as `Client.has_access`."""
        return await self._drive(leased(lease, self.options))

    async def close(self) -> None:
        """Close the connections."""
        if self._owned is not None:
            await self._owned.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.close()

    async def _drive(self, steps: Exchange[T]) -> T:
        outcome: Outcome = None
        while True:
            try:
                step = steps.send(outcome)
            except StopIteration as done:
                answer: T = done.value
                return answer
            outcome = None
            match step:
                case Pause():
                    await asyncio.sleep(step.seconds)
                case Send():
                    try:
                        outcome = await self._http.send(step.request)
                    except httpx.RequestError as error:
                        outcome = error


Either = TypeVar("Either", Client, AsyncClient)


def _with(client: Either, **options: Any) -> Either:
    other = copy(client)
    other.options = replace(client.options, **{name: each for name, each in options.items() if each is not None})
    other._owned = None  # noqa: SLF001 - what is shared is closed by whom it belongs to
    return other
