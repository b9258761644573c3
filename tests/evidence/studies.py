"""Small studies to check and to claim with, as a results file would hold them."""

import copy
from pathlib import Path
from typing import Any

import yaml

STUDY: dict[str, Any] = {
    "key": "example-2020",
    "name": "Example",
    "year": 2020,
    "design": "randomised",
    "condition": "ptsd",
    "population": "forty adults",
    "registration": "NCT00000001",
    "citations": [{"key": "paper", "text": "Example 2020"}],
    "arms": [
        {"key": "mdma", "label": "MDMA", "treatment": "mdma", "role": "active", "n": 20},
        {"key": "placebo", "label": "Placebo", "treatment": "placebo", "role": "control", "n": 20},
    ],
    "outcomes": [
        {
            "outcome": "loss-of-diagnosis",
            "kind": "count",
            "definition": "no longer meets criteria",
            "weeks": 18,
            "primary": True,
            "verified": True,
            "results": [
                {"arm": "mdma", "events": 12, "n": 20, "percent": 60},
                {"arm": "placebo", "events": 6, "n": 20, "percent": 30},
            ],
        },
        {
            "outcome": "ptsd-severity",
            "kind": "change",
            "definition": "change of CAPS-5",
            "scale": "caps-5",
            "weeks": 18,
            "primary": True,
            "verified": True,
            "results": [
                {"arm": "mdma", "n": 20, "mean": -20.0, "sd": 11},
                {"arm": "placebo", "n": 20, "mean": -11.5, "sd": 11},
            ],
        },
    ],
}


def changed(path: str, value: Any) -> dict[str, Any]:
    """The example with one field changed; ``path`` as outcomes.0.results.1.events."""
    data = copy.deepcopy(STUDY)
    at: Any = data
    *steps, last = [int(each) if each.isdigit() else each for each in path.split(".")]
    for step in steps:
        at = at[step]
    at[last] = value
    return data


def written(folder: Path, data: dict[str, Any]) -> Path:
    path = folder / f"{data['key']}.yaml"
    path.write_text(yaml.safe_dump(data, sort_keys=False), encoding="utf-8")
    return path
