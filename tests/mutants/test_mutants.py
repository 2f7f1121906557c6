"""The command itself: what it changes and what it leaves alone, and that it tells what is noticed from what is not."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.mutants.equivalent import LIST, Equivalent, as_entry, listed, told_apart
from tests.mutants.operators import apply, changes, says_something_else
from tests.mutants.parts import PARTS, ROOT, Mutant, draw, mutants_of

CORE = PARTS[0]


def mutated(source: str) -> set[str]:
    """Return what the changed line of a source becomes, for each change that is one."""
    return {
        line.strip()
        for change in changes(source)
        if says_something_else(source, change)
        for line in set(apply(source, change).splitlines()) - set(source.splitlines())
    }


@pytest.mark.parametrize(
    ("source", "some"),
    [
        ("ok = a < b", {"ok = a <= b"}),
        ("ok = a is not None", {"ok = a is None"}),
        ("ok = a not in b", {"ok = a in b"}),
        ("ok = a and b", {"ok = a or b", "ok = True and b", "ok = a and True"}),
        ("ok = a or b", {"ok = a and b", "ok = False or b", "ok = a or False"}),
        ("ok = not a", {"ok = (a)"}),
        ("ok = a + 1", {"ok = a - 1", "ok = a + 2", "ok = a + 0"}),
        ("ok = True", {"ok = False"}),
        ("ok = min(a, b)", {"ok = max(a, b)"}),
        ("ok = {'key': 1, 'é': a}", {"ok = {'é': a}", "ok = {'key': 1}", "ok = {'xkey': 1, 'é': a}"}),
        ("ok = put(a, key=b, more=c)", {"ok = put(a, more=c)", "ok = put(a, key=b)"}),
        ("key = f'pay:{n}:{m!r:>{w}}'", {"key = f'xpay:{n}:{m!r:>{w}}'", "key = f'pay:{n}:'"}),
        ("def f(n=1):\n    return n", {"return None", "def f(n=2):"}),
        ("def f():\n    if a:\n        b.c = 1", {"if True:", "if False:", "pass"}),
        ("def f():\n    await self.void(a)", {"pass"}),
        ("def f():\n    raise Refused(a)", {"pass"}),
        ("def f():\n    self._note(a)\n    b()", {"pass"}),
        ("match a:\n    case A(b=1) if c:\n        d()", {"case A(b=1):", "case A(b=2) if c:"}),
        ("try:\n    a()\nexcept (B, C):\n    d()", {"except (C):", "except (B):"}),
        ("class A(Model):\n    carts: Annotated[int, Field(ge=1)]", {"carts: Annotated[int, Field(ge=2)]"}),
    ],
)
def test_what_is_changed(source: str, some: set[str]) -> None:
    assert some <= mutated(source)


@pytest.mark.parametrize(
    "source",
    [
        '"""A docstring."""',
        "def f(a: Literal['b']) -> C[1]:\n    'A docstring.'",
        "def f():\n    workflow.logger.info('refused', a, code=1)",
        "__all__ = ['a']",
        "a = Field(description='said', examples=[1])",
        "error = Refused(CODE, 'A sentence.')",
        "error = Refused(CODE, f'A sentence about {a}.')",
        "def f():\n    assert a == 1, 'never'",
        "def f():\n    match a:\n        case _:\n            assert_never(a)",
        "if TYPE_CHECKING:\n    a = 1",
    ],
)
def test_what_is_left_alone(source: str) -> None:
    assert mutated(source) == set()


def mutants(source: str, directory: Path) -> list[Mutant]:
    file = directory / "reprise/statemachine/terms.py"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(source)
    return list(mutants_of(CORE, directory))


def test_a_change_keeps_its_name_when_lines_move(tmp_path: Path) -> None:
    """So does an entry of the list; two that read the same in one function are two."""
    source = "def f(a, b):\n    g(a < b)\n    g(a < b)\n"
    before = [each.id for each in mutants(source, tmp_path)]
    assert len(set(before)) == len(before)
    assert [each.id for each in mutants("A_LONG_COMMENT = None\n\n\n" + source, tmp_path)] == before


def test_an_equivalent_change_is_left_out_and_an_entry_that_means_nothing_is_told(tmp_path: Path) -> None:
    there = mutants("def f(a, b):\n    return a < b\n", tmp_path)
    entry = tmp_path / "equivalent.toml"
    chosen = next(each for each in there if each.mutated == "return a <= b")
    entry.write_text(as_entry(chosen).replace('why = ""', 'why = "They are never the same."'))
    stale = Equivalent(file=chosen.file, function="g", original="a", mutated="b", why="It was once.")
    kept, unused = told_apart(there, [*listed(entry), stale])
    assert [each for each in there if each not in kept] == [chosen]
    assert unused == [stale]


def test_an_entry_without_a_reason_is_refused(tmp_path: Path) -> None:
    entry = tmp_path / "equivalent.toml"
    entry.write_text(as_entry(mutants("a = 1\n", tmp_path)[0]))
    with pytest.raises(ValueError, match="say why"):
        listed(entry)


def test_the_list_can_be_read_and_a_seed_is_a_sample() -> None:
    listed(ROOT / LIST)
    there = list(mutants_of(CORE))
    assert [each.id for each in draw(there, 5, seed=1)] == [each.id for each in draw(reversed(there), 5, seed=1)]
    assert draw(there, 5, seed=1) != draw(there, 5, seed=2)


CODE = """
LIMIT = 3

def is_over(n):
    return n > LIMIT

def unseen(n):
    return not n

def down(n):
    while n:
        n = n - 1
    return n
"""

TESTS = """
from hypothesis import given, strategies
from reprise.statemachine.rules import down, is_over

def test_over():
    assert is_over(4)
    assert not is_over(3)

@given(strategies.integers(0, 9))
def test_down(n):
    assert down(n) == 0
"""

CONFTEST = """
from hypothesis import settings
settings.register_profile("suite", deadline=None, derandomize=True)
settings.load_profile("suite")
"""


def test_it_tells_what_is_noticed_from_what_is_not(tmp_path: Path) -> None:
    """In a small project: what a test asserts is caught, also by hanging; what nobody runs survives, and is printed."""
    for name, text in {
        "pyproject.toml": "[tool.pytest.ini_options]\nasyncio_default_fixture_loop_scope = 'function'\n",
        "reprise/__init__.py": "",
        "reprise/statemachine/__init__.py": "",
        "reprise/statemachine/rules.py": CODE,
        "tests/__init__.py": "",
        "tests/conftest.py": CONFTEST,
        "tests/statemachine/__init__.py": "",
        "tests/statemachine/test_rules.py": TESTS,
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    command = [sys.executable, "-m", "tests.mutants", "--project", str(tmp_path), "--part", "core", "--quick"]
    command += ["--patience", "1"]
    ended = subprocess.run([*command, "--seed", "1"], cwd=ROOT, capture_output=True, text=True, check=False)
    told = ended.stdout.splitlines()
    assert (ended.returncode, ended.stderr) == (1, ""), ended.stdout
    assert "seed 1" in told
    survived = [line.split()[3] for line in told if line.startswith("survived")]
    assert survived == ["unseen", "unseen"], ended.stdout
    assert "    +    return (n)" in told
    assert "3 of those caught hung" in ended.stdout
    assert (tmp_path / "reprise/statemachine/rules.py").read_text() == CODE
    again = subprocess.run([*command, "--again"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert "0 of 2 caught" in again.stdout
