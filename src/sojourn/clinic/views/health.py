"""What a machine asks of this one: does it live, can it work, how does it fare."""

import os
from hmac import compare_digest

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from sojourn.ledger import drill
from sojourn.ledger.models import Head

LEAST_FREE = 64 * 2**20  # bytes; a session day's readings take a few MiB


@login_not_required
@require_safe
def live(_: HttpRequest) -> HttpResponse:
    """The process answers. It looks at nothing else: a stopped database is no reason to restart."""
    return HttpResponse("lives\n", content_type="text/plain")


@login_not_required
@require_safe
def ready(_: HttpRequest) -> HttpResponse:
    """Whether this server can read and keep a record now: 200, or 503 with what is amiss."""
    amiss = {}
    try:
        Head.objects.get()
        if not _tables_are_current():
            amiss["tables"] = "older than this version: start sojourn serve once"
    except (DatabaseError, Head.DoesNotExist):
        amiss["record"] = "can't be reached"
    if connection.vendor == "sqlite" and _free() < LEAST_FREE:
        amiss["disk"] = f"less than {LEAST_FREE >> 20} MiB free"
    return JsonResponse({"ready": not amiss, "amiss": amiss}, status=503 if amiss else 200)


@login_not_required
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Numbers in Prometheus' form for whoever holds SOJOURN_METRICS_TOKEN; no page without it."""
    token = settings.METRICS_TOKEN
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not token or not compare_digest(given.encode(), token.encode()):
        raise Http404
    registry = REGISTRY
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    text = generate_latest(registry) + _record().encode()
    return HttpResponse(text, content_type=CONTENT_TYPE_LATEST)


def _record() -> str:
    position = Head.objects.get().position
    return (
        "# HELP sojourn_entries Entries in the record\n# TYPE sojourn_entries counter\n"
        f"sojourn_entries {position}\n{_drilled()}"
    )


def _drilled() -> str:
    found = drill.last()
    if found is None:  # no number is better than one that looks fresh
        return ""
    name = "sojourn_drill_age_seconds"
    return (
        f"# HELP {name} Since a copy was last restored and verified\n# TYPE {name} gauge\n"
        f"{name} {found.age.total_seconds():.0f}\n"
    )


_current: set[bool] = set()


def _tables_are_current() -> bool:
    # Asked every few seconds; once they are current they stay so while this process runs.
    if True not in _current:
        executor = MigrationExecutor(connection)
        _current.add(not executor.migration_plan(executor.loader.graph.leaf_nodes()))
    return True in _current


def _free() -> int:
    disk = os.statvfs(settings.HOME)
    return disk.f_bavail * disk.f_frsize
