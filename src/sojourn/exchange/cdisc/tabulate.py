"""One participant as SDTM rows, by dataset; pure, from the course to the rows."""

from collections.abc import Callable, Iterable, Iterator

from sojourn.exchange.cdisc import events, findings, interventions, special
from sojourn.exchange.cdisc.rows import Line, finish
from sojourn.exchange.cdisc.standard import Row, sdtm
from sojourn.exchange.cdisc.study import Subject

DOMAINS: dict[str, Callable[[Subject], Iterable[Line]]] = {
    "DM": special.demographics,
    "SV": special.visits,
    "EC": interventions.as_collected,
    "EX": interventions.exposure,
    "CM": interventions.medications,
    "SU": interventions.substances,
    "DS": events.disposition,
    "MH": events.history,
    "AE": events.adverse_events,
    "DV": events.deviations,
    "IE": findings.criteria_not_met,
    "LB": lambda subject: findings.flag_last_before("LB", findings.laboratory(subject), subject),
    "QS": lambda subject: findings.flag_last_before(
        "QS", findings.questionnaires(subject), subject
    ),
    "RS": lambda subject: findings.flag_last_before("RS", findings.ratings(subject, "RS"), subject),
    "VS": lambda subject: findings.flag_last_before("VS", findings.vital_signs(subject), subject),
}
Rows = dict[str, list[Row]]


def tabulate(subject: Subject) -> Rows:
    """Every SDTM row of one participant, with those of SUPP-- and RELREC."""
    found: Rows = {}
    for name, lines in DOMAINS.items():
        rows, extra = finish(name, sdtm().datasets[name], subject, lines(subject))
        found[name] = rows
        if extra:
            found[f"SUPP{name}"] = extra
    found["RELREC"] = list(_related(found))
    return found


def _related(found: Rows) -> Iterator[Row]:
    """A dose withheld is a deviation too: one entry, two rows, which RELREC ties together."""
    withheld = {row["ECSPID"]: row for row in found["EC"] if row["ECOCCUR"] == "N"}
    number = 0
    for row in found["DV"]:
        dose = withheld.get(row["DVSPID"])
        if row["DVDECOD"] != "DOSE WITHHELD" or dose is None:
            continue
        number += 1
        for domain, each in (("DV", row), ("EC", dose)):
            yield {
                "STUDYID": row["STUDYID"],
                "RDOMAIN": domain,
                "USUBJID": row["USUBJID"],
                "IDVAR": f"{domain}SEQ",
                "IDVARVAL": str(each[f"{domain}SEQ"]),
                "RELTYPE": None,
                "RELID": f"WITHHELD{number}",
            }


def between_datasets(study: str) -> list[Row]:
    """RELREC for whole datasets: each dose of EX is one of EC, by its link."""
    return [
        {
            "STUDYID": study,
            "RDOMAIN": domain,
            "USUBJID": None,
            "IDVAR": f"{domain}LNKID",
            "IDVARVAL": None,
            "RELTYPE": "ONE",
            "RELID": "DOSES",
        }
        for domain in ("EC", "EX")
    ]
