"""The codelists of one trial: CDISC's terms, and those its protocol and instruments bring."""

from collections.abc import Iterable

from sojourn.exchange.cdisc import codes
from sojourn.exchange.cdisc.standard import Codelist, Term, Test, terminology
from sojourn.exchange.cdisc.study import Study


def codelists(study: Study) -> dict[str, Codelist]:
    """Every codelist a variable of the exports may name, by that name."""
    shipped = dict(terminology().codelists)
    reasons, milestones = shipped.pop("NCOMPLT"), shipped.pop("PROTMLST")
    # Two lists of CDISC meet in one variable: their terms keep their codes, the list has none.
    shipped["DSDECOD"] = Codelist(
        "Disposition: Completion, Reason, Milestone", (*reasons.terms, *milestones.terms)
    )
    shipped["ARMCD"] = Codelist(
        "Arm Code", tuple(Term(each.code, decode=each.label) for each in study.arms)
    )
    shipped["ARM"] = Codelist(
        "Arm", tuple(Term(each.label, decode=each.label) for each in study.arms)
    )
    for domain in ("QS", "RS"):
        tests = tuple(_tests(study, domain))
        shipped[f"{domain}TESTCD"] = Codelist(
            f"Test Code of {domain}",
            tuple(Term(each.code, each.concept, each.name) for each in tests),
        )
        shipped[f"{domain}TEST"] = Codelist(
            f"Test Name of {domain}",
            tuple(Term(name, concept) for name, concept in _names(tests).items()),
        )
        shipped[f"{domain}CAT"] = _categories(study, domain, shipped[f"{domain}CAT"])
    return shipped


def _tests(study: Study, domain: str) -> Iterable[Test]:
    for form in study.questions.forms.values():
        if form.place.domain == domain:
            yield from (test for test, _ in form.items)
            if form.total is not None:
                yield form.total
    if domain == "QS":
        yield from codes.CONTACT
        yield from codes.MOOD
        yield from study.questions.diary.values()
        yield from study.questions.interview.values()


def _names(tests: Iterable[Test]) -> dict[str, str]:
    """Test names, each once: two questions may share one."""
    return {each.name: each.concept for each in tests}


def _categories(study: Study, domain: str, shipped: Codelist) -> Codelist:
    places = (each.place for each in study.questions.forms.values())
    new = {each.category for each in places if each.domain == domain} - shipped.values
    more = tuple(Term(each) for each in sorted(new))
    return Codelist(shipped.name, (*shipped.terms, *more), shipped.code, shipped.extensible)
