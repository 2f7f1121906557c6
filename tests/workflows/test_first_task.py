"""A cached run keeps what it needs of the task that began it, and nothing else."""

import gc
import os

from temporalio.api.common.v1 import Payload
from temporalio.bridge.proto.workflow_activation import WorkflowActivationJob

from tests.soak.processes import sample
from tests.workflows.tasks import Run, active, carts, first_of, run_of

LARGE = 64_000_000


def first_with(padding: int) -> WorkflowActivationJob:
    """What a run begins with: with a memo, headers and a last result, and an input of so many bytes more."""
    job = first_of(run_of(active()))
    began = job.initialize_workflow
    began.arguments[0].data += b" " * padding
    for where in (began.memo.fields, began.headers):
        where["said"].CopyFrom(Payload(metadata={"encoding": b"json/plain"}, data=b'"so"'))
    began.last_completion_result.payloads.add(data=b"null")
    began.continued_failure.message = "before"
    return job


def test_what_began_a_run_is_let_go() -> None:
    """One small part of it that is kept would keep the whole, for as long as the run is cached."""
    gc.collect()
    before = sample(os.getpid()).memory
    run = Run(run_of(active()), first=first_with(LARGE))
    run.begin()
    run.task(carts(4))  # the SDK keeps the latest task, whichever it is
    gc.collect()
    assert sample(os.getpid()).memory - before < LARGE / 2 / 1e6
    info = run.instance.get_info()
    assert {name: kept.data for name, kept in info.raw_memo.items()} == {"said": b'"so"'}
    assert {name: kept.data for name, kept in info.headers.items()} == {"said": b'"so"'}
