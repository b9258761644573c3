"""A form for every command, built from what the command asks; no form is written by hand."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from types import NoneType
from typing import Any, get_args

from django import forms
from django.utils import timezone
from django.utils.datastructures import MultiValueDict

from sojourn.clinic.offers import Choices, Offers
from sojourn.instruments import Instrument
from sojourn.ledger import clock, terminology
from sojourn.protocols.model import Fidelity, Protocol
from sojourn.record.command import UNREADABLE, Asked, asked
from sojourn.vigilance.terms import Term, suggest

YES_NO = (("yes", "Yes"), ("no", "No"))
RADIO_UP_TO = 7
# Fields whose value is pairs of key and answer, each with a form field of its own.
PAIRS = ("criteria", "characteristics", "site-settings", "fidelity-items")


class CommandForm(forms.Form):
    """The form of one command: typed fields in, the command itself out."""

    key = forms.RegexField(
        r"^[0-9A-Za-z-]*$", widget=forms.HiddenInput, required=False, max_length=64
    )
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(
        self,
        command: type[Any],
        offered: Offers,
        *,
        data: MultiValueDict[str, Any] | None = None,
        initial: Mapping[str, Any] | None = None,
        instrument: Instrument | None = None,
        protocol: Protocol | None = None,
        correcting: bool = False,
    ) -> None:
        super().__init__(data, initial={"at": _now_here(), **(initial or {})})
        self.command = command
        self.groups: dict[str, list[str]] = {}
        for field in asked(command):
            if field.name in self.base_fields:
                raise TypeError(f"{command.__name__}.{field.name} hides the form's own field")
            self._add(field, offered, instrument, protocol)
        if correcting:
            self.fields["reason_for_correction"] = forms.CharField(
                label="Why it is corrected",
                widget=forms.Textarea({"rows": 2}),
                max_length=500,
                validators=[_readable],
            )

    def to_command(self, **known: Any) -> Any:
        """The command as its dataclass, with what is ``known`` unasked; only of a valid form."""
        values = {field.name: self._value(field) for field in asked(self.command)}
        return self.command(**known, **values)

    def refuse(self, field: str, message: str) -> None:
        """Show a refusal beside the field it names, or above the form."""
        if field in self.fields:
            self.add_error(field, message)
        elif self.groups.get(field):
            self.add_error(self.groups[field][0], message)
        else:
            self.add_error(None, message)

    def _add(
        self,
        field: Asked,
        offered: Offers,
        instrument: Instrument | None,
        protocol: Protocol | None,
    ) -> None:
        source = field.ask.choices_from
        if source == "criteria":
            self._group(field.name, offered.get("criteria"), offered.get("criterion-answers"))
        elif source == "characteristics" and protocol:
            self._characteristics(
                field.name, protocol, dict(offered.get("recorded-characteristics"))
            )
        elif source == "fidelity-items" and protocol and protocol.fidelity:
            self._fidelity(field.name, protocol.fidelity)
        elif source == "site-settings" and protocol:
            self._settings(field.name, protocol)
        elif source == "terms":
            self._terms(field)
        elif source == "items":
            if instrument and instrument.items:
                self._items(field.name, instrument)
        elif (
            field.name == "total"
            and instrument
            and instrument.items
            and not instrument.total_only_allowed
        ):
            return
        else:
            self.fields[field.name] = _form_field(field, offered.get(source) if source else ())

    def _group(self, name: str, rows: Choices, answers: Choices) -> None:
        self.groups[name] = []
        for key, label in rows:
            self.fields[f"{name}-{key}"] = forms.ChoiceField(
                label=label, choices=answers, widget=forms.RadioSelect, required=False
            )
            self.groups[name].append(f"{name}-{key}")

    def _characteristics(self, name: str, protocol: Protocol, recorded: Mapping[str, str]) -> None:
        self.groups[name] = []
        heading = ""
        for each in protocol.characteristics:
            held = recorded.get(each.key)
            said = dict(each.options).get(held or "", held)
            notes = (each.help, f"Recorded: {said}." if held else "")
            common: dict[str, Any] = {
                "label": each.label + (f", {each.unit}" if each.unit else ""),
                "help_text": " ".join(note for note in notes if note),
                "required": False,
            }
            built: forms.Field = (
                forms.IntegerField(min_value=each.lowest, max_value=each.highest, **common)
                if each.is_number
                else forms.ChoiceField(choices=each.options, widget=forms.RadioSelect, **common)
            )
            if each.group != heading:
                heading = built.heading = each.group  # type: ignore[attr-defined]
            self.fields[f"{name}-{each.key}"] = built
            self.groups[name].append(f"{name}-{each.key}")

    def _fidelity(self, name: str, plan: Fidelity) -> None:
        self.groups[name] = []
        values = tuple((str(each), str(each)) for each in range(plan.lowest, plan.highest + 1))
        for item in plan.items:
            key = f"{name}-{item.key}"
            self.fields[key] = forms.TypedChoiceField(
                label=item.label, choices=values, coerce=int, widget=forms.RadioSelect
            )
            self.groups[name].append(key)

    def _terms(self, field: Asked) -> None:
        """Terms the words in the field before may mean, for a person to confirm one."""
        held = self.data or self.initial
        dictionary = terminology.in_use()
        offered = list(suggest(dictionary, str(held.get("term") or "")))
        chosen = dictionary.by_code.get(str(held.get(field.name) or ""))
        if chosen and chosen not in offered:
            offered.append(chosen)
        if not offered and held.get("term"):
            offered = [each for each in dictionary.by_code.values() if each.is_other]
        built = forms.ChoiceField(
            label=field.ask.label,
            help_text=field.ask.help,
            choices=tuple((each.code, _term_label(each)) for each in offered),
            widget=forms.RadioSelect,
            required=False,
        )
        built.suggested = True  # type: ignore[attr-defined]
        self.fields[field.name] = built

    def _items(self, name: str, instrument: Instrument) -> None:
        self.groups[name] = []
        for item in instrument.items:
            choices = item.answers or tuple(
                (value, str(value)) for value in range(item.lowest, item.highest + 1)
            )
            key = f"{name}-{item.number}"
            if len(choices) <= RADIO_UP_TO:
                self.fields[key] = forms.TypedChoiceField(
                    label=f"{item.number}. {item.label}",
                    choices=choices,
                    coerce=int,
                    empty_value=None,
                    widget=forms.RadioSelect,
                    required=False,
                )
            else:
                self.fields[key] = forms.IntegerField(
                    label=f"{item.number}. {item.label}",
                    min_value=item.lowest,
                    max_value=item.highest,
                    required=False,
                )
            self.groups[name].append(key)

    def _settings(self, name: str, protocol: Protocol) -> None:
        self.groups[name] = []
        for setting in protocol.site_settings:
            known = "" if setting.verified else " (unverified)"
            self.fields[f"{name}-{setting.key}"] = forms.IntegerField(
                label=f"{setting.label}, {setting.unit}",
                required=setting.required,
                min_value=setting.lowest,
                max_value=setting.highest,
                help_text=f"Published: {setting.published}{known}" if setting.published else "",
            )
            self.groups[name].append(f"{name}-{setting.key}")

    def _value(self, field: Asked) -> Any:
        source, name = field.ask.choices_from, field.name
        prefix = len(name) + 1
        if source in PAIRS:
            answers = (
                (each[prefix:], self.cleaned_data[each]) for each in self.groups.get(name, ())
            )
            kept = ((key, value) for key, value in answers if value not in ("", None))
            # Limits and ratings are numbers; what was found about a person is kept as it is said.
            whole = source in ("site-settings", "fidelity-items")
            return tuple((key, value if whole else str(value)) for key, value in kept)
        if source == "items":
            given = tuple(self.cleaned_data[each] for each in self.groups.get(name, ()))
            return given if any(value is not None for value in given) else ()
        value = self.cleaned_data.get(name)
        if bare(field.type) is bool:
            return value == "yes"
        if _is_tuple(field.type):
            return tuple(value or ())
        if bare(field.type) is int and value not in (None, ""):
            return int(value)
        if value in (None, "") and NoneType in get_args(field.type):
            return None
        return value


def initial_of(command: Any) -> dict[str, Any]:
    """Form values that show an existing command, for correcting it."""
    initial: dict[str, Any] = {}
    for field in asked(type(command)):
        value = getattr(command, field.name)
        if field.ask.choices_from == "items":
            initial |= {f"{field.name}-{number}": each for number, each in enumerate(value, 1)}
        elif field.ask.choices_from in PAIRS:
            initial |= {f"{field.name}-{key}": each for key, each in value}
        elif isinstance(value, bool):
            initial[field.name] = "yes" if value else "no"
        elif isinstance(value, datetime):
            initial[field.name] = timezone.localtime(value).replace(tzinfo=None)
        else:
            initial[field.name] = value
    return initial


def _form_field(field: Asked, choices: Choices) -> forms.Field:
    ask, kind = field.ask, bare(field.type)
    common: dict[str, Any] = {
        "label": f"{ask.label}, {ask.unit}" if ask.unit else ask.label,
        "help_text": ask.help,
        "required": not ask.optional,
    }
    if _is_tuple(field.type):
        return forms.MultipleChoiceField(
            choices=ask.choices or choices, widget=forms.CheckboxSelectMultiple, **common
        )
    if ask.choices or ask.choices_from:
        options = ask.choices or choices
        if len(options) <= RADIO_UP_TO:
            return forms.ChoiceField(choices=options, widget=forms.RadioSelect, **common)
        return forms.ChoiceField(choices=(("", "Choose"), *options), **common)
    if kind is bool:
        return forms.ChoiceField(choices=YES_NO, widget=forms.RadioSelect, **common)
    if kind is datetime:
        # Whole minutes are what a person writes down; seconds would only look exact.
        widget = forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
        formats = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]
        return _WallClockField(widget=widget, input_formats=formats, **common)
    if kind is date:
        return forms.DateField(
            widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"), **common
        )
    if kind is int:
        return forms.IntegerField(min_value=ask.at_least, max_value=ask.at_most, **common)
    widget_text: forms.Widget = (
        forms.Textarea({"rows": ask.lines}) if ask.lines > 1 else forms.TextInput()
    )
    return forms.CharField(widget=widget_text, max_length=ask.longest, **common)


class _WallClockField(forms.DateTimeField):
    """A time as the clock on the wall showed it, in the night the clocks change too."""

    def to_python(self, value: Any) -> datetime | None:
        if isinstance(value, datetime) and timezone.is_aware(value):
            return value  # a program said in which zone
        with timezone.override(UTC):  # or the hour that comes twice would be refused
            shown = super().to_python(value)
        if shown is None:
            return None
        try:
            return clock.lived_at(shown.replace(tzinfo=None))
        except ValueError as error:
            raise forms.ValidationError(f"{error}.") from error


def _readable(text: str) -> None:
    if found := UNREADABLE.search(text):
        raise forms.ValidationError(
            f"It holds the control character U+{ord(found[0]):04X}; write it in plain text."
        )


def _term_label(term: Term) -> str:
    grades = ", ".join(map(str, term.grades))
    return f"{term.name} ({term.system_organ_class}; grades {grades})"


def bare(hint: Any) -> Any:
    """The type itself where it may be missing."""
    options = [each for each in get_args(hint) if each is not NoneType]
    return options[0] if options and NoneType in get_args(hint) else hint


def _is_tuple(hint: Any) -> bool:
    return getattr(hint, "__origin__", None) is tuple


def _now_here() -> datetime:
    return timezone.localtime(clock.now()).replace(second=0, microsecond=0, tzinfo=None)
