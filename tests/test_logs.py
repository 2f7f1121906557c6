"""Logs: whatever happens in a process, each line on its standard error is one JSON object (issue E, rows 7 and 9)."""

import json
import subprocess
import sys
from typing import Any

import pytest

from reprise.log_fields import ACCOUNT_WORKFLOW
from reprise.workflows.messages import workflow_id
from reprise.workflows.requests import _unnamed

BEGIN = """
import asyncio, gc, logging, os, sys, threading, time, warnings
import structlog
from reprise.logs import configure_logs
configure_logs()
"""

FORGED = 'line one\n{"event": "forged"}\r\x1b[2J\x1b]0;title\x07\u202e\u2028\x85\ud800end'


def lines(script: str, **said: str) -> list[dict[str, Any]]:
    """Run a process; return what it has logged, each line an object."""
    ended = subprocess.run(
        [sys.executable, "-X", "dev", "-c", BEGIN + script.replace("FORGED", ascii(FORGED))],
        capture_output=True, check=False, timeout=60, env={"PYTHONPATH": ":".join(sys.path), **said},
    )  # fmt: skip
    assert not ended.stdout
    told = ended.stderr.decode("ascii").splitlines()  # nothing but ASCII: whatever it was, it is escaped
    assert not [each for line in told for each in line if not each.isprintable()]
    objects = [json.loads(line) for line in told]
    assert all({"event", "level", "timestamp"} <= each.keys() for each in objects)
    return objects


@pytest.mark.parametrize(
    ("script", "event", "level"),
    [
        ("structlog.get_logger().info(FORGED, who=FORGED)", FORGED, "info"),
        ("logging.getLogger('a.library').error('%s', FORGED)", FORGED, "error"),
        ("warnings.warn(FORGED)", "warning", "warning"),
        ("import re; warnings.warn('old', DeprecationWarning, stacklevel=1)", "warning", "warning"),
        ("async def never(): pass\nnever(); gc.collect()", "warning", "warning"),
        ("open(os.devnull); gc.collect()", "warning", "warning"),
        ("raise ValueError(FORGED)", "uncaught error", "critical"),
        ("asyncio.run(asyncio.wait_for(asyncio.sleep(9), 0))", "uncaught error", "critical"),
        ("t = threading.Thread(target=lambda: 1 / 0, name='t'); t.start(); t.join()", "uncaught error", "critical"),
        ("class X:\n  def __del__(self): 1 / 0\nX()", "error ignored", "error"),
        ("raise KeyboardInterrupt", "interrupted", "info"),
        (
            "async def f():\n"
            "  asyncio.get_running_loop().call_exception_handler({'message': FORGED, 'exception': ValueError()})\n"
            "asyncio.run(f())",
            FORGED,
            "error",
        ),
        (
            "async def bad(): 1 / 0\n"
            "async def f():\n  t = asyncio.ensure_future(bad()); await asyncio.sleep(0.01); del t; gc.collect()\n"
            "asyncio.run(f())",
            "Task exception was never retrieved",
            "error",
        ),
        (
            "logging.getLogger('a.library').error('%d apples', 'many')",
            "a log record of a.library could not be written: TypeError",
            "error",
        ),
    ],
)  # fmt: skip
def test_every_line_is_one_object(script: str, event: str, level: str) -> None:
    """Warnings, errors that nobody caught, in threads and tasks too, and records that cannot be written."""
    told = [each for each in lines(script) if each["level"] == level]
    assert any(each["event"].strip().startswith(event) for each in told), told


def test_what_nobody_caught_is_told_with_its_traceback() -> None:
    """In the same line."""
    (told,) = lines("def deep(): raise RuntimeError('why')\ndeep()")
    assert told["exception"].splitlines()[0] == "Traceback (most recent call last):"
    assert told["exception"].splitlines()[-1] == "RuntimeError: why"


def test_a_reader_that_has_gone_is_no_error() -> None:
    """A log that is closed says nothing more, and stops nothing."""
    assert lines("sys.stderr.close(); logging.getLogger('x').error('nobody hears it'); os._exit(0)") == []


