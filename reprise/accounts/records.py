"""The record of an account: all of it, as JSON with a version. Exports hold it, `restore` takes it (R25, R27)."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ModelWrapValidatorHandler, model_validator

from reprise.errors import InvalidInput
from reprise.statemachine.effects import Collect
from reprise.statemachine.record_checks import faults_of
from reprise.statemachine.terms import Instant
from reprise.workflows.messages import AccountRun


class AccountRecord(BaseModel):
    """An account whole: state, term, counters, timeline, answers to its latest commands, what waits to be done or told.

    It holds personal data. `version` names its form; what a form does not know is refused, never passed over.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    recorded_at: Annotated[Instant, Field(description="When the account stood so.")]
    run: Annotated[AccountRun, Field(description="What a run of its workflow goes on with.")]

    @model_validator(mode="wrap")
    @classmethod
    def _know_all_of_it(cls, given: Any, read: ModelWrapValidatorHandler["AccountRecord"]) -> "AccountRecord":
        record = read(given)
        if isinstance(given, dict) and (unknown := next(_unknown(given, record.model_dump(mode="json")), None)):
            raise ValueError(f"{unknown} is not known to this release, and would be lost")
        return record


def _unknown(given: Any, known: Any, path: str = "") -> Iterator[str]:
    """Yield where `given` holds what `known` does not."""
    if isinstance(given, dict) and isinstance(known, dict):
        for name, value in given.items():
            here = f"{path}.{name}" if path else str(name)
            if name in known:
                yield from _unknown(value, known[name], here)
            elif value is not None:
                yield here
    elif isinstance(given, list | tuple) and isinstance(known, list):
        for number, (value, its) in enumerate(zip(given, known, strict=False)):
            yield from _unknown(value, its, f"{path}.{number}")


def check_record(account_id: str, record: AccountRecord) -> AccountRun:
    """Return the content of a record that was given for an account, if that can be what it says.

    Raises:
        InvalidInput: It cannot; the field is named.
    """
    run = record.run
    account = run.account
    if account is None or run.opening is not None:
        raise InvalidInput("record.run.account", "is missing: a record is of an account that was opened")
    if account.account_id != account_id:
        raise InvalidInput("record.run.account.account_id", f"is {account.account_id!r}, not {account_id!r}")
    for fault in faults_of(account):
        raise InvalidInput(f"record.run.account.{fault.field}", fault.message)
    numbers = [entry.sequence for entry in run.outbox]
    if numbers != sorted(set(numbers)) or any(number > account.sequence for number in numbers):
        raise InvalidInput("record.run.outbox", f"must be in order, and end before entry {account.sequence + 1}")
    ids = [each.command_id for each in run.commands if each.command_id is not None]
    if len(ids) != len(set(ids)):
        raise InvalidInput("record.run.commands", "names a command twice")
    for each in run.effects:
        if isinstance(each.effect, Collect) and each.effect.payment != account.payment:
            raise InvalidInput("record.run.effects", "collects another payment than the account's own")
        if each.command_id is not None and each.command_id not in ids:
            raise InvalidInput("record.run.effects", f"waits for a command that is missing: {each.command_id[:50]!r}")
    return run
