"""`reprise demo`: the whole story, on real parts."""

from typing import Annotated

import typer


def demo(
    keep: Annotated[bool, typer.Option("--keep", help="Leave everything running at the end, until Ctrl-C.")] = False,
) -> None:
    """Tell an account's life on real parts: open, cancel, disabled, back with the upfront payment, renewed.

    Everything it prints is read back from the API and from Stripe's side. It fails if anything is not as the rules say.
    """
    from reprise.local.demo import tell
    from reprise.local.signals import run_and_leave

    run_and_leave(tell(keep=keep), when_signalled=0 if keep else 130)
