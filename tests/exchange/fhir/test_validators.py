"""Three validators read every kind of resource; each misses what another catches.

The third, npm's `fhir`, runs where SOJOURN_NPM names a node_modules folder that holds it. HL7's
own Java validator was not run.
"""

import importlib
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from pyrofile_validator import Validator

from sojourn.exchange.fhir.kept import OF_COURSES, OF_PROGRAMMES

HERE = Path(__file__).parent
VERSION = "4.12.0"
# pyrofile-validator 0.3.0 does not know these elements, which R4 has.
# It resolves no canonical address; that it is a Questionnaire's own is tested elsewhere.
UNRESOLVED = "questionnaire.unresolved"
UNKNOWN_TO_PYROFILE = re.compile(
    r"Questionnaire(Response)?\.item\[\d+\]\.text|MedicationAdministration\.dosage\.text"
)


@pytest.fixture
def resources(programs) -> list[dict[str, Any]]:
    """Up to five of each kind, the statement of what is here, a page and an error."""
    everything = programs("lead")
    found = [one for kind in (*OF_PROGRAMMES, *OF_COURSES) for one in everything.found(kind)[:5]]
    found += everything.found("Observation", code="85354-9")[:2]
    found += everything.found("Observation", code="8310-5")[:2]
    found += everything.found("Observation", code="101698-9")[:2]
    found += everything.found("MedicationAdministration", _count=100)[-5:]
    found += everything.found("Provenance", patient="D-001")[:3]
    found += everything.found("AuditEvent")[:3]
    found.append(everything.get("metadata").json())
    found.append(everything.get("Patient", _count=2).json())
    found.append(everything.get("Patient/D-001/_history").json())
    found.append(everything.get("Patient", shoe="43").json())
    assert {each["resourceType"] for each in found} >= {*OF_COURSES, *OF_PROGRAMMES, "Provenance"}
    return found


@pytest.mark.proves("exchange-conformant")
def test_pyrofile_finds_no_error(resources):
    validator = Validator()
    for each in resources:
        report = validator.validate_resource(each)
        errors = [
            issue
            for issue in report.issues
            if issue.severity in ("error", "fatal")
            and issue.code != UNRESOLVED
            and not UNKNOWN_TO_PYROFILE.fullmatch(issue.path or "")
        ]
        assert not errors, f"{each['resourceType']}/{each.get('id')}: {errors}"


def test_pyrofile_would_find_one():
    wrong = {"resourceType": "Patient", "id": "x", "gender": "females"}
    report = Validator().validate_resource(wrong)
    assert any(issue.severity == "error" for issue in report.issues)


@pytest.mark.proves("exchange-conformant")
def test_fhir_resources_reads_each(resources):
    """R4B differs from R4 in none of the resources served here but a few we leave out."""
    for each in resources:
        kind = each["resourceType"]
        module = importlib.import_module(f"fhir.resources.R4B.{kind.lower()}")
        getattr(module, kind).model_validate_json(json.dumps(each))


def test_npm_fhir_finds_no_error(resources):
    folder = os.environ.get("SOJOURN_NPM", "")
    package = Path(folder) / "fhir" / "package.json"
    if not (folder and package.exists() and shutil.which("node")):
        pytest.skip("npm's fhir is not here (SOJOURN_NPM); the third validator was not run")
    assert json.loads(package.read_text())["version"] == VERSION
    wrong = {"resourceType": "Patient", "id": "wrong", "gender": "females"}
    told = subprocess.run(
        ["node", str(HERE / "validate.js"), folder],
        input=json.dumps([*resources, wrong]),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    errors = json.loads(told.stdout)
    assert errors
    assert all(each.startswith("Patient/wrong") for each in errors), errors
