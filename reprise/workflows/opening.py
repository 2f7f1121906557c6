"""How a run's input becomes an account: taken up where the run before has left it, or opened (R1)."""

from datetime import datetime

from temporalio.exceptions import ApplicationError

from reprise.statemachine import editions, machine
from reprise.statemachine.machine import Decision
from reprise.workflows.messages import AccountRun


def taken_up(run: AccountRun, now: datetime, first_run_id: str) -> Decision:
    """Return the account of a run's input, and what opening it asks for.

    Args:
        run: The input.
        now: When the run began, in UTC.
        first_run_id: The first run of its chain. It is the account's life (R8): the same behind every reset, where what
            was random is another, so that the invoices of this life are found again.

    Raises:
        Refused: The account cannot be opened.
        RuntimeError: The run is to decide by rules that this release does not know (R28).
        ApplicationError: There is neither an account nor one to open.
    """
    if run.edition > editions.NEWEST:
        raise RuntimeError(f"This worker knows the rules up to edition {editions.NEWEST}, not {run.edition}.")
    if run.account is not None:
        return Decision(run.account, ())
    if run.opening is None:
        raise ApplicationError("A run needs an account, or one to open.", type="invalid_request", non_retryable=True)
    life = first_run_id if run.edition >= 2 else None
    return machine.open_account(run.opening, now, edition=run.edition, life=life)
