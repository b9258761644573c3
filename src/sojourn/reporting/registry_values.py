"""Values of a draft for a registry: each is one number of one figure of the report."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sojourn.analysis.report import Figure
from sojourn.protocols.model import Arm, Protocol
from sojourn.reporting.assembly import Report


@dataclass(frozen=True, slots=True)
class Value:
    """A number with the keys of the figures it comes from; ``whole`` is written as a number."""

    text: str
    keys: tuple[str, ...]
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of a report by name, and those of a section by the end of their name."""

    report: Report
    by_name: Mapping[str, Figure]

    def value(self, name: str, number: str, *, whole: bool = False) -> Value | None:
        """A number of the figure of that name; None where the report has none."""
        return value(self.by_name.get(name), number, whole=whole)

    def ending(self, section: str, end: str) -> Figure | None:
        """The one figure of the section whose name has that end."""
        found = [
            each
            for name, each in self.by_name.items()
            if name.startswith(f"{section}/") and name.endswith(end)
        ]
        return found[0] if len(found) == 1 else None


def value(figure: Figure | None, number: str, *, whole: bool = False) -> Value | None:
    """A number of a figure; None where there is no figure or it could not be computed."""
    text = dict(figure.values).get(number, "") if figure else ""
    return Value(text, (figure.key,), whole) if figure and text else None


def of(report: Report) -> Figures:
    return Figures(report, {each.name: each for each in report.figures})


def arm_of(protocol: Protocol, label: str) -> Arm:
    return next(each for each in protocol.arms if each.label == label)


def groups(report: Report, letters: str) -> list[dict[str, str]]:
    """The arms as a module numbers them: FG000, FG001 and so on."""
    return [
        {"id": f"{letters}{number:03d}", "title": arm, "description": ""}
        for number, arm in enumerate(report.layout.arms)
    ]


def by_group(
    letters: str, field: str, values: Iterable[Value | None], **more: str
) -> list[dict[str, Any]]:
    """One row for each arm that has a value, in the order of the arms."""
    return [
        {"groupId": f"{letters}{number:03d}", **more, field: each}
        for number, each in enumerate(values)
        if each is not None
    ]


def written(data: Any, path: str, traces: dict[str, list[str]]) -> Any:
    """``data`` with every value as the registry writes it; ``traces`` is filled with where each
    stands and the figures behind it."""
    if isinstance(data, Value):
        traces[path] = list(data.keys)
        return int(data.text) if data.whole else data.text
    if isinstance(data, dict):
        return {
            name: written(each, f"{path}.{name}" if path else name, traces)
            for name, each in data.items()
        }
    if isinstance(data, list):
        return [written(each, f"{path}[{number}]", traces) for number, each in enumerate(data)]
    return data
