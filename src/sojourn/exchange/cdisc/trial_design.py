"""TA, TE, TV, TI and TS: what the protocol plans, on the entry that founded the programme."""

from collections.abc import Iterator

from sojourn.exchange.cdisc.elements import Element, planned_elements
from sojourn.exchange.cdisc.standard import Row, sdtm, terminology
from sojourn.exchange.cdisc.study import Study, iso
from sojourn.protocols.model import Protocol


def criterion_codes(protocol: Protocol) -> dict[str, str]:
    """IETESTCD of each criterion by key: INCL01, EXCL01 and so on, in the protocol's order."""
    codes, counted = {}, {"inclusion": 0, "exclusion": 0}
    for each in protocol.criteria:
        counted[each.kind] += 1
        codes[each.key] = f"{each.kind[:4].upper()}{counted[each.kind]:02d}"
    return codes


def datasets(study: Study) -> Iterator[tuple[str, list[Row]]]:
    """Each trial design dataset with its rows."""
    for name, rows in (
        ("TA", _arms(study)),
        ("TE", _elements(study)),
        ("TV", _visits(study)),
        ("TI", _criteria(study)),
        ("TS", _summary(study)),
    ):
        variables = [each.name for each in sdtm().datasets[name].variables]
        empty: Row = dict.fromkeys(variables, None)
        same: Row = {"STUDYID": study.key, "DOMAIN": name}
        yield name, [empty | same | row for row in rows]


def _planned(study: Study, number: int) -> tuple[Element, ...]:
    """The elements of the arm of that number, in order."""
    arm = study.arms[number]
    return planned_elements(study.protocol, f"TRT{arm.number or 'BLIND'}", arm.label)


def _arms(study: Study) -> Iterator[Row]:
    for index, arm in enumerate(study.arms):
        for order, each in enumerate(_planned(study, index), start=1):
            yield {
                "ARMCD": arm.code,
                "ARM": arm.label,
                "TAETORD": order,
                "ETCD": each.code,
                "ELEMENT": each.name,
                "TABRANCH": f"Randomised to {arm.label}" if each.code == "PREP" else None,
                "EPOCH": each.epoch,
            }


def _elements(study: Study) -> Iterator[Row]:
    seen = set()
    for index in range(len(study.arms)):
        for each in _planned(study, index):
            if each.code not in seen:
                seen.add(each.code)
                yield {
                    "ETCD": each.code,
                    "ELEMENT": each.name,
                    "TESTRL": each.starts,
                    "TEENRL": each.ends,
                }


def _visits(study: Study) -> Iterator[Row]:
    for visit in study.protocol.visits:
        window, anchor = visit.window, study.protocol.visit(visit.anchor)
        after = anchor.label if anchor else "enrolment"
        yield {
            **study.visit(visit.key),
            "TVSTRL": f"{window.earliest} to {window.latest} days after {after}, "
            f"planned for day {window.target}",
        }


def _criteria(study: Study) -> Iterator[Row]:
    codes = criterion_codes(study.protocol)
    for each in study.protocol.criteria:
        yield {
            "IETESTCD": codes[each.key],
            "IETEST": each.label[:200],
            "IECAT": each.kind.upper(),
            "TIVERS": study.protocol.version,
        }


def _summary(study: Study) -> Iterator[Row]:
    lists = terminology().codelists
    names = {each.value: each.decode for each in lists["TSPARMCD"].terms}
    coded = {
        each.value: each.code
        for name in ("STYPE", "TBLIND", "INTMODEL", "TCNTRL", "INTTYPE", "NY", "UNIT")
        for each in lists[name].terms
    }
    package = terminology().package
    for parameter, values in _parameters(study).items():
        for number, value in enumerate(values, start=1):
            code = coded.get(value)
            yield {
                "TSSEQ": number,
                "TSPARMCD": parameter,
                "TSPARM": names[parameter],
                "TSVAL": value,
                "TSVALCD": code,
                "TSVCDREF": "CDISC CT"
                if code
                else "ISO 8601"
                if parameter.endswith("DTC")
                else None,
                "TSVCDVER": package.version if code else None,
            }


def _parameters(study: Study) -> dict[str, tuple[str, ...]]:
    """What the protocol and the cut say of the trial; what neither says is left out."""
    protocol = study.protocol
    randomised, estimand = protocol.randomisation, protocol.outcome.estimand
    found: dict[str, tuple[str, ...]] = {
        "TITLE": (protocol.title,),
        "INDIC": (protocol.indication,),
        "NARMS": (str(len(protocol.arms)),),
        "RANDOM": ("Y" if randomised else "N",),
        "TBLIND": ("DOUBLE BLIND" if randomised and randomised.blinded else "OPEN LABEL",),
        "INTMODEL": ("PARALLEL" if len(protocol.arms) > 1 else "SINGLE GROUP",),
        "HLTSUBJI": ("N",),
        "OUTMSPRI": (estimand.variable[:200],),
        "SDTMVER": ("2.0",),
        "SDTIGVER": (sdtm().standard.version,),
        "DCUTDTC": (iso(study.as_of) or "",),
        "DCUTDESC": ("DATA CUT OF THE RECORD",),
    }
    if protocol.stopping_rules:
        found["STOPRULE"] = tuple(each.label[:200] for each in protocol.stopping_rules)
    if protocol.dosing:
        sessions = protocol.dosing.sessions
        levels = {level for each in sessions for level in each.initial}
        given = {arm.holds(level) for arm in protocol.arms for level in levels} - {None, 0}
        found |= {
            "STYPE": ("INTERVENTIONAL",),
            "INTTYPE": ("DRUG",),
            "TRT": (protocol.dosing.substance.split(", or matching")[0][:200],),
            "DOSE": tuple(map(str, sorted(each for each in given if each))),
            "DOSU": (sessions[0].unit.replace("µ", "u"),),
        }
    if any(each.key == "placebo" for each in protocol.arms):
        found["TCNTRL"] = ("PLACEBO",)
    return found
