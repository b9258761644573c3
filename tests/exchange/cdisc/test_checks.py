"""Each of our checks finds a fault put there, and nothing where none is."""

from copy import deepcopy
from dataclasses import replace

import pytest

from sojourn.exchange.cdisc.checks import Folder, check, faults, read, schema

pytestmark = pytest.mark.django_db  # the trial is loaded into the tests' database

LARGE = ("QS", "RS", "VS", "SV", "SUPPSV", "ADVS", "ADQS")  # one participant's rows are enough
Folders = dict[str, Folder]


@pytest.fixture(scope="session")
def folders(trial) -> Folders:
    """The blinded export, read, its large datasets cut to one participant."""
    found = {}
    for kind in ("sdtm", "adam"):
        whole = read(trial.blinded.folder / kind)
        rows = {
            name: [row for row in rows if row["USUBJID"] == "demo-D-001"] if name in LARGE else rows
            for name, rows in whole.rows.items()
        }
        found[kind] = replace(whole, rows=rows)
    return found


def rules(folders: Folders) -> set[str]:
    return {each.rule for each in faults(folders["sdtm"], folders["adam"], blinded=True)}


def test_nothing_is_found_where_nothing_is_wrong(folders):
    assert faults(folders["sdtm"], folders["adam"], blinded=True) == []


def put(variable, value, number=0):
    def change(rows):
        rows[number][variable] = value

    return change


def twice(rows):
    rows.append(dict(rows[0]))


def serious_for_no_reason(rows):
    rows[0].update(AESER="N", AESHOSP="Y")


def leave_again(rows):
    last = next(row for row in rows if row["DSCAT"] == "DISPOSITION EVENT")
    rows.append({**last, "DSSEQ": 99})


def without_first(rows):
    return rows[1:]


FAULTS = [
    ("terms", "sdtm/dm", put("SEX", "FEMALE")),
    ("terms", "sdtm/ae", put("AEOUT", "CURED")),
    ("terms", "sdtm/ae", put("EPOCH", "SOMETIME")),
    ("required", "sdtm/ae", put("AETERM", None)),
    ("dates", "sdtm/ae", put("AESTDTC", "24 Nov 2026")),
    ("dates", "sdtm/sv", put("SVENDTC", "1999-01-01T10:00:00")),
    ("types", "sdtm/vs", put("VSSTRESN", "high")),
    ("size", "sdtm/ae", put("AETERM", "x" * 201)),
    ("keys", "sdtm/dm", twice),
    ("keys", "sdtm/mh", put("MHSEQ", 2)),
    ("subjects", "sdtm/ds", put("USUBJID", "demo-NOBODY")),
    ("subjects", "adam/adsl", without_first),
    ("disposition", "sdtm/ds", leave_again),
    ("seriousness", "sdtm/ae", serious_for_no_reason),
    ("exposure", "sdtm/dm", put("RFXSTDTC", None)),
    ("visits", "sdtm/sv", put("VISIT", "Another visit")),
    ("planned", "sdtm/ie", put("IETESTCD", "EXCL99")),
    ("planned", "sdtm/ta", put("ETCD", "NONE")),
    ("arms", "sdtm/dm", put("ARMNRS", "NOT ASSIGNED")),
    ("parents", "sdtm/suppae", put("IDVARVAL", "999")),
    ("parents", "sdtm/relrec", put("IDVARVAL", "999")),
    ("sources", "adam/adae", put("SRCSEQ", 999)),
    ("entries", "sdtm/ae", put("AESPID", None)),
    ("entries", "adam/adsl", put("ENTRYPOS", None)),
    ("blinding", "sdtm/dm", put("ARM", "MDMA with therapy")),
    ("blinding", "adam/adsl", put("TRT01P", "Placebo with therapy")),
]


@pytest.mark.parametrize(("rule", "where", "fault"), FAULTS)
def test_a_fault_is_found(folders, rule, where, fault):
    kind, name = where.split("/")
    rows = deepcopy(folders[kind].rows[name.upper()])
    rows = fault(rows) or rows
    wrong = replace(folders[kind], rows=folders[kind].rows | {name.upper(): rows})
    assert rule in rules(folders | {kind: wrong})


def test_exposure_in_a_blinded_cut_is_found(folders, trial):
    told = read(trial.opened.folder / "sdtm").rows["EX"]
    wrong = replace(folders["sdtm"], rows=folders["sdtm"].rows | {"EX": told})
    assert "blinding" in rules(folders | {"sdtm": wrong})
    assert "blinding" not in {each.rule for each in faults(wrong, folders["adam"], blinded=False)}


def test_a_term_added_to_a_closed_list_is_found(folders):
    lists = folders["sdtm"].lists
    wrong = replace(folders["sdtm"], lists=lists | {"CL.NY": lists["CL.NY"] | {"PERHAPS"}})
    assert "terms" in rules(folders | {"sdtm": wrong})


def test_a_label_too_long_for_transport_files_is_found(folders):
    heads = deepcopy(folders["sdtm"].heads)
    heads["AE"]["columns"][5]["label"] = "A label that is far too long for a SAS transport file"
    assert "size" in rules(folders | {"sdtm": replace(folders["sdtm"], heads=heads)})


def test_a_define_that_breaks_its_schema_is_found(trial, tmp_path):
    text = (trial.blinded.folder / "adam" / "define.xml").read_text()
    path = tmp_path / "define.xml"
    for old, new in (('Mandatory="Yes"', 'Mandatory="Often"'), ("<MethodDef", "<Method")):
        assert old in text
        path.write_text(text.replace(old, new, 1))
        assert [each.rule for each in schema(path, "define", "2.1")] == ["schema"]


def test_the_blinded_cut_of_the_trial_has_no_fault(trial):
    assert check(trial.blinded.folder, blinded=True) == []
