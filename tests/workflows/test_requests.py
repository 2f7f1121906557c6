"""R14: commands on their way: which wait, which were taken, which are repeats, and which answers are remembered."""

from reprise.schemas.accounts import AccountView
from reprise.statemachine.commands import RestoreAccount, SetCarts
from reprise.workflows.account_views import account_view
from reprise.workflows.fingerprints import answered_fingerprint, fingerprint
from reprise.workflows.messages import PendingCommand, Refusal
from reprise.workflows.requests import Request, Requests
from tests.statemachine.book import Book

VIEW: AccountView = account_view(Book.open().account)
REFUSAL = Refusal(code="too_many_commands", message="why")


def carts(number: int) -> SetCarts:
    return SetCarts(carts=number)


def take_and_answer(requests: Requests, command_id: str | None, number: int = 1) -> Request:
    """Let a command come, be taken and be answered."""
    requests.submit(carts(number), command_id)
    request = requests.take()
    requests.give_answer(request, VIEW)
    return request


def test_R14_a_repeat_of_a_command_on_its_way_is_that_one() -> None:
    """Until it is answered, also while it waits for Stripe; commands without an id repeat nothing."""
    requests = Requests(())
    first = requests.submit(carts(4), "c")
    assert requests.submit(carts(4), "c") is first
    assert requests.take() is first
    assert requests.submit(carts(4), "c") is first
    assert requests.on_its_way("c") is first
    assert (requests.on_its_way("d"), requests.on_its_way(None)) == (None, None)
    assert (list(requests.waiting), requests.taken) == ([], [first])
    requests.give_answer(first, VIEW)
    assert (requests.on_its_way("c"), requests.taken) == (None, [])
    unnamed = [requests.submit(carts(5), None) for _ in range(2)]
    assert list(requests.waiting) == unnamed
    assert requests.on_its_way(None) is None


def test_R14_an_answer_is_remembered_with_its_command_and_refusal() -> None:
    """Under its id; one that nobody has named is given and not kept."""
    requests = Requests(())
    requests.submit(carts(4), "c")
    assert requests.first_fingerprint("c") == fingerprint(carts(4))
    assert requests.first_fingerprint(None) is None
    request = requests.take()
    request.refusal = REFUSAL
    assert requests.answer_to("c") is None
    requests.give_answer(request, VIEW)
    answer = requests.answer_to("c")
    assert answer == request.answer
    assert answer is not None
    assert (answer.account, answer.refusal) == (VIEW, REFUSAL)
    assert answer.fingerprint == requests.first_fingerprint("c") == answered_fingerprint(carts(4))
    assert take_and_answer(requests, None).answer is not None
    assert [each.command_id for each in requests.remembered()] == ["c"]
    assert (requests.answer_to(None), requests.answer_to("d"), requests.first_fingerprint("d")) == (None, None, None)


def test_R14_the_latest_sixty_four_answers_are_remembered() -> None:
    """Oldest first, over runs."""
    requests = Requests(())
    for number in range(65):
        take_and_answer(requests, f"c{number}", number)
    assert [each.command_id for each in requests.remembered()] == [f"c{number}" for number in range(1, 65)]
    next_run = Requests(requests.remembered())
    assert next_run.answer_to("c0") is None
    assert next_run.answer_to("c1") == requests.answer_to("c1")
    take_and_answer(next_run, "c65", 65)
    assert [each.command_id for each in next_run.remembered()] == [f"c{number}" for number in range(2, 66)]


def test_R13_a_closed_account_keeps_ids_that_name_nobody() -> None:
    """Those that come after its closing, hashed; those from before, not at all."""
    requests = Requests(())
    take_and_answer(requests, "of ada")
    requests.forget_answers()
    assert (requests.answer_to("of ada"), requests.remembered()) == (None, ())
    take_and_answer(requests, "x")
    (kept,) = requests.remembered()
    assert kept.command_id == "sha256-2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
    next_run = Requests((kept,), of_nobody=True)
    assert next_run.answer_to("x") == kept.answer == requests.answer_to("x")
    assert next_run.answer_to(None) is None
    take_and_answer(next_run, "\ud800")
    assert next_run.answer_to("\ud800") is not None, "also what is no text"
    assert all(each.command_id.startswith("sha256-") for each in next_run.remembered())


def test_R28_0_1_0_took_an_empty_id_for_one() -> None:
    """And what came without an id then, for its repeat: its histories hold that."""
    requests = Requests(())
    take_and_answer(requests, "x")
    assert requests.answer_to(None) is None
    first = take_and_answer(requests, "")
    assert requests.answer_to(None) == requests.answer_to("") == first.answer


def test_R27_what_a_run_has_left_unanswered_is_taken_up() -> None:
    """In its order: what was taken before waits for what it has begun, the rest for its turn; repeats are known."""
    left = (
        PendingCommand(command=carts(1), command_id="t", taken=True, refusal=REFUSAL),
        PendingCommand(command=carts(2), command_id=None, taken=True),
        PendingCommand(command=carts(3), command_id="w", taken=False),
        PendingCommand(command=carts(4), command_id=None, taken=False),
    )
    requests = Requests(())
    requests.take_up(left)
    assert requests.pending() == left
    taken, waits = requests.on_its_way("t"), requests.on_its_way("w")
    assert taken is requests.taken[0]
    assert waits is requests.waiting[0]
    assert requests.submit(carts(3), "w") is waits
    assert requests.on_its_way(None) is None
    requests.answer_at_once(RestoreAccount(), "r", VIEW)
    assert requests.pending() == left
    assert requests.answer_to("r") is not None
    requests.submit(RestoreAccount(), "again")
    assert requests.pending() == left, "what restores an account is no command that a run could be left with"
