"""What the observations show: outcomes, retention and participant flow; pure."""

from sojourn.analysis.flow import Branch, Flow, Person, flow
from sojourn.analysis.outcomes import (
    COLUMNS,
    Point,
    Proportion,
    exact_interval,
    frame,
    proportions,
    trajectories,
)
from sojourn.analysis.retention import Stay, Step, retention

__all__ = [
    "COLUMNS",
    "Branch",
    "Flow",
    "Person",
    "Point",
    "Proportion",
    "Stay",
    "Step",
    "exact_interval",
    "flow",
    "frame",
    "proportions",
    "retention",
    "trajectories",
]
