"""The API against its own documentation, by generated requests, right and wrong (schemathesis)."""

import os

import schemathesis
from django.core.wsgi import get_wsgi_application
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import ignored_auth, positive_data_acceptance

from sojourn.clinic.api import shapes
from sojourn.clinic.demo.programme import ACCOUNTS
from sojourn.ledger.desk import load_course
from tests.clinic.api.calling import HOST, Program

# More of them, by hand: SOJOURN_EXAMPLES=200 pytest tests/clinic/api/test_conformance.py
EXAMPLES = int(os.environ.get("SOJOURN_EXAMPLES", "1"))
KINDS = {
    each.name: each
    for group in (
        shapes.of_participants, shapes.of_programmes, shapes.of_stock, shapes.of_confidence
    )
    for each in group()
}  # fmt: skip
# What makes sense in a course today is more than a schema tells: valid data may be refused.
# A token that is given with each request is no forged one; without any: see below.
LEFT_OUT = [positive_data_acceptance, ignored_auth]


def test_every_answer_is_as_documented(programme, in_session):
    """No failure of the server, and no status, content type or body that is not documented."""
    schema = schemathesis.openapi.from_wsgi(
        "/api/v1/openapi.json", get_wsgi_application(), headers={"Host": HOST}
    )
    programs = {role: Program(name) for name, role in ACCOUNTS}
    words = {"programme": "demo", "participant": in_session, "site": "site-01", "number": "1001"}
    version = load_course("demo", in_session).version
    seen = set()
    for operation in (each.ok() for each in schema.get_all_operations()):
        token = programs[role_for(operation)].token
        fixed = {"Host": HOST, "Authorization": f"Bearer {token}", "If-Match": f'"{version}"'}
        # Half of the requests get as far as a course that is there.
        known = {name: words[name] for name in words if f"{{{name}}}" in operation.path}
        for mode in GenerationMode:
            seen |= conforms(operation, mode, headers=fixed, path_parameters=known or None)
            seen |= conforms(operation, mode, headers=fixed)
    print(sorted(seen))


def conforms(operation, mode, **fixed) -> set[int]:
    seen = set()

    @seed(20261125)
    @settings(
        max_examples=EXAMPLES,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(operation.as_strategy(generation_mode=mode, **fixed))
    def one(case):
        response = case.call()
        seen.add(response.status_code)
        case.validate_response(response, excluded_checks=LEFT_OUT)

    try:
        one()
    except Unsatisfiable:
        assert mode is GenerationMode.NEGATIVE  # nothing is left to get wrong
    return seen


def role_for(operation: APIOperation) -> str:
    """A role that may, so that what is sent gets as far as it can."""
    kind = KINDS.get(operation.path.rpartition("/")[2])
    if kind is None:
        return "sponsor" if operation.method == "get" else "coordinator"
    return sorted(set(kind.roles) - {"import", "participant", "system"})[-1]
