"""What a course holds of its data's quality: queries, checks against source, freeze and lock."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

Standing = Literal["open", "answered", "closed"]


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing said about a query: that it was opened, answered, closed or reopened, and why."""

    did: str
    text: str
    at: datetime
    by: str
    role: str


@dataclass(frozen=True, slots=True)
class Query:
    """A question about one entry, which stands until who asked, or the monitor, closes it."""

    key: str
    entry: int  # sequence of the entry it is about
    about: str  # the kind of that entry
    visit: str  # of that entry; empty when it has none
    due_on: date
    standing: Standing
    remarks: tuple[Remark, ...]

    @property
    def question(self) -> str:
        return self.remarks[0].text

    @property
    def opened(self) -> Remark:
        return self.remarks[0]

    @property
    def last(self) -> Remark:
        return self.remarks[-1]


@dataclass(frozen=True, slots=True)
class Hold:
    """The data of a course as frozen or locked."""

    state: Literal["frozen", "locked"]
    at: datetime
    by: str
    reason: str
