"""What a data safety monitoring board receives: the open pack, and the closed session by arm."""

from collections import Counter

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from sojourn.clinic import board
from sojourn.clinic.access import Visitor, in_programme
from sojourn.clinic.paper import Table, pdf
from sojourn.ledger import checkpoint, clock, opening
from sojourn.ledger.rows import EventRow, ParticipantRow
from sojourn.record.command import Refused

MOST = 100_000  # lines of each list: a board is shown everything


@require_POST
@in_programme
def pack(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """The safety board as PDF, with its data cut and the record's latest checkpoint."""
    now = clock.now()
    shown = board.gather(visitor, now, MOST)
    programme = visitor.standing.programme
    lodged = checkpoint.make_checkpoint(visitor.person.name)
    made = pdf(
        f"{programme.title}: safety report, open session",
        (
            f"Data cut {now:%Y-%m-%d %H:%M} UTC. Protocol {programme.protocol} "
            f"{programme.protocol_version}. No arm is known to this report.",
            f"Checkpoint over {lodged.size} entries, root {lodged.root}",
        ),
        _sections(shown),
        f"{programme.title}, data cut {now:%Y-%m-%d %H:%M} UTC, root {lodged.root[:16]}",
        now,
    )
    name = f"safety-{visitor.programme}-{now:%Y%m%d}.pdf"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(made, content_type="application/pdf", headers=headers)


@in_programme
def closed_session(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Events by arm, for those who may know it, after the opening was written down."""
    context = {"visitor": visitor, "here": "safety", "purpose": "", "tables": None}
    if request.method == "POST":
        purpose = request.POST.get("purpose", "").strip()
        if not opening.says_why(purpose):
            messages.error(request, "Say in a few words what the allocation is opened for.")
            return redirect("closed-session", programme=visitor.programme)
        try:
            opening.record(visitor.programme, purpose, visitor.person)
        except Refused as refusal:
            raise PermissionDenied(refusal.message) from refusal
        context |= {"purpose": purpose, "tables": by_arm(visitor)}
    return render(request, "clinic/closed_session.html", context)


def by_arm(visitor: Visitor) -> tuple[Table, ...]:
    """People randomised, with any event, and with a serious one; then people by term; by arm."""
    arms = opening.allocations(visitor.programme)
    labels = {each.key: each.label for each in visitor.standing.protocol.arms}
    order = [key for key in labels if key in set(arms.values())]
    events = [
        row
        for row in EventRow.objects.filter(programme=visitor.programme)
        if row.participant in arms
    ]
    having = {
        "Randomised": set(arms),
        "With a dose": set(
            ParticipantRow.objects.filter(
                programme=visitor.programme, sessions_dosed__gt=0
            ).values_list("participant", flat=True)
        ),
        "With any event": {row.participant for row in events},
        "With a severe event (grade 3 or more)": {
            row.participant for row in events if row.grade >= 3
        },
        "With a serious event": {row.participant for row in events if row.serious},
        "With an event of special interest": {
            row.participant for row in events if row.special_interest
        },
    }
    terms: dict[str, set[str]] = {}
    for row in events:
        terms.setdefault(row.term.capitalize(), set()).add(row.participant)
    ranked = sorted(terms.items(), key=lambda each: (-len(each[1]), each[0]))
    head = tuple(labels[key] for key in order)
    return tuple(
        Table(
            title,
            (4, *(1 for _ in order)),
            (first, *head),
            tuple((name, *_counted(people, arms, order)) for name, people in rows),
        )
        for title, first, rows in (
            ("People", "", having.items()),
            ("People by event", "Event", ranked),
        )
    )


def _counted(people: set[str], arms: dict[str, str], order: list[str]) -> tuple[str, ...]:
    times = Counter(arms[each] for each in people if each in arms)
    return tuple(str(times[key]) for key in order)


def _sections(shown: board.Board) -> tuple[Table, ...]:
    return (*_serious(shown), *_counts(shown), *_watched(shown))


def _serious(shown: board.Board) -> tuple[Table, ...]:
    return (
        Table(
            "Stopping rules",
            (5, 2, 2, 2, 6),
            ("Rule", "Counted", "Stops at", "Stands", "Demands"),
            tuple(
                (
                    each.verdict.rule.label,
                    str(each.verdict.counted),
                    "not set" if each.verdict.at_least is None else str(each.verdict.at_least),
                    each.verdict.standing,
                    each.verdict.rule.demands,
                )
                for each in shown.rules
            ),
        ),
        Table(
            "Serious events",
            (3, 5, 2, 3, 3, 3),
            ("Participant", "Event", "Grade", "Related", "Expected", "Outcome"),
            tuple(
                (
                    row.participant,
                    row.term,
                    str(row.grade),
                    row.relatedness,
                    row.expectedness,
                    row.outcome,
                )
                for row in shown.serious
            ),
        ),
        Table(
            "Reports due",
            (3, 4, 5, 4),
            ("Participant", "Event", "Report", "Left"),
            tuple(
                (each.row.participant, each.row.term, each.row.label, each.left)
                for each in shown.running
            ),
        ),
    )


def _counts(shown: board.Board) -> tuple[Table, ...]:
    return (
        Table(
            f"Events by system organ class and grade ({shown.events})",
            (8, 1, 1, 1, 1, 1, 1),
            ("Class", "1", "2", "3", "4", "5", "All"),
            tuple((name, *map(str, counts), str(total)) for name, counts, total in shown.by_class),
        ),
        Table(
            "Special interest",
            (6, 2),
            ("Interest", "Events"),
            tuple((label, str(times)) for _, label, times, _ in shown.interests),
        ),
        Table(
            "Mood on the days after a session (0 worst, 10 best)",
            (2, 2, 2, 2, 2),
            ("Day", "Contacts", "First quartile", "Median", "Third quartile"),
            tuple(
                (str(day), str(each.n), f"{each.first:g}", f"{each.median:g}", f"{each.third:g}")
                for day, each in shown.moods.items()
                if each is not None
            ),
        ),
    )


def _watched(shown: board.Board) -> tuple[Table, ...]:
    return (
        Table(
            "Vital signs beyond the site's limits, latest first",
            (3, 4, 10),
            ("Participant", "When (UTC)", "What"),
            tuple(
                (row.participant, f"{row.raised_at:%Y-%m-%d %H:%M}", row.label)
                for row in shown.excursions
            ),
        ),
        Table(
            "Open alerts, oldest first",
            (3, 4, 10),
            ("Participant", "Since (UTC)", "What"),
            tuple(
                (row.participant, f"{row.raised_at:%Y-%m-%d %H:%M}", row.label)
                for row in shown.alerts
            ),
        ),
    )
