"""What a person may ask for, how a form asks it, and how it is refused."""

import dataclasses
import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, ClassVar, Literal, Protocol, get_args, get_origin, get_type_hints

Nature = Literal["decision", "observation"]
# Control characters other than tab and line breaks; what no database and no page keeps alike.
UNREADABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


class Command(Protocol):
    """Something a person asks for.

    A *decision* must match the version of the record the person saw; an
    *observation* (a pulse, a note) holds whatever a colleague wrote meanwhile.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    nature: ClassVar[Nature]
    roles: ClassVar[tuple[str, ...]]
    at: datetime
    # A command that is signed also says ``signed: ClassVar[str]``, what the signature means.


@dataclass(frozen=True, slots=True)
class Ask:
    """How a field of a command is put to a person."""

    label: str
    help: str = ""
    unit: str = ""
    at_least: int | None = None
    at_most: int | None = None
    choices: tuple[tuple[str, str], ...] = ()
    choices_from: str = ""  # named by the page: "visits", "instruments", "alerts"
    lines: int = 1
    longest: int = 2000  # characters of a text
    optional: bool = False


class Refused(Exception):
    """The command makes no sense or is not allowed. Nothing was written.

    ``field`` is the command's field at fault, empty when it is the whole;
    the message names the value and the mend.
    """

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field
        self.message = message


@dataclass(frozen=True, slots=True)
class Asked:
    """One field of a command: its name, its bare type and how it is asked."""

    name: str
    type: Any
    ask: Ask
    default: Any = dataclasses.MISSING


def asked(command: type[Any]) -> tuple[Asked, ...]:
    """The fields of ``command`` that carry an ``Ask``, in the order they are declared."""
    if command not in _asked:
        _asked[command] = _read(command)
    return _asked[command]


# Reading type hints is slow and their answer never changes.
_asked: dict[type[Any], tuple[Asked, ...]] = {}


def _read(command: type[Any]) -> tuple[Asked, ...]:
    hints = get_type_hints(command, include_extras=True)
    found = []
    for field in dataclasses.fields(command):
        hint = hints[field.name]
        if get_origin(hint) is not Annotated:
            continue
        bare, *extras = get_args(hint)
        found += [
            Asked(field.name, bare, extra, field.default)
            for extra in extras
            if isinstance(extra, Ask)
        ]
    return tuple(found)


def check(command: Any, *, now: datetime) -> None:
    """Refuse values outside what the command asks for, and times still to come.

    Raises
    ------
    Refused
        Naming the field, the value and the limit.
    """
    for field in asked(type(command)):
        _check_value(field, getattr(command, field.name))
    if command.at.tzinfo is None:
        raise Refused("give the time with its time zone", "at")
    if command.at.year < 1900:
        raise Refused(f"year {command.at.year} lies before 1900; check the year", "at")
    if command.at > now:
        raise Refused(f"{command.at:%Y-%m-%d %H:%M} is still to come; give when it happened", "at")


def _check_value(field: Asked, value: Any) -> None:
    ask = field.ask
    if value is None or value == "":
        if not ask.optional:
            raise Refused(f"{ask.label} is missing; give it", field.name)
        return
    if isinstance(value, int) and not isinstance(value, bool):
        unit = f" {ask.unit}" if ask.unit else ""
        if ask.at_least is not None and value < ask.at_least:
            raise Refused(
                f"{ask.label} {value}{unit} is below {ask.at_least}; check it", field.name
            )
        if ask.at_most is not None and value > ask.at_most:
            raise Refused(f"{ask.label} {value}{unit} is above {ask.at_most}; check it", field.name)
    for text in (value,) if isinstance(value, str) else value if isinstance(value, tuple) else ():
        if isinstance(text, str):
            _check_text(field, text)
    if isinstance(value, str) and ask.choices and value not in dict(ask.choices):
        allowed = ", ".join(key for key, _ in ask.choices)
        raise Refused(f"{ask.label} '{value}' is not one of: {allowed}", field.name)
    if isinstance(value, date) and not isinstance(value, datetime) and value.year < 1900:
        raise Refused(f"{ask.label} {value} lies before 1900; check the year", field.name)


def _check_text(field: Asked, text: str) -> None:
    if len(text) > field.ask.longest:
        raise Refused(
            f"{field.ask.label} is too long: {len(text)} characters, at most {field.ask.longest}",
            field.name,
        )
    if found := UNREADABLE.search(text):
        raise Refused(
            f"{field.ask.label} holds the control character U+{ord(found[0]):04X} "
            f"at place {found.start() + 1}; write it in plain text",
            field.name,
        )


def meaning_of(command: Any) -> str:
    """What a signature under this command means; empty where it is not signed (21 CFR 11.50)."""
    return getattr(command, "signed", "")


def signature_of(command: Any, *, signed: bool, role: str) -> str:
    """The meaning that its entries carry.

    Raises
    ------
    Refused
        If it is to be signed and was not. What a file brings in was not signed here.
    """
    meaning = meaning_of(command)
    if meaning and not signed and role != "import":
        raise Refused(f"this is signed: '{meaning}'. Prove that it is you, and sign", "signature")
    return meaning if signed else ""


def digest_of(text: str, field: str) -> str:
    """``text`` as a SHA-256 in small letters; empty stays empty.

    Raises
    ------
    Refused
        If it is anything else.
    """
    digest = text.strip().lower()
    if digest and (len(digest) != 64 or set(digest) - set("0123456789abcdef")):
        raise Refused(f"'{digest}' is no SHA-256; it has 64 digits 0-9 a-f", field)
    return digest
