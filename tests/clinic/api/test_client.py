"""A typed client generated from the documentation of today, used as a site's program would be."""

import importlib
import sys

import pytest
from django.core.wsgi import get_wsgi_application
from django.test import Client

from sojourn.ledger import clock
from sojourn.ledger.desk import load_course
from tests.clinic.api.calling import HOST, Program
from tests.clinic.test_pages import written

PACKAGE = "client_of_sojourn"


@pytest.fixture(scope="module")
def generated(tmp_path_factory) -> str:
    """The name of the client's package, made from what the server tells of itself."""
    maker = pytest.importorskip(
        "openapi_python_client", reason="the generator of clients is not installed"
    )
    from openapi_python_client.config import Config, ConfigFile, MetaType

    folder = tmp_path_factory.mktemp("generated")
    told = folder / "openapi.json"
    told.write_bytes(Client(headers={"host": HOST}).get("/api/v1/openapi.json").content)
    config = Config.from_sources(
        ConfigFile(post_hooks=[], literal_enums=True), MetaType.NONE, told, "utf-8", True,
        folder / PACKAGE,
    )  # fmt: skip
    assert maker.generate(config=config) == []
    sys.path.insert(0, str(folder))
    yield PACKAGE
    sys.path.remove(str(folder))
    for name in [each for each in sys.modules if each.split(".")[0] == PACKAGE]:
        del sys.modules[name]


def test_a_generated_client_lists_records_retries_and_reads_a_refusal(
    generated, programme, in_session
):
    httpx = importlib.import_module("httpx")
    package = importlib.import_module(generated)
    models = importlib.import_module(f"{generated}.models")

    def operation(area, name):
        return importlib.import_module(f"{generated}.api.{area}.{name}")

    client = package.AuthenticatedClient(
        base_url=f"http://{HOST}",
        token=Program("prescriber").token,
        httpx_args={"transport": httpx.WSGITransport(get_wsgi_application())},
    )
    listed = operation("participants", "read_participants").sync("demo", client=client, limit=5)
    assert listed.participants[0].participant == "D-001"
    assert listed.next_after == "D-005"

    read = operation("participants", "read_participant").sync_detailed
    shown = read("demo", in_session, client=client)
    assert shown.parsed.version == load_course("demo", in_session).version
    withdraw = operation("participants", "do_consent_withdraw").sync
    body = models.WithdrawConsent(at=clock.now(), wish="asked to stop", scope="treatment")
    sent = {"client": client, "body": body, "if_match": shown.headers["ETag"]}
    first = withdraw("demo", in_session, **sent, idempotency_key="k1")
    assert isinstance(first, models.WrittenOut)
    assert first.entries[0].facts["scope"] == "treatment"
    before = written()
    assert withdraw("demo", in_session, **sent, idempotency_key="k1") == first
    assert written() == before

    refused = withdraw("demo", in_session, **sent)
    assert isinstance(refused, models.ProblemOut)
    assert (refused.status, refused.type_) == (412, "urn:sojourn:problem:stale")
