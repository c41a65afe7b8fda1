"""The parameters that several flows share, as their run forms show them.

Prefect takes the help of a parameter from the flow's docstring, and the rest from here.
"""

from typing import Annotated, Literal

from pydantic import Field

from flows.form import EmptyBox

BatchId = Annotated[
    str | None,
    EmptyBox(),
    Field(
        examples=["spring-launch", "daily-{date}"],
        json_schema_extra={"title": "Name of the batch"},
    ),
]
Prices = Annotated[
    str | None,
    EmptyBox(),
    Field(examples=["examples/prices.toml"], json_schema_extra={"title": "Price file"}),
]
Connection = Annotated[str, Field(json_schema_extra={"title": "Connection block"})]
Bucket = Annotated[str, Field(json_schema_extra={"title": "Bucket block"})]
Texts = Annotated[list[str] | None, EmptyBox()]
Budget = Annotated[float | None, EmptyBox(), Field(json_schema_extra={"title": "Budget"})]
Limit = Annotated[int | None, EmptyBox(), Field(json_schema_extra={"title": "Only the first"})]
ColumnNames = Annotated[
    dict[str, str] | None, EmptyBox(), Field(json_schema_extra={"title": "Names of columns"})
]
TimeZone = Annotated[str | None, EmptyBox(), Field(json_schema_extra={"title": "Time zone"})]
ShardSize = Annotated[
    int | None, EmptyBox(), Field(json_schema_extra={"title": "Briefs to a worker"})
]
PartOfBatch = Annotated[str | None, EmptyBox(), Field(json_schema_extra={"title": "Part"})]
ApproveWhat = Annotated[
    Literal["images"] | None,
    EmptyBox(),
    Field(json_schema_extra={"title": "Approve before videos are made"}),
]
ApprovalReply = Annotated[
    str | None,
    EmptyBox(),
    Field(examples=["all", "1,4,7-9"], json_schema_extra={"title": "Answer to the sheets"}),
]
PicturesToASheet = Annotated[int, Field(json_schema_extra={"title": "Pictures to a sheet"})]
