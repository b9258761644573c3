"""Data on paper: the same template, data and moment give the same bytes."""

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import typst


def pdf(template: Path, data: Mapping[str, Any], at: datetime) -> bytes:
    """``data`` set in ``template`` as PDF; ``at`` is the moment it says it was made."""
    made: bytes = typst.compile(
        str(template),
        format="pdf",
        sys_inputs={"data": json.dumps(data)},
        ignore_system_fonts=True,
        timestamp=int(at.timestamp()),
    )
    return made
