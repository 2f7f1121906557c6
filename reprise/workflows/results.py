"""What an activity has answered, read by the workflow itself.

The SDK fails the workflow task, for ever, over a result that does not decode (1.35): so activities are asked for
`RawValue`, and what cannot be read is an error like any other.
"""

from typing import Any

from temporalio import workflow
from temporalio.common import RawValue

UNREADABLE = "The activity's answer could not be read."


def read_result(raw: RawValue, answer: Any) -> Any:
    """Decode an activity's result.

    Args:
        raw: What the activity has answered.
        answer: The type that was asked for.

    Raises:
        ValueError: It is not of that type.
    """
    try:
        read = workflow.payload_converter().from_payload(raw.payload, answer)
    except Exception as error:
        raise ValueError(UNREADABLE) from error
    if read is None:  # also what the converter makes of a null, whatever type was asked for
        raise ValueError(UNREADABLE)
    return read
