"""A data directory that somebody else made, opened or spoilt: kept private, or refused in a sentence (issue E, row 10).

No traceback, exit code 1, and nothing left running.
"""

import json
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from reprise.local import directory, secrets
from reprise.local.errors import LocalError
from reprise.local.processes import Child
from tests.local.commands import Dev, children, run

Start = Callable[..., Dev]

GOOD = {"jwt_secret": "x" * 32, "stripe_webhook_secret": "whsec_" + "y" * 48}


def modes(data: Path) -> dict[str, int]:
    """What other users may do with everything in a directory, and with itself."""
    return {str(each): each.lstat().st_mode & 0o077 for each in (data, *data.rglob("*"))}


@pytest.fixture
def open_to_all(tmp_path: Path) -> Path:
    """A directory that somebody has made by hand, under the usual umask, with what an older release has left there."""
    data = tmp_path / "data"
    before = os.umask(0o022)
    (data / "logs").mkdir(parents=True)
    for name in ("stripe.db", "lock", "logs/api.log", "running.json"):
        (data / name).write_bytes(b"")
    os.umask(before)
    return data


@pytest.fixture
def any_umask() -> Iterator[None]:
    """Nothing is kept from others by the umask."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("any_umask")
def test_a_directory_that_all_can_read_is_closed_with_all_that_is_in_it(dev: Start, open_to_all: Path) -> None:
    """Whatever runs there later, databases and logs of every process too, is its owner's alone, under any umask."""
    assert modes(open_to_all)[str(open_to_all)] == 0o055
    started = dev()
    started.addresses()
    found = modes(open_to_all)
    assert {"stripe.db", "temporal.db", "secrets.json", "running.json", "api.log", "worker.log", "stripe.log"} <= {
        Path(each).name for each in found
    }
    assert set(found.values()) == {0}, found


@pytest.mark.usefixtures("any_umask")
def test_under_any_umask_a_directory_of_ours_is_its_owners_alone(tmp_path: Path) -> None:
    """One that is made for it."""
    with directory.held(tmp_path / "data"):
        secrets.read_or_make(tmp_path / "data")
        assert set(modes(tmp_path / "data").values()) == {0}


def test_a_directory_of_other_things_is_not_ours_to_close(tmp_path: Path) -> None:
    """Nothing in it is changed; the sentence says what to do."""
    tmp_path.chmod(0o755)
    (tmp_path / "thesis.tex").write_text("")
    with pytest.raises(LocalError, match=r"can be read by other users \(mode 755\).*'thesis\.tex'.*--data.*chmod 700"):
        directory.held(tmp_path).__enter__()
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755
    assert [each.name for each in tmp_path.iterdir()] == ["thesis.tex"]
    tmp_path.chmod(0o700)
    with directory.held(tmp_path):
        pass


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory away")
def test_a_directory_of_another_user_is_refused(tmp_path: Path) -> None:
    """They could read and replace what is kept in it."""
    os.chown(tmp_path, 12345, 12345)
    with pytest.raises(LocalError, match="belongs to another user"):
        directory.held(tmp_path).__enter__()


def test_what_a_link_leads_to_is_left_alone(tmp_path: Path) -> None:
    """Closing the directory changes no file elsewhere."""
    elsewhere, data = tmp_path / "elsewhere", tmp_path / "data"
    elsewhere.write_text("")
    elsewhere.chmod(0o644)
    data.mkdir(mode=0o755)
    (data / "stripe.db").symlink_to(elsewhere)
    with directory.held(data):
        pass
    assert stat.S_IMODE(elsewhere.stat().st_mode) == 0o644


SPOILT: dict[str, bytes | None] = {
    "empty": b"",
    "blank": b" \n",
    "null": b"null",
    "list": b"[]",
    "text": b'"secret"',
    "number": b"1",
    "half": b'{"jwt_secret": "',
    "nothing": b"{}",
    "short": json.dumps({**GOOD, "jwt_secret": "x"}).encode(),
    "no text": json.dumps({**GOOD, "jwt_secret": 1}).encode(),
    "null secret": json.dumps({**GOOD, "jwt_secret": None}).encode(),
    "short previous": json.dumps({**GOOD, "jwt_secret_previous": "x"}).encode(),
    "one of two": b'{"jwt_secret": "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}',
    "no UTF-8": b'{"jwt_secret": "\xff\xfe"}',
    "deep": b"[" * 200_000,
    "directory": None,
}


def spoil(data: Path, what: str) -> Path:
    file, content = data / secrets.FILE, SPOILT[what]
    data.mkdir(mode=0o700, exist_ok=True)
    if content is None:
        file.mkdir()
    else:
        file.write_bytes(content)
    return file


@pytest.mark.parametrize("what", SPOILT)
def test_spoilt_secrets_are_said_and_kept(tmp_path: Path, what: str) -> None:
    """The sentence names the file and what to do; nothing is overwritten."""
    file = spoil(tmp_path, what)
    for asked in (secrets.read, secrets.read_or_make, secrets.jwt_secret, secrets.rotate):
        with pytest.raises(LocalError) as said:
            asked(tmp_path)
        assert str(said.value).startswith(f"{file} does not hold the secrets of `reprise dev` (")
        assert "xxxx" not in str(said.value)
    assert (file.read_bytes() if SPOILT[what] is not None else None) == SPOILT[what]


