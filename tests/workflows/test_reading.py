"""R20: what comes with a message, read or refused in words that help."""

from typing import Annotated, Any

import pytest
from pydantic import Field, ValidationError, model_validator

from reprise.statemachine.commands import (
    TEMPORAL_UI,
    UNKNOWN,
    Cancel,
    ChangePlan,
    Close,
    Command,
    Disable,
    ExtendTerm,
    SetCarts,
)
from reprise.workflows.messages import PaymentHint, ResendAnnouncements
from reprise.workflows.reading import described, dropped, example_of, read, read_command, unreadable
from tests.workflows.inside import Stage, logged


def _error(kind: type[Command], given: dict[str, Any]) -> ValidationError:
    with pytest.raises(ValidationError) as wrong:
        kind.model_validate(given)
    return wrong.value


class _Two(Command):
    of_pages = frozenset({"seen"})

    word: Annotated[str, Field(examples=["this", "that"])]
    seen: Annotated[str | None, Field(examples=["a page"])] = None


class _Verbose(Command):
    @model_validator(mode="after")
    def _says_much(self) -> "_Verbose":
        raise ValueError("x" * 300)


@pytest.mark.parametrize("given", [(), (None,), ({},)])
def test_nothing_is_a_message_of_defaults(given: tuple[Any, ...]) -> None:
    assert read(ResendAnnouncements, given) == ResendAnnouncements()


def test_a_message_is_read_whole_and_alone() -> None:
    """Several are none, whatever they are."""
    assert read(PaymentHint, ({"payment_key": "a1:1"},)) == PaymentHint(payment_key="a1:1")
    with pytest.raises(ValueError, match=r"^2 arguments instead of one$"):
        read(PaymentHint, (None, {"payment_key": "a1:1"}))


def test_R17_whoever_names_nobody_came_through_temporal() -> None:
    """A sender that says who asks is believed, also where it says that it does not know."""
    assert read_command(SetCarts, ({"carts": 4},)) == SetCarts(carts=4, actor=TEMPORAL_UI)
    assert read_command(SetCarts, ({"carts": 4, "actor": "ada"},)).actor.id == "ada"
    assert read_command(SetCarts, ({"carts": 4, "actor": {"kind": "operator"}},)).actor == UNKNOWN


def test_R20_a_refusal_names_each_field_up_to_five() -> None:
    """The first is the one that programs are told."""
    refusal = unreadable(Cancel, _error(Cancel, {"when": "soon", **dict.fromkeys("abcdefg", 1)}))
    assert (refusal.code, refusal.field) == ("invalid_request", "when")
    assert refusal.message == (
        "when: Input should be 'term_end' or 'now'; a: there is no such field; b: there is no such field; "
        "c: there is no such field; d: there is no such field. Nothing was changed. "
        'Send, for example, {"when": "now", "actor": "grace@example.com"}'
    )


def test_R20_a_refusal_is_as_long_as_it_must_be() -> None:
    """Names and sentences of other people's are cut; what is no field has no name."""
    refusal = unreadable(Cancel, _error(Cancel, {"x" * 101: 1}))
    assert refusal.field == "x" * 100
    refusal = unreadable(ExtendTerm, _error(ExtendTerm, {}))
    assert refusal.field is None
    assert refusal.message.startswith("give either until or days. Nothing")
    refusal = unreadable(ChangePlan, _error(ChangePlan, {"plan": {"currency": 7, "unit_amount": 1}}))
    assert refusal.field == "plan.currency"
    refusal = unreadable(Close, ValueError("no such thing"))
    assert (refusal.field, refusal.message.partition(".")[0]) == (None, "no such thing")
    assert unreadable(_Verbose, _error(_Verbose, {})).message.startswith(f"{'x' * 200}. Nothing was changed.")


def test_R20_what_could_be_sent() -> None:
    """The first example of each field that a person writes, and who they are."""
    assert example_of(SetCarts) == '{"carts": 5, "actor": "grace@example.com"}'
    assert example_of(_Two) == '{"word": "this", "actor": "grace@example.com"}'
    assert example_of(Close) == '{"actor": "grace@example.com"}'
    assert example_of(Cancel) == '{"when": "now", "actor": "grace@example.com"}'


def test_R20_a_description_is_what_a_command_does_and_what_it_takes() -> None:
    """Its first sentence alone; whether it needs anything."""
    assert described(Cancel) == (
        "Cancel, at the term's end or now (R3). "
        'Needs no input; may take: {"when": "now", "actor": "grace@example.com"}'
    )
    assert described(SetCarts) == (
        "Set the number of carts, from the next quote or renewal on (R11). "
        'Input: {"carts": 5, "actor": "grace@example.com"}'
    )


def test_R20_a_command_without_words_is_described_by_what_it_takes() -> None:
    assert described(_Verbose) == ' Input: {"actor": "grace@example.com"}'


async def test_R27_the_log_says_why_a_signal_was_dropped(on: Stage, caplog: pytest.LogCaptureFixture) -> None:
    """Fields and kinds of error, and nothing that was sent."""

    async def drop() -> None:
        dropped("disable", _error(Disable, {"reason": 7, "secret": "sk_live"}))
        dropped("enable", ValueError("sk_live"))

    await on.run(drop)
    told = [(each.signal, each.why) for each in logged(caplog, "a signal was dropped")]
    assert told == [("disable", "reason: string_type; secret: extra_forbidden"), ("enable", "ValueError")]