SERVING = """
import httpx, uvicorn
from reprise.serving import config, listen
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive(); await send({"type": "lifespan.startup.complete"})
        await receive(); await send({"type": "lifespan.shutdown.complete"})
        return
    raise ValueError(FORGED)
async def main():
    listener = listen("127.0.0.1", 0)
    server = uvicorn.Server(config(app, lifespan="on"))
    running = asyncio.create_task(server.serve(sockets=[listener]))
    async with httpx.AsyncClient(trust_env=False) as http:
        answer = await http.get(f"http://127.0.0.1:{listener.getsockname()[1]}/")
        assert answer.status_code == 500
    server.should_exit = True
    await running
asyncio.run(main())
"""


def test_what_the_server_says_is_a_line_too() -> None:
    """The own handlers of uvicorn write plain text; an application that fails is told in our lines."""
    told = lines(SERVING)
    assert "Exception in ASGI application" in [each["event"].strip() for each in told]
    failed = [each for each in told if "exception" in each]
    assert failed
    assert all(each["logger"].startswith("uvicorn") and "ValueError" in each["exception"] for each in failed)


OF_TEMPORAL = """
workflow = {"workflow_id": "account-shop-1", "run_id": "r", "attempt": 1, "namespace": "n", "task_queue": "q",
            "update_id": "key-1", "update_name": "cancel"}
activity = {"workflow_id": "account-shop-1", "workflow_run_id": "r", "activity_type": "collect", "attempt": 2}
"""


def test_what_temporal_says_of_a_workflow_are_fields() -> None:
    """Not a dictionary, and none in the text; what was said beside it stays; what has no value is left out."""
    said = "extra = {'temporal_workflow': workflow, 'code': 'not_in_service', 'payment_key': None, '__temporal_x': 1}\n"
    logged = "logging.getLogger('temporalio.workflow').info('a command was refused', extra=extra)"
    (told,) = lines(OF_TEMPORAL + said + logged)
    assert (told["event"], told["code"]) == ("a command was refused", "not_in_service")
    assert (told["account"], told["workflow_id"], told["run_id"]) == ("shop-1", "account-shop-1", "r")
    assert (told["command_id"], told["update"]) == ("key-1", "cancel")
    assert not [name for name, value in told.items() if "temporal_" in name or value is None or isinstance(value, dict)]


def test_what_temporal_says_of_an_activity_are_fields() -> None:
    """Also by loggers of the SDK's own, whose other extras are theirs."""
    extra = "extra={'temporal_activity': activity, 'other': object()}"
    (told,) = lines(f"{OF_TEMPORAL}logging.getLogger('temporalio.worker._activity').error('failed', {extra})")
    assert (told["account"], told["workflow_id"], told["run_id"]) == ("shop-1", "account-shop-1", "r")
    assert (told["activity"], told["attempt"]) == ("collect", 2)
    assert "other" not in told


def test_a_workflow_that_is_no_accounts_has_no_account() -> None:
    """A portal session's, say."""
    workflow = "{'workflow_id': 'portal-session-1', 'run_id': 'r'}"
    (told,) = lines(f"logging.getLogger('temporalio.workflow').info('x', extra={{'temporal_workflow': {workflow}}})")
    assert (told["workflow_id"], "account" in told) == ("portal-session-1", False)
    assert workflow_id("") == ACCOUNT_WORKFLOW


def test_R13_a_key_that_may_name_somebody_is_shown_as_its_hash() -> None:
    """The hash under which a closed account remembers it; what is short and plain is shown."""
    keys = ["0b9e6c1e-6f0c-4c38-9d0a-2f6d2a3c9b11", "user-" + "a" * 40, "open ada@example.com", "x" * 65]
    told = lines("".join(f"structlog.get_logger().info('x', command_id={key!r})\n" for key in keys))
    assert [each["command_id"] for each in told] == [*keys[:2], *map(_unnamed, keys[2:])]
