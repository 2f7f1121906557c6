"""What each edition of the rules decides, kept: `make decisions`.

For some random lives by each edition, a digest of all that is decided and said at each step. R28: what an edition has
once decided for accounts that run, it decides for ever; `test_decided.py` compares.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from pydantic import BaseModel

from reprise.statemachine import machine
from reprise.statemachine.access import access_until
from reprise.statemachine.deadlines import deadline_of
from reprise.statemachine.machine import Decision
from reprise.statemachine.refusals import Refused
from reprise.statemachine.waiting import next_action, retries_ahead
from tests.statemachine.lives import Step, in_words, life
from tests.statemachine.standings import EDITIONS

FOLDER: Final = Path(__file__).parent / "decisions"
LIVES: Final = 70


def file_of(edition: int) -> Path:
    """Where the digests of an edition are kept: a line for each life, a digest for each of its steps."""
    return FOLDER / f"edition-{edition}"


def digests(number: int, edition: int) -> Iterator[tuple[Step, str]]:
    """Return each step of a life with the digest of what is decided there."""
    for step in life(number, edition):
        yield step, hashlib.sha256("\n".join(answers(step)).encode()).hexdigest()[:8]


def answers(step: Step) -> Iterator[str]:
    """Return what the core says of an account as it stands, and what it decides about all that may come."""
    account, now = step.account, step.now
    yield f"access until {access_until(account)}, next {next_action(account)}, {deadline_of(account)!s}"
    yield f"tried again {', '.join(map(str, retries_ahead(account)))}"
    try:
        yield f"coming back costs {_in_full(machine.quote(account, now))}"
    except Refused as refused:
        yield f"coming back is refused: {_said(refused)}"
    yield f"on a hint: {_written(machine.hint(account, now))}"
    yield f"on a hint about another payment: {_written(machine.hint(account, now, f'{account.account_id}:9'))}"
    yield f"on a hint that the customer is gone: {_written(machine.hint(account, now, customer_deleted=True))}"
    for event in step.may_come:
        try:
            decided = _written(machine.take(account, event, now))
        except Refused as refused:
            decided = f"refused: {_said(refused)}"
        yield f"{in_words(event)}: {decided}"


def _said(refused: Refused) -> str:
    quote = f", {_in_full(refused.quote)}" if refused.quote else ""
    return f"{refused.code.value}, {refused.field}, {refused}{quote}"


def _written(decision: Decision) -> str:
    effects = "; ".join(f"{type(each).__name__} {_in_full(each)}" for each in decision.effects)
    return f"{_in_full(decision.account)}; {effects}"


def _in_full(model: BaseModel) -> str:
    """Return all that a model says; what a field says that later releases add, and by default, is no decision."""
    return model.model_dump_json(exclude_defaults=True)


def main() -> None:
    """Write down what the editions decide now."""
    FOLDER.mkdir(exist_ok=True)
    for edition in EDITIONS:
        lines = (" ".join(digest for _, digest in digests(number, edition)) for number in range(LIVES))
        file_of(edition).write_text("".join(f"{line}\n" for line in lines))


if __name__ == "__main__":
    main()
