"""How values become payloads: as the SDK's converter for pydantic does it, once for the whole process.

The SDK makes a payload converter for each workflow instance (1.35), and each keeps a validator of every type that it
has met: for the unions of outcomes, that is more than the account's record takes. Here one converter knows them all.
"""

from dataclasses import replace
from typing import Final

from temporalio.contrib.pydantic import PydanticPayloadConverter, pydantic_data_converter
from temporalio.converter import CompositePayloadConverter

_shared: Final = PydanticPayloadConverter()


class SharedPayloadConverter(CompositePayloadConverter):
    """The SDK's payload converter for pydantic models; all instances share what they know of types."""

    def __init__(self) -> None:
        self.converters = _shared.converters  # the SDK makes a few of these for each workflow task (1.35)


data_converter: Final = replace(pydantic_data_converter, payload_converter_class=SharedPayloadConverter)
"""What every client and worker converts with."""
