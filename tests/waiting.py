"""The one way to wait for a condition."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, overload

T = TypeVar("T")


@overload
async def until(ask: Callable[[], Awaitable[T | None]], *, seconds: float = ..., every: float = ...) -> T: ...
@overload
async def until(ask: Callable[[], T | None], *, seconds: float = ..., every: float = ...) -> T: ...
@overload
async def until(
    ask: Callable[[], Awaitable[T]], holds: Callable[[T], object], *, seconds: float = ..., every: float = ...
) -> T: ...
@overload
async def until(
    ask: Callable[[], T], holds: Callable[[T], object], *, seconds: float = ..., every: float = ...
) -> T: ...
async def until(
    ask: Callable[[], Any], holds: Callable[[Any], object] | None = None, *, seconds: float = 20, every: float = 0.02
) -> Any:
    """Ask until the answer is true, or until something holds of it; return that answer.

    Args:
        ask: A function or a coroutine function. What it raises ends the wait.
        holds: What is wanted of the answer; by default, that it is true.
        seconds: After how long it is given up.
        every: Seconds between two questions; Stripe itself is asked more rarely.

    Raises:
        TimeoutError: It was not so in time. It says what was waited for, and the last answer.
    """
    answer: Any = None
    try:
        async with asyncio.timeout(seconds) as limit:
            while True:
                asked = ask()
                answer = await asked if inspect.isawaitable(asked) else asked
                if holds(answer) if holds else answer:
                    return answer
                await asyncio.sleep(every)
    except TimeoutError as over:
        if not limit.expired():
            raise
        wanted = "".join(dict.fromkeys(_source(each) for each in (ask, holds) if each))
        raise TimeoutError(
            f"Not so within {seconds:g} seconds:\n{wanted}The last answer was {answer!r:.1000}"
        ) from over


def _source(function: Callable[..., Any]) -> str:
    try:
        return inspect.getsource(function)
    except (OSError, TypeError):
        return f"{function!r}\n"
