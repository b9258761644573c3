"""The sections of a report, computed from frames: every figure knows where it came from."""

from sojourn.analysis.report.inputs import (
    EVERYONE,
    Deviation,
    Happened,
    Inputs,
    Layout,
    Participant,
)
from sojourn.analysis.report.model import (
    Cell,
    Figure,
    FlowPicture,
    KeyClash,
    Picture,
    RetentionPicture,
    Section,
    Table,
    TrajectoryPicture,
    figures,
)

__all__ = [
    "EVERYONE",
    "Cell",
    "Deviation",
    "Figure",
    "FlowPicture",
    "Happened",
    "Inputs",
    "KeyClash",
    "Layout",
    "Participant",
    "Picture",
    "RetentionPicture",
    "Section",
    "Table",
    "TrajectoryPicture",
    "figures",
]
