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
from sojourn.analysis.retention import (
    Incidence,
    LogRank,
    Stay,
    Step,
    leaving,
    log_rank,
    retention,
)

__all__ = [
    "COLUMNS",
    "Branch",
    "Flow",
    "Incidence",
    "LogRank",
    "Person",
    "Point",
    "Proportion",
    "Stay",
    "Step",
    "exact_interval",
    "flow",
    "frame",
    "leaving",
    "log_rank",
    "proportions",
    "retention",
    "trajectories",
]
