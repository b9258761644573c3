"""The sections of a report, computed from frames: every figure knows where it came from."""

from sojourn.analysis.report.inputs import (
    EVERYONE,
    Arisen,
    Deviation,
    Guessed,
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
    "Arisen",
    "Cell",
    "Deviation",
    "Figure",
    "FlowPicture",
    "Guessed",
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
