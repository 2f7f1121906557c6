"""Progress bars on standard error, for commands that take long."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def progress(what: str, total: int | None, *, quiet: bool) -> Iterator[Callable[[], None]]:
    """Show how far a command is while the block lasts; what is yielded takes a step.

    Args:
        what: What is being done, in a word or two.
        total: How many steps there are, if that is known.
        quiet: Show nothing: a program reads what the command says.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    hidden = quiet or not sys.stderr.isatty()
    with Progress(*columns, console=Console(stderr=True), disable=hidden, transient=True) as shown:
        task = shown.add_task(what, total=total)
        yield lambda: shown.advance(task)
