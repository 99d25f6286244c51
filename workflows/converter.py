"""How what travels is written: JSON, by the annotations of `workflows.messages`."""

from temporalio.contrib.pydantic import PydanticPayloadConverter
from temporalio.converter import CompositePayloadConverter, DataConverter

_CONVERTERS = tuple(PydanticPayloadConverter().converters.values())


class SharedPayloadConverter(CompositePayloadConverter):
    """Pydantic's converters, one set for all workflows.

    Temporal makes a payload converter for each workflow that a worker holds, and pydantic's would each build their own
    validators of the same few types: 30 ms, and most of what a case takes up in memory.
    """

    def __init__(self) -> None:
        super().__init__(*_CONVERTERS)


data_converter = DataConverter(payload_converter_class=SharedPayloadConverter)
"""Of every client, worker and replayer."""
