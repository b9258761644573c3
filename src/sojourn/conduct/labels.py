"""Container numbers as people write them, and the kit list that says what each holds."""

import re

from sojourn.record.command import Refused

NUMBER = re.compile(r"[A-Z0-9][A-Z0-9-]{0,31}")
MOST_AT_ONCE = 500


def numbers(text: str) -> tuple[str, ...]:
    """Container numbers from lines and ranges.

    Raises
    ------
    Refused
        Naming a line that is no number, one given twice, or a range that is too long.
    """
    found: list[str] = []
    for line in filter(None, (each.strip().upper() for each in re.split(r"[\n,;]", text))):
        ends = re.fullmatch(r"(\d+)\s*-\s*(\d+)", line)
        if ends and len(ends[1]) == len(ends[2]):
            first, last = int(ends[1]), int(ends[2])
            if not 0 <= last - first < MOST_AT_ONCE:
                raise Refused(f"range {line} holds none or more than {MOST_AT_ONCE}", "containers")
            found += [f"{each:0{len(ends[1])}d}" for each in range(first, last + 1)]
        elif NUMBER.fullmatch(line):
            found.append(line)
        else:
            raise Refused(f"'{line}' is no container number; use A-Z, 0-9 and dashes", "containers")
    if not found or len(found) > MOST_AT_ONCE:
        raise Refused(f"give 1 to {MOST_AT_ONCE} containers, not {len(found)}", "containers")
    twice = next((each for each in found if found.count(each) > 1), "")
    if twice:
        raise Refused(f"container {twice} is named twice", "containers")
    return tuple(found)


def kit_list(text: str) -> tuple[tuple[str, str], ...]:
    """(container, arm) of each line of a kit list; a first line of headings is passed over."""
    rows = [
        [part.strip() for part in line.split(",")] for line in text.splitlines() if line.strip()
    ]
    if rows and rows[0][0].lower() == "container":
        rows = rows[1:]
    for number, row in enumerate(rows, start=1):
        if len(row) != 2 or not NUMBER.fullmatch(row[0].upper()):
            # The line itself is not repeated: it may hold an arm.
            raise Refused(f"line {number} is not 'container, arm'", "lines")
    return tuple((row[0].upper(), row[1]) for row in rows)
