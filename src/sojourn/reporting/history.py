"""What someone had taken before treatment, as levels of a subgroup; nothing where not on record."""

from collections.abc import Iterator

from sojourn.course.state import Course
from sojourn.medicines import Formulary

# The characteristic of a pack that counts how often someone took MDMA before.
TIMES = "mdma-times"
SSRI, SSRI_KIND = "ssri", "ssri-snri"
TOLD_BY = (
    "screening.characteristics-recorded", "screening.prior-treatment-recorded",
    "medication.recorded",
)  # fmt: skip


def levels(course: Course, formulary: Formulary) -> Iterator[tuple[str, str]]:
    """The level of each factor that the record tells for this person."""
    times = course.characteristics.get(TIMES)
    if times is not None:
        yield "prior-mdma", "yes" if int(times.value) else "never"
    ssri = _ssri(course, formulary)
    if ssri is not None:
        yield "prior-ssri", "yes" if ssri else "none on record"


def _ssri(course: Course, formulary: Formulary) -> bool | None:
    """Whether an SSRI was taken before inclusion; None where a medicine is not known by name."""
    since = course.randomised_at or course.eligible_at
    taken = [
        name
        for each in course.medications.values()
        if since is None or each.started_on is None or each.started_on <= since.date()
        for name in each.substances
    ]
    tried = [each.name for each in course.prior_treatments if each.kind == SSRI_KIND]
    for name in (*taken, *tried):
        agent = formulary.find(name)
        if agent and any(each.key == SSRI for each in agent.classes):
            return True
    # Tried under a name that could be either an SSRI or an SNRI: nobody can tell which.
    return None if any(formulary.find(name) is None for name in tried) else False