def test_what_a_later_release_keeps_beside_is_passed_over(tmp_path: Path) -> None:
    """As after a step back to an older release."""
    (tmp_path / secrets.FILE).write_text(json.dumps({**GOOD, "further": {"a": 1}}))
    assert secrets.read(tmp_path) == secrets.Secrets(**GOOD)


@pytest.mark.parametrize(
    ("what", "command"),
    [
        ("empty", ["token", "--operator"]),
        ("list", ["portal-link", "shop-1"]),
        ("directory", ["secrets", "rotate"]),
        ("empty", ["dev", "--api-port", "0"]),
    ],
)
def test_every_command_says_so_in_a_sentence(tmp_path: Path, what: str, command: list[str]) -> None:
    """Exit code 1, one line, nothing printed for programs."""
    file = spoil(tmp_path / "data", what)
    ended = run(*command, "--data", str(tmp_path / "data"))
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith(f"{file} does not hold the secrets")
    assert ended.stderr.count("\n") == 1


def test_the_environments_secret_needs_no_kept_one(tmp_path: Path) -> None:
    """What is spoilt is not asked for then; and one that the API would not take is refused here."""
    spoil(tmp_path / "data", "empty")
    own = {"REPRISE_JWT_SECRET": "s" * 32}
    ended = run("token", "--operator", "--data", str(tmp_path / "data"), **own)
    assert (ended.returncode, ended.stderr, ended.stdout.count(".")) == (0, "", 2)
    short = run("token", "--operator", "--data", str(tmp_path / "none"), REPRISE_JWT_SECRET="short")
    said = "REPRISE_JWT_SECRET is shorter than 32 characters: the API does not take it.\n"
    assert (short.returncode, short.stdout, short.stderr) == (1, "", said)


@pytest.mark.parametrize(
    ("name", "is_file", "says"),
    [
        ("", True, "{data} is no directory: move it away, or choose another with --data."),
        ("lock", False, "{data}/lock cannot be used: Is a directory. Move it away."),
        ("logs", True, "The log {data}/logs/temporal.log cannot be written: "),
        ("logs/temporal.log.1/x", True, "The log {data}/logs/temporal.log cannot be written: "),
        ("running.json/x", True, "{data}/running.json cannot be used: Is a directory. Move it away."),
    ],
)
def test_what_stands_in_the_way_is_named(dev: Start, tmp_path: Path, name: str, says: str, *, is_file: bool) -> None:
    """A file where a directory is needed, or the other way round: a sentence, exit 1, nothing left running."""
    data = tmp_path / "data"
    place = data / name if name else data
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if name.startswith("logs/"):
        (data / "logs" / "temporal.log").write_text("from before")
    place.write_text("in the way") if is_file else place.mkdir()
    started = dev()
    code, printed, complained = started.ended()
    last = complained.strip().splitlines()[-1]
    assert (code, printed) == (1, "")
    assert last.startswith(says.format(data=data)), complained
    assert "Traceback" not in complained
    assert not children(started.pid)


@pytest.mark.parametrize("name", ["stripe.db", "temporal.db"])
def test_a_spoilt_database_is_said_by_whoever_dies_of_it(dev: Start, tmp_path: Path, name: str) -> None:
    """With the end of its log, in which there is no traceback."""
    (tmp_path / "data").mkdir(mode=0o700)
    (tmp_path / "data" / name).write_bytes(b"this is no database at all. " * 200)
    code, printed, complained = dev().ended()
    assert (code, printed) == (1, "")
    assert "has died (exit code 1). The end of its log" in complained
    assert "Traceback" not in complained


@pytest.mark.parametrize("noted", [b'{"api": 1}', b"\xff"])
def test_a_spoilt_note_of_where_it_answers_is_said(tmp_path: Path, noted: bytes) -> None:
    """The other commands say what to do."""
    with directory.held(tmp_path):
        (tmp_path / "running.json").write_bytes(noted)
        secrets.read_or_make(tmp_path)
        for command in (["portal-link", "shop-1"], ["fast-forward", "shop-1"]):
            ended = run(*command, "--data", str(tmp_path))
            assert (ended.returncode, ended.stdout) == (1, "")
            said = (
                f"{tmp_path}/running.json does not say where the running `reprise dev` answers: start that one again."
            )
            assert ended.stderr == said + "\n"


async def test_the_end_of_a_log_steers_no_terminal(tmp_path: Path) -> None:
    """Whatever a dying child has written (row 7): its lines are lines, and its escapes are shown."""
    log = tmp_path / "logs" / "x.log"
    script = "import sys; sys.stdout.write('a\\x1b[2J\\r' + 'b\\u202e\\n' * 3); sys.exit(3)"
    child = await Child.start("the child", ["python3", "-c", script], os.environ, log, grace=1)
    await child.exited()
    said = str(child.death())
    assert r"  a\x1b[2J\rb\u202e" in said.splitlines()
    assert not {each for each in said if not each.isprintable()} - {"\n"}
    log.unlink()
    assert "is empty" in child.last_lines()


@pytest.mark.parametrize(
    "command", [["dev", "--json"], ["token", "--operator"], ["portal-link", "shop-1"], ["fast-forward", "shop-1"]]
)
def test_a_directory_that_cannot_be_made_is_said(command: list[str]) -> None:
    """Under a file of the system's."""
    ended = run(*command, "--data", "/dev/null/data")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "/dev/null/data" in ended.stderr
    assert ended.stderr.count("\n") == 1
