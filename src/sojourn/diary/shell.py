"""The page as an app: what is kept on the phone, under which version and which policy."""

from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from django.templatetags.static import static
from django.urls import reverse

HERE = Path(__file__).parent
FILES = ("diary/diary.css", "diary/diary.js", "diary/outbox.js", "diary/mark.svg")
# No script, style or picture from anywhere else, and none written into a page.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)


def kept() -> tuple[str, ...]:
    """Addresses the phone keeps, so that the diary and the crisis lines are there offline."""
    pages = tuple(reverse(name) for name in ("diary", "diary-help", "diary-manifest"))
    return pages + tuple(static(each) for each in FILES)


@cache
def version() -> str:
    """Changes whenever a kept file or template does, so that phones fetch them anew."""
    digest = sha256()
    for path in sorted([*HERE.glob("static/**/*.*"), *HERE.glob("templates/**/*.*")]):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def manifest() -> dict[str, Any]:
    """The web app manifest. It names nothing a lock screen should not show."""
    return {
        "name": "Diary",
        "short_name": "Diary",
        "id": reverse("diary"),
        "start_url": reverse("diary"),
        "scope": reverse("diary"),
        "display": "standalone",
        "background_color": "#f6f5f0",
        "theme_color": "#2a686c",
        "icons": [
            {
                "src": static("diary/mark.svg"),
                "type": "image/svg+xml",
                "sizes": "any",
                "purpose": "any maskable",
            }
        ],
    }
