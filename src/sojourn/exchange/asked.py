"""What the access log is told about a request with a token: only its own door knows for whom."""

from dataclasses import dataclass

from django.http import HttpRequest

from sojourn.ledger.desk import Person

_NAME = "_asked_by_program"


@dataclass(frozen=True, slots=True)
class Asked:
    """A program's question about one participant, or about many when none is named."""

    programme: str
    participant: str
    by: Person
    program: str


def tell(request: HttpRequest, asked: Asked) -> None:
    """Say who asks about whom."""
    request.__dict__[_NAME] = asked


def told(request: HttpRequest) -> Asked | None:
    """What was said of this request; None where no program asked."""
    found: Asked | None = request.__dict__.get(_NAME)
    return found
