"""One tap in the session room: a few words from a button, a command out.

``observe nausea on``, ``observe position apart ben``, ``leave ben``, ``enter ben``,
``sign room-ready``, ``discharge oriented``, and ``note`` with its text.
"""

from datetime import datetime, timedelta
from typing import Any

from sojourn.course.checklist import SignChecklist
from sojourn.course.discharge import SignDischarge
from sojourn.course.room import EnterRoom, LeaveRoom, NoteObservation, WriteNote
from sojourn.record.command import Refused

OLDEST = timedelta(hours=24)


def command_of(words: str, text: str, visit: str, at: datetime) -> Any:
    """The command that the words of a button ask for; ``visit`` is the session it stood under.

    Raises
    ------
    Refused
        If no button says that.
    """
    match words.split(" "):
        case ["observe", observation]:
            return NoteObservation(at, observation)
        case ["observe", observation, value]:
            return NoteObservation(at, observation, value)
        case ["observe", observation, value, about]:
            return NoteObservation(at, observation, value, about)
        case ["note"]:
            return WriteNote(at, text.replace("\r\n", "\n").strip())
        case ["leave", who]:
            return LeaveRoom(at, who)
        case ["enter", who]:
            return EnterRoom(at, who)
        case ["sign", item]:
            return SignChecklist(at, visit, (item,))
        case ["discharge", criterion]:
            return SignDischarge(at, (criterion,))
    raise Refused(f"no button says '{words}'")


def made_at(now: datetime, age_ms: str) -> datetime:
    """When a tap was made that reached the server ``age_ms`` milliseconds later.

    The age is told instead of the time, so that a tablet's clock may be wrong.

    Raises
    ------
    Refused
        If the age is no number, or the tap is more than a day old.
    """
    if not (age_ms.isascii() and age_ms.isdecimal()):
        raise Refused(f"'{age_ms}' is no age in milliseconds")
    age = timedelta(milliseconds=int(age_ms[:12]))
    if age > OLDEST:
        raise Refused("this was tapped more than a day ago; record it with its time instead")
    return now - age
