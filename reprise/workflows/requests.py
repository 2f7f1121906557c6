"""Commands on their way through an account: each waits its turn, is taken, is answered, and its answer remembered."""

import hashlib
from collections import OrderedDict
from collections.abc import Iterable

from reprise.schemas.accounts import AccountView
from reprise.statemachine.commands import AnyCommand, Command, OpenAccount
from reprise.workflows.fingerprints import answered_fingerprint, fingerprint
from reprise.workflows.messages import Answer, AnsweredCommand, PendingCommand, Refusal

ANSWERS_KEPT = 64
"""How many answers an account remembers, so that a repeated command gets its first answer (R14)."""


class Request:
    """A command on its way: waiting to be taken, then for what it started, then answered."""

    def __init__(self, command: Command, command_id: str | None) -> None:
        """Take the command, and the id by which a repeat of it is known."""
        self.command = command
        self.command_id = command_id
        self.refusal: Refusal | None = None
        self.answer: Answer | None = None


class Requests:
    """All commands of one account that are not answered yet, in their order, and the latest answers."""

    def __init__(self, answered: Iterable[AnsweredCommand], *, of_nobody: bool = False) -> None:
        """Remember what earlier runs have answered; `of_nobody`: without ids that may name people (R13)."""
        self._of_nobody = of_nobody
        self.waiting: list[Request] = []
        self.taken: list[Request] = []
        self._on_their_way: dict[str | None, Request] = {}
        # As JSON: an account that sleeps for a month keeps up to 64, and as objects they take some three times as much.
        self._answered = OrderedDict((each.command_id, each.answer.model_dump_json()) for each in answered)

    def take_up(self, pending: Iterable[PendingCommand]) -> None:
        """Take up the commands that a run has left unanswered which was ended from outside (R27)."""
        for each in pending:
            request = Request(each.command, each.command_id)
            request.refusal = each.refusal
            (self.taken if each.taken else self.waiting).append(request)
            if each.command_id:
                self._on_their_way[each.command_id] = request

    def pending(self) -> tuple[PendingCommand, ...]:
        """Return the commands that are not answered yet: those that were taken, then those that wait."""
        taken = [(each, True) for each in self.taken] + [(each, False) for each in self.waiting]
        return tuple(
            PendingCommand(command=each.command, command_id=each.command_id, taken=was_taken, refusal=each.refusal)
            for each, was_taken in taken
            if isinstance(each.command, OpenAccount | AnyCommand)
        )

    def on_its_way(self, command_id: str | None) -> Request | None:
        """Return the command of this id that is not answered yet."""
        return self._on_their_way.get(command_id)

    def answer_at_once(self, command: Command, command_id: str | None, account: AccountView) -> None:
        """Answer a command that has waited for nothing."""
        request = Request(command, command_id)
        self.taken.append(request)
        self.give_answer(request, account)

    def submit(self, command: Command, command_id: str | None) -> Request:
        """Let a command wait its turn. A repeat of one on its way is that one."""
        request = self._on_their_way.get(command_id)
        if request is None:
            request = Request(command, command_id)
            self.waiting.append(request)
            if command_id:
                self._on_their_way[command_id] = request
        return request

    def take(self) -> Request:
        """Take the command that has waited longest."""
        request = self.waiting.pop(0)
        self.taken.append(request)
        return request

    def give_answer(self, request: Request, account: AccountView) -> None:
        """Answer a command that was taken, and remember the answer."""
        request.answer = Answer(
            account=account, fingerprint=answered_fingerprint(request.command), refusal=request.refusal
        )
        self.taken.remove(request)
        if request.command_id is not None:
            self._on_their_way.pop(request.command_id, None)
            known_as = _unnamed(request.command_id) if self._of_nobody else request.command_id
            self._answered[known_as] = request.answer.model_dump_json()
            while len(self._answered) > ANSWERS_KEPT:
                self._answered.popitem(last=False)

    def answer_to(self, command_id: str | None) -> Answer | None:
        """Return the first answer to a command id, if it is remembered."""
        answer = self._answered.get(command_id or "") or self._answered.get(_unnamed(command_id or ""))
        return Answer.model_validate_json(answer) if answer else None

    def first_fingerprint(self, command_id: str | None) -> str | None:
        """Return the fingerprint of the command that came with an id first; None when the id is new."""
        if answer := self.answer_to(command_id):
            return answer.fingerprint
        request = self._on_their_way.get(command_id)
        return fingerprint(request.command) if request else None

    def forget_answers(self) -> None:
        """Forget all answers: they name the customer (R13). Ids of later ones may name people, and are kept hashed."""
        self._of_nobody = True
        self._answered.clear()

    def remembered(self) -> tuple[AnsweredCommand, ...]:
        """Return the answers for the next run, oldest first."""
        return tuple(
            AnsweredCommand(command_id=key, answer=Answer.model_validate_json(answer))
            for key, answer in self._answered.items()
        )


def _unnamed(command_id: str) -> str:
    return f"sha256-{hashlib.sha256(command_id.encode(errors='surrogatepass')).hexdigest()}"
