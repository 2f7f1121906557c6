"""Answers of Temporal's that are known by their text alone."""

from typing import Final

IS_PAUSED: Final = "Workflow is paused"
"""What the server answers to an update of a workflow that somebody has paused in the UI (server 1.32)."""

NOT_TAKEN: Final = "UnprocessedUpdate"
"""The server's own kind of failure of an update that no worker has seen, as one run ended and another began (1.32)."""

NOT_YET: Final = "not scheduled yet"
"""What a query is told right after the dev server skipped time; it is asked again."""

LAST_RECORD: Final = "last_record"
"""The query for the record of a run that has ended: no task is to come, so that nothing can be before its time."""

BEFORE_ITS_TIME: Final = "events came before the workflow task that takes them up"
"""Why a worker of ours may turn a query away (`runner.py`): asked again, it is answered."""
