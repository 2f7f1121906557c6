"""The command line under anything that is typed: a sentence, or what was asked for; no traceback."""

import os
import signal
import subprocess
from pathlib import Path
from random import Random

import pytest
from typer.testing import CliRunner

from reprise.cli.exit_codes import ExitCode
from reprise.cli.main import app
from tests.api.fuzz import anything
from tests.api.fuzz.counting import COUNTED, SEED, draws
from tests.local.commands import PATIENCE, REPRISE, environment

IN_THIS_PROCESS = """
    token | portal-link | secrets | secrets rotate | account show | account cancel | account open | account restore |
    accounts list | accounts | profile set | profile show | profile list | profile delete |
    --help || nothing | --version
""".split("|")
"""Commands that leave no process behind, and do not end this one."""

AS_PROCESSES = ["fast-forward", "dev", "stripe-sandbox", "api", "worker"]

OPTIONS = """
    --account --operator --backend --no-billing-access --sub --ttl --data --user --name --help --to --temporal --db
    --host --port --allow-host --api-port --ui-port --stripe-port --temporal-port --json --keep -- -x
    --url --token --profile --yes --when --now --until --limit --email --carts --unit-amount --record --idempotency-key
""".split()
VALUES = """
    1h 0s 999999d -1 0 70000 1e9 shop-1 ../x /dev/null /proc term-end 2027-04-15T12:00Z 9999-12-31T23:59Z ::1 evil
    http://127.0.0.1:1 https:// 3 2500 a@example.com
""".split()


def typed(rng: Random, command: str, data: Path) -> list[str]:
    """Return a command with options of its own and of others, and values likely or not."""
    arguments = command.split()
    if arguments[:1] in (["account"], ["accounts"], ["portal-link"]) and arguments != ["accounts"]:
        arguments += ["--retry-for", "0"]
    for _ in range(rng.randrange(5)):
        arguments.append(rng.choice(OPTIONS))
        if rng.random() < 0.8:
            arguments.append(rng.choice([rng.choice(VALUES), anything.text(rng).replace("\0", "")]))
    if rng.random() < 0.5 and command not in {"", "api", "worker"}:
        arguments += ["--data", str(data)]
    return arguments


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory in which nothing runs; some have secrets, some have spoilt ones."""
    monkeypatch.chdir(tmp_path)
    for name in environment():
        monkeypatch.setenv(name, os.environ[name])
    for name in [each for each in os.environ if each.startswith(("REPRISE_", "TEMPORAL_", "STRIPE_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("REPRISE_CONFIG_FILE", str(tmp_path / "profiles.toml"))
    (tmp_path / "data").mkdir(mode=0o700)
    return tmp_path / "data"


def test_whatever_is_typed(elsewhere: Path) -> None:
    """Of the commands that answer at once."""
    for rng in draws("typed", 10):
        arguments = typed(rng, rng.choice(IN_THIS_PROCESS), elsewhere)
        if rng.random() < 0.3:
            (elsewhere / "secrets.json").write_bytes(anything.body(rng))
        ended = CliRunner().invoke(app, arguments)
        COUNTED["commands"] += 1
        what = f"FUZZ_SEED={SEED}: {arguments}: {ended.exit_code} {ended.output[:300]} {ended.exception!r}"
        assert ended.exit_code in {0, 1, 2, ExitCode.UNAVAILABLE}, what
        assert ended.exception is None or isinstance(ended.exception, SystemExit), what
        assert "Traceback" not in ended.output, what


def test_whatever_is_typed_to_what_runs(elsewhere: Path) -> None:
    """Of those that start servers: what cannot be is refused before anything starts; else they are ended."""
    for rng in draws("run", 1):
        arguments = typed(rng, rng.choice(AS_PROCESSES), elsewhere)
        arguments = [os.fsdecode(anything.encoded(each).replace(b"\0", b"")) for each in arguments]
        process = subprocess.Popen(
            [REPRISE, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=environment(TEMPORAL_ADDRESS="127.0.0.1:1", REPRISE_CONNECT_TIMEOUT="0"),
            cwd=elsewhere, errors="replace",
        )  # fmt: skip
        try:
            printed, complained = process.communicate(timeout=5)
        except subprocess.TimeoutExpired:
            process.terminate()
            printed, complained = process.communicate(timeout=PATIENCE)
        COUNTED["commands"] += 1
        what = f"FUZZ_SEED={SEED}: {arguments}: {process.returncode} {printed[:200]} {complained[:500]}"
        assert process.returncode in {0, 1, 2, -signal.SIGTERM}, what  # the signal, while it was still starting
        assert "Traceback" not in printed + complained, what
