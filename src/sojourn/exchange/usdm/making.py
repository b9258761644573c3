"""Objects of a study definition, each with the next identifier of its class."""

import html
from collections import Counter
from typing import Any, TypeVar

from sojourn.exchange.usdm.classes import AliasCode, Code, Part
from sojourn.exchange.usdm.terms import terms

P = TypeVar("P", bound=Part)
OWN = "urn:x-sojourn:codes"
NOT_STATED = "Not stated in the protocol pack"


class Maker:
    """Makes objects; the same calls in the same order give the same identifiers."""

    def __init__(self) -> None:
        self._made: Counter[str] = Counter()

    def __call__(self, kind: type[P], **values: Any) -> P:
        """An object of that class. Its fields are checked as those of a file are."""
        name = kind.__name__
        values.setdefault("id", self.next(kind))
        return kind(instance_type=name, **values)

    def next(self, kind: type[Part]) -> str:
        """An identifier nobody has yet, for an object that others refer to before it is made."""
        self._made[kind.__name__] += 1
        return f"{kind.__name__}_{self._made[kind.__name__]}"

    def code(self, name: str) -> Code:
        """A controlled term by our name of it."""
        known = terms()
        return self(
            Code,
            code=known.terms[name].code,
            code_system=known.system,
            code_system_version=known.version,
            decode=known.terms[name].decode,
        )

    def own_code(self, code: str, decode: str) -> Code:
        """What no published list has a term for, said to be ours."""
        return self(Code, code=code, code_system=OWN, code_system_version="1", decode=decode)

    def not_stated(self) -> Code:
        """Stands where USDM asks for a code of something a pack does not say."""
        return self.own_code("not-stated", NOT_STATED)

    def alias(self, code: Code) -> AliasCode:
        return self(AliasCode, standard_code=code)


def as_html(text: str) -> str:
    """A text as USDM expects it where it is a template: one paragraph of HTML."""
    return f"<p>{html.escape(text, quote=False)}</p>"


def chained(ids: list[str], number: int) -> dict[str, str | None]:
    """The identifiers before and after the one at ``number``."""
    return {
        "previous_id": ids[number - 1] if number else None,
        "next_id": ids[number + 1] if number + 1 < len(ids) else None,
    }
