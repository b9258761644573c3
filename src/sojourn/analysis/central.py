"""Central statistical monitoring: what honest data do not look like, site by site, arm unknown.

Each check gives a p value for each site, or for each participant, against all the others, and all
of them together are adjusted by Benjamini and Hochberg. A finding is a reason to ask, never proof:
a site may differ because its patients do. The ideas are those of Buyse et al. (1999, doi
10.1002/(SICI)1097-0258(19991230)18:24<3435::AID-SIM365>3.0.CO;2-O) and Kirkwood et al. (2013, doi
10.1177/1740774513494504).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from sojourn.analysis.similarity import Answers, copied, repeated

Numbers = NDArray[np.float64]
Places = NDArray[np.int_]
LEVEL = 0.05
PERMUTATIONS = 9999
DIGITS = 10
ROUNDING = 1 / 12  # variance that rounding to whole numbers adds
FEWEST_READINGS = 50  # of a site, so that five are expected of each digit
FEWEST_REPEATS = 3  # of a participant
LEAST_SPREAD = 6  # standard deviation in units; a normal law's last digits are even from there on
FEWEST_PEOPLE = 5  # of a site
NIGHT = (22 * 60, 6 * 60)  # minutes of the day: from, until
CROWDED_MIN = 5  # between two people seen by one member of staff


@dataclass(frozen=True, slots=True, eq=False)
class Readings:
    """Measurements of one variable in whole units, each with its participant and site (n,)."""

    variable: str
    values: NDArray[np.int_]
    participants: Sequence[str]
    sites: Sequence[str]


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """Visits as they were timed: minutes since some Monday's midnight there, and by whom (n,)."""

    minutes: NDArray[np.int_]
    participants: Sequence[str]
    sites: Sequence[str]
    authors: Sequence[str]


@dataclass(frozen=True, slots=True)
class Finding:
    """One test of one site or participant; ``adjusted`` is its p value among all that were done.

    ``measured`` is what the check measures there, and ``expected`` the same of the others or, for
    digits, of chance.
    """

    check: str
    subject: str
    place: str
    n: int
    measured: float
    expected: float
    p_value: float
    adjusted: float = 1.0

    @property
    def flagged(self) -> bool:
        return self.adjusted < LEVEL


def examine(
    every: Iterable[Readings],
    untreated: Iterable[Readings],
    answers: Iterable[Answers],
    moments: Moments | None,
    generator: np.random.Generator,
    permutations: int = PERMUTATIONS,
) -> tuple[Finding, ...]:
    """Every check of everything given, the least likely first, adjusted together.

    Digits are looked at in ``every`` reading. How much people vary is looked at in ``untreated``
    ones alone, which no treatment moves: else whoever had a placebo would stand out as steady,
    and the page would tell the arm.
    """
    found: list[Finding] = []
    for each in every:
        found += digit_preference(each)
    for each in untreated:
        found += steady_participants(each)
        found += outlying_sites(each, generator, permutations)
    for given in answers:
        for check, tests in (
            ("copied", copied(given, generator, permutations)),
            ("carried-forward", repeated(given)),
        ):
            found += [
                Finding(check, given.instrument, t.site, t.n, t.measured, t.expected, t.p_value)
                for t in tests
            ]
    if moments is not None:
        found += visit_times(moments)
    adjusted = benjamini_hochberg(np.array([each.p_value for each in found]))
    whole = [replace(f, adjusted=float(q)) for f, q in zip(found, adjusted, strict=True)]
    return tuple(sorted(whole, key=lambda each: (each.adjusted, each.p_value, each.place)))


