"""A written name is resolved to its substances, or something near is offered; never guessed."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sojourn.medicines import load_shipped, open_names, resolve
from sojourn.medicines.names import _PlainUnpickler, plain_name

FORMULARY = load_shipped()
NAMES = open_names()


def substances(written):
    return resolve(FORMULARY, NAMES, written).substances


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("sertraline", ("sertraline",)),
        ("Zoloft", ("sertraline",)),
        ("LUSTRAL 50 mg tablets", ("sertraline",)),
        ("Sertraline HCl", ("sertraline",)),
        ("Prozac 20mg", ("fluoxetine",)),
        ("Effexor XR", ("venlafaxine",)),
        ("lithium carbonate", ("lithium",)),
        ("sodium valproate", ("valproate",)),
        ("Nardil", ("phenelzine",)),
        ("Norvir", ("ritonavir",)),
        ("Paxlovid", ("ritonavir",)),
        ("Zyvox", ("linezolid",)),
        ("Robitussin DM", ("dextromethorphan",)),
        ("St. John’s Wort", ("st john's wort",)),
        ("ST JOHN'S WORT", ("st john's wort",)),
        ("Contrave", ("bupropion", "naltrexone")),
        ("tramadol/paracetamol", ("tramadol", "acetaminophen")),
        ("sumatriptan and naproxen", ("sumatriptan", "naproxen")),
        ("metformin 500 mg", ("metformin",)),
    ],
)
def test_brand_salt_strength_and_product_lead_to_the_substances(written, expected):
    assert substances(written) == expected


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("trazadone", "trazodone"),
        ("sertralin", "sertraline"),
        ("fenelzine", "phenelzine"),
        ("Nardill", "phenelzine"),
        ("venlafaxin XR", "venlafaxine"),
        ("moclobamide", "moclobemide"),
        ("dextromethorfan", "dextromethorphan"),
    ],
)
def test_a_misspelt_name_is_offered_and_not_taken(written, meant):
    resolution = resolve(FORMULARY, NAMES, written)
    if resolution.substances:  # the open table lists some misspellings as foreign names
        assert resolution.substances == (meant,)
    else:
        assert meant in resolution.nearest


@pytest.mark.parametrize("written", ["xyzzyplugh", "the blue one", "", "??"])
def test_what_is_no_medicine_is_neither_known_nor_near(written):
    resolution = resolve(FORMULARY, NAMES, written)
    assert (resolution.substances, resolution.nearest) == ((), ())


def test_a_product_known_in_part_only_is_not_known():
    assert substances("sertraline + xyzzyplugh") == ()


@given(
    st.sampled_from(sorted(FORMULARY.by_name)),
    st.sampled_from(["", " 50 mg", " 20MG tablets", " XR", " hydrochloride", "  "]),
    st.booleans(),
)
def test_every_name_of_the_rules_is_found_with_form_strength_and_case(name, more, upper):
    written = f"{name}{more}"
    resolved = substances(written.upper() if upper else written)
    assert FORMULARY.by_name[name].name in resolved


@given(st.text(max_size=60))
def test_any_text_resolves_without_harm_and_plain_names_stay_plain(written):
    resolution = resolve(FORMULARY, NAMES, written)
    assert not (resolution.substances and resolution.nearest)
    assert plain_name(plain_name(written)) == plain_name(written)


def test_a_drug_table_that_could_run_something_is_refused(tmp_path):
    path = tmp_path / "table.pkl"
    path.write_bytes(pickle.dumps(print))
    with path.open("rb") as file, pytest.raises(pickle.UnpicklingError, match="plain data only"):
        _PlainUnpickler(file).load()
