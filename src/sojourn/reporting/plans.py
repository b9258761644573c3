"""Which analyses were planned: the plan in use against the one on the record."""

from dataclasses import dataclass
from datetime import datetime

from sojourn.conduct.programme import LockedPlan
from sojourn.ledger import programmes
from sojourn.ledger.read import read_stream
from sojourn.protocols.analysis_plan import AnalysisPlan, SensitivityAnalysis, usual_plan
from sojourn.record.entry import Entry


@dataclass(frozen=True, slots=True)
class Planned:
    """The plan in use, the one locked in time (None when there is none), and the first opening."""

    used: AnalysisPlan
    locked: AnalysisPlan | None
    signed: LockedPlan | None
    opened: Entry | None  # the first opening of the allocation, on whatever day
    sealed: bool  # whether there is an allocation to be opened

    @property
    def primary(self) -> bool:
        return self.locked is not None and self.used.primary == self.locked.primary

    @property
    def harms(self) -> bool:
        return bool(self.locked and self.locked.secondary.harms)

    def secondary(self, name: str) -> bool:
        """Whether that secondary analysis is in the locked plan, of the same people."""
        return self._same_people and bool(self.locked and getattr(self.locked.secondary, name))

    def clusters(self, kind: str) -> bool:
        return self._same_people and bool(self.locked and kind in self.locked.secondary.clusters)

    @property
    def outcomes(self) -> tuple[str, ...]:
        if self.locked is None or not self._same_people:
            return ()
        return self.locked.secondary.outcomes

    def sensitivity(self, each: SensitivityAnalysis) -> bool:
        """Whether it is in the locked plan and leaves from the primary model planned there."""
        return self.primary and self.locked is not None and each in self.locked.sensitivity

    def subgroup(self, factor: str) -> bool:
        return self._same_people and self.locked is not None and factor in self.locked.subgroups

    @property
    def left_out(self) -> tuple[str, ...]:
        """Analyses of the locked plan that the plan in use does not ask for."""
        if self.locked is None:
            return ()
        found = [] if self.primary else ["the primary analysis as planned"]
        found += [
            f"sensitivity '{each.key}'"
            for each in self.locked.sensitivity
            if each not in self.used.sensitivity
        ]
        found += [
            f"subgroups by {each}"
            for each in self.locked.subgroups
            if each not in self.used.subgroups
        ]
        return tuple(found)

    @property
    def _same_people(self) -> bool:
        return self.locked is not None and (
            self.used.primary.population == self.locked.primary.population
            and self.used.primary.reference == self.locked.primary.reference
        )

    def lines(self) -> tuple[str, ...]:
        """What the report says about its plan."""
        found = []
        if self.signed is None:
            found.append("No analysis plan was locked: every analysis here is not planned.")
        else:
            before = "before the allocation was opened" if self.sealed else "in an open programme"
            found.append(
                f"Analysis plan '{self.signed.title}', version {self.signed.version}, SHA-256 "
                f"{self.signed.digest}, locked {_moment(self.signed.locked_at)} by "
                f"{self.signed.by} ({before}; entry {self.signed.position})."
            )
        if self.used != self.locked and self.used.digest:
            found.append(
                f"This report follows another plan, '{self.used.title}', version "
                f"{self.used.version}, SHA-256 {self.used.digest}; what differs is not planned."
            )
        if self.left_out:
            found.append(f"Planned and not shown here: {', '.join(self.left_out)}.")
        return tuple(found)


def planned(programme: str, given: AnalysisPlan | None) -> Planned:
    """The plan in use: as ``given``, else the one locked last, else the usual analyses."""
    standing = programmes.load(programme)
    randomisation = standing.protocol.randomisation
    sealed = randomisation is not None and randomisation.blinded
    openings = read_stream(programmes.OPENINGS + programme, until=1)
    opened = openings[0] if openings and sealed else None
    in_time = [
        each
        for each in standing.programme.plans
        if opened is None or each.position < opened.position
    ]
    signed = in_time[-1] if in_time else None
    locked = programmes.plan_text(signed.digest) if signed else None
    used = given or locked or usual_plan(standing.protocol)
    return Planned(used, locked, signed, opened, sealed)


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}"
