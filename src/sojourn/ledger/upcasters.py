"""How facts of an older schema are read: (kind, schema) to a function from data to data.

Entries are never rewritten. An upcaster renames or splits what is there and
never invents what nobody recorded; if history would need inventing, the fact
gets a new kind instead.
"""

from collections.abc import Mapping

from sojourn.record.kinds import Upcaster

UPCASTERS: Mapping[tuple[str, int], Upcaster] = {}
