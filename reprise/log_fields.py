"""What lines of the log say beside their text, so that one search follows a request from HTTP to Stripe.

`request_id`, `command_id`, `account`, `payment_key`, `workflow_id`, `run_id`: whoever knows one binds it (structlog's
contextvars), and every line of theirs carries it. Temporal's SDK hands its own along in dictionaries: they become the
same fields here.
"""

import hashlib
import re
from collections.abc import Mapping
from typing import Any, Final

import structlog
from structlog.typing import EventDict

ACCOUNT_WORKFLOW: Final = "account-"
"""How the id of an account's workflow begins (`workflows.messages.workflow_id`, which logs do not import)."""

_ADAPTERS: Final = frozenset({"temporalio.activity", "temporalio.workflow"})
"""The loggers that workflow code writes with, whose `extra` is ours (1.35)."""

_PLAIN: Final = re.compile(r"[A-Za-z0-9._:~-]{1,64}")

_temporals = structlog.stdlib.ExtraAdder(allow=("temporal_workflow", "temporal_activity"))
_all = structlog.stdlib.ExtraAdder()


def temporal_fields(logger: Any, method: str, line: EventDict) -> EventDict:
    """Make fields of what a record of Temporal's SDK carries: which workflow, run, activity and command it is about."""
    record = line.get("_record")
    if record is not None and record.name in _ADAPTERS:
        line = _all(logger, method, line)
        for unsaid in [name for name, value in line.items() if value is None or name.startswith("__temporal")]:
            del line[unsaid]
    else:
        line = _temporals(logger, method, line)
    for name, of in (("temporal_workflow", _of_workflow), ("temporal_activity", _of_activity)):
        details = line.pop(name, None)
        if isinstance(details, Mapping):
            for field, value in of(details).items():
                if value is not None:
                    line.setdefault(field, value)
    return line


def _of_workflow(details: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **_whose(details.get("workflow_id"), details.get("run_id")),
        "command_id": details.get("update_id"),
        "update": details.get("update_name"),
    }


def _of_activity(details: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **_whose(details.get("workflow_id"), details.get("workflow_run_id")),
        "activity": details.get("activity_type"),
        "attempt": details.get("attempt"),
    }


def _whose(workflow_id: str | None, run_id: str | None) -> dict[str, Any]:
    account = workflow_id.removeprefix(ACCOUNT_WORKFLOW) if workflow_id else None
    return {"workflow_id": workflow_id, "run_id": run_id, "account": account if account != workflow_id else None}


def plain_command_id(_: Any, __: str, line: EventDict) -> EventDict:
    """Show a command's id as its hash, unless it is short and plain: callers choose their keys, and may name people.

    The hash is the one under which a closed account remembers the command (R13, R14).
    """
    given = line.get("command_id")
    if isinstance(given, str) and not _PLAIN.fullmatch(given):
        line["command_id"] = f"sha256-{hashlib.sha256(given.encode(errors='surrogatepass')).hexdigest()}"
    return line