def benjamini_hochberg(p_values: Numbers) -> Numbers:
    """p values adjusted so that the false discovery rate stays below the level they are read at.

    Benjamini & Hochberg 1995, doi 10.1111/j.2517-6161.1995.tb02031.x.
    """
    if not p_values.size:
        return p_values
    order = np.argsort(p_values)
    scaled = p_values[order] * p_values.size / np.arange(1, p_values.size + 1)
    adjusted = np.empty_like(p_values)
    adjusted[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return adjusted


def last_digits(readings: Readings) -> tuple[tuple[str, ...], Places]:
    """The sites, and how often each last digit occurs there (sites, 10)."""
    names, at = np.unique(np.asarray(readings.sites), return_inverse=True)
    ends = np.abs(readings.values) % DIGITS
    counts = np.bincount(at * DIGITS + ends, minlength=names.size * DIGITS)
    return tuple(map(str, names)), counts.reshape(-1, DIGITS)


def digit_preference(readings: Readings) -> list[Finding]:
    """Whether last digits are as even as a reading by instrument leaves them: chi-square, 9 df.

    Only where readings spread wide enough for that. Measured is the commonest digit's share.
    """
    if readings.values.size < 2 or readings.values.std(ddof=1) < LEAST_SPREAD:
        return []
    names, counts = last_digits(readings)
    total = counts.sum(axis=1)
    found = []
    for name, row, n in zip(names, counts, total, strict=True):
        if n >= FEWEST_READINGS:
            even = n / DIGITS
            p = float(stats.chi2.sf(((row - even) ** 2 / even).sum(), DIGITS - 1))
            found.append(
                Finding("digits", readings.variable, name, int(n), row.max() / n, 1 / DIGITS, p)
            )
    return found


def steady_participants(readings: Readings) -> list[Finding]:
    """Whether one person's readings vary less than everybody else's do: F test, lower tail.

    Takes it that people vary alike; some are steadier by nature. Equal readings may be rounded from
    unequal ones, so what rounding adds to a variance is added to both.
    """
    names, _, n, squares = _within(readings)
    df = np.maximum(n - 1, 0)
    others_df, others = df.sum() - df, squares.sum() - squares
    found = []
    for place in np.flatnonzero((n >= FEWEST_REPEATS) & (others_df > 0) & (others > 0)):
        own, rest = squares[place] / df[place], others[place] / others_df[place]
        ratio = (own + ROUNDING) / (rest + ROUNDING)
        p = float(stats.f.cdf(ratio, df[place], others_df[place]))
        found.append(
            Finding(
                "steady", readings.variable, str(names[place]), int(n[place]),
                float(np.sqrt(own)), float(np.sqrt(rest)), p,
            )
        )  # fmt: skip
    return found


def outlying_sites(
    readings: Readings, generator: np.random.Generator, permutations: int = PERMUTATIONS
) -> list[Finding]:
    """Whether a site's people differ from the others': in mean, in spread, and in steadiness.

    People are dealt out to the sites anew, so that readings of one person stay together. Spread is
    the distance from the site's own median (Brown & Forsythe 1974, doi
    10.1080/01621459.1974.10482955), steadiness the logarithm of the variance within people.
    """
    names, means, n, squares = _within(readings)
    first = dict(zip(readings.participants, readings.sites, strict=True))
    sites, at = np.unique([first[str(name)] for name in names], return_inverse=True)
    if sites.size < 2:
        return []
    medians = np.array([np.median(means[at == site]) for site in range(sites.size)])
    spread = np.abs(means - medians[at])
    found = _dealt("site-mean", readings.variable, means, at, sites, generator, permutations)
    found += _dealt("site-spread", readings.variable, spread, at, sites, generator, permutations)
    often = n >= FEWEST_REPEATS
    if often.any():
        steady = np.log(squares[often] / (n[often] - 1) + ROUNDING)
        found += _dealt(
            "site-steady", readings.variable, steady, at[often], sites, generator, permutations
        )
    return found


def visit_times(moments: Moments) -> list[Finding]:
    """Whether a site's visits fall on weekends, into the night or on each other's heels.

    More often than elsewhere: Fisher's exact test, one-sided.
    """
    day, minute = np.divmod(moments.minutes, 24 * 60)
    flags = {
        "weekend": day % 7 >= 5,
        "night": (minute >= NIGHT[0]) | (minute < NIGHT[1]),
        "crowded": _crowded(moments),
    }
    sites, at = np.unique(np.asarray(moments.sites), return_inverse=True)
    n = np.bincount(at, minlength=sites.size)
    found = []
    for check, flag in flags.items():
        hits = np.bincount(at, weights=flag, minlength=sites.size).astype(int)
        p_values = np.asarray(stats.hypergeom.sf(hits - 1, flag.size, hits.sum(), n))
        for place, site in enumerate(sites):
            rest = flag.size - n[place]
            if rest and n[place] >= FEWEST_PEOPLE:
                expected = float((hits.sum() - hits[place]) / rest)
                measured = float(hits[place] / n[place])
                p = float(p_values[place])
                found.append(
                    Finding(check, "visits", str(site), int(n[place]), measured, expected, p)
                )
    return found


def _crowded(moments: Moments) -> NDArray[np.bool_]:
    """Whether the same member of staff saw somebody else within a few minutes before."""
    authors = np.unique(np.asarray(moments.authors), return_inverse=True)[1]
    people = np.unique(np.asarray(moments.participants), return_inverse=True)[1]
    order = np.lexsort((moments.minutes, authors))
    close = np.zeros(order.size, dtype=bool)
    same = authors[order][1:] == authors[order][:-1]
    other = people[order][1:] != people[order][:-1]
    soon = np.diff(moments.minutes[order]) < CROWDED_MIN
    close[order[1:]] = same & other & soon
    return close


def _within(readings: Readings) -> tuple[NDArray[np.str_], Numbers, Places, Numbers]:
    """Participants, their means, how many readings they have, and squares about the mean."""
    names, at = np.unique(np.asarray(readings.participants), return_inverse=True)
    n = np.bincount(at)
    means = np.bincount(at, weights=readings.values) / n
    about = (readings.values - means[at]) ** 2
    squares = np.asarray(np.bincount(at, weights=about), dtype=np.float64)
    return names, means, n, squares


def _dealt(
    check: str,
    variable: str,
    values: Numbers,
    at: Places,
    sites: NDArray[np.str_],
    generator: np.random.Generator,
    permutations: int,
) -> list[Finding]:
    """Each site's mean against the others', people dealt to the sites at random."""
    belongs = (at[:, None] == np.arange(sites.size)).astype(float)
    n = belongs.sum(axis=0)
    rest = values.size - n
    tried = (n >= FEWEST_PEOPLE) & (rest >= FEWEST_PEOPLE)
    if not tried.any():
        return []
    belongs, n, rest, names = belongs[:, tried], n[tried], rest[tried], sites[tried]

    def apart(rows: Numbers) -> Numbers:
        sums = rows @ belongs
        return np.asarray(sums / n - (rows.sum(axis=-1, keepdims=True) - sums) / rest)

    seen = apart(values[None, :])[0]
    dealt = generator.permuted(np.broadcast_to(values, (permutations, values.size)), axis=1)
    chance = apart(dealt)
    # A hair of tolerance: sums in another order are not equal to the last bit.
    hair = 1e-9 * (1 + np.abs(seen))
    if check == "site-mean":
        extreme = np.abs(chance) >= np.abs(seen) - hair
    else:
        extreme = chance <= seen + hair  # too little is what invented data show
    p_values = (1 + extreme.sum(axis=0)) / (permutations + 1)
    own = values @ belongs / n
    others = (values.sum() - values @ belongs) / rest
    return [
        Finding(check, variable, str(name), int(size), float(a), float(b), float(p))
        for name, size, a, b, p in zip(names, n, own, others, p_values, strict=True)
    ]
