"""`reprise demo`: the whole story on real parts, each fact held against the rules."""

import os
import signal
import subprocess
import time

import httpx
import pytest
from rich.console import Console

from reprise.local.story import Story
from tests.local.commands import PATIENCE, REPRISE, children, environment, lives

LIMIT = 60.0
"""Seconds; people were promised two minutes."""


def test_the_story_is_as_the_rules_say_and_can_be_kept() -> None:
    """Green, quick, and with --keep its addresses answer until Ctrl-C."""
    started = time.monotonic()
    demo = subprocess.Popen(
        [REPRISE, "demo", "--keep"],
        env=environment(COLUMNS="160", PYTHONUNBUFFERED="1"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert demo.stdout is not None
        told = []
        for line in demo.stdout:
            told.append(line.rstrip())
            if line.strip().startswith("Token"):
                break
        story = "\n".join(told)
        assert "facts are as the rules say" in story, story
        assert "✗" not in story
        assert "125.00 USD" in story
        assert time.monotonic() - started < LIMIT

        kept = {line.split()[0]: line.split()[-1] for line in told[-4:]}
        for address in ("API", "Temporal", "Invoice"):
            assert httpx.get(kept[address], trust_env=False, follow_redirects=True).is_success, address
        processes = children(demo.pid)
        os.killpg(demo.pid, signal.SIGINT)
        _, complained = demo.communicate(timeout=PATIENCE)
        assert demo.returncode == 0, complained
        assert not [pid for pid in processes if lives(pid)]
    finally:
        demo.kill()
        demo.communicate(timeout=PATIENCE)


def test_a_fact_that_differs_is_told_and_counted(capsys: pytest.CaptureFixture[str]) -> None:
    """The demo cannot pass by only printing."""
    story = Story("any", None, None, None, Console())  # type: ignore[arg-type] # nothing is asked of them here
    story.fact("state", "active", "active")
    story.sums("charged", [7500, 7500], [7500])
    story.sum_up()
    assert story.differences == 1
    printed = capsys.readouterr().out
    assert "charged: 75.00 USD, 75.00 USD, but the rules say 75.00 USD" in printed
    assert "1 of 2 facts differ from the rules." in printed
