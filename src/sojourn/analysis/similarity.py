"""Records too much alike: one person's answers in another's record, or carried from visit to visit.

A record of which more than two thirds are one and the same answer (nothing troubles me) tells too
little, and is left out.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

ALIKE = 0.95  # share of items with the same answer
UNANSWERED = -1
BLOCK = 256  # records compared at once with all others
FEWEST = 5  # people or records of a site


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """Item vectors of one instrument (n, items), -1 where unanswered; visits in planned order."""

    instrument: str
    items: NDArray[np.int_]
    participants: Sequence[str]
    sites: Sequence[str]
    visits: NDArray[np.int_]


@dataclass(frozen=True, slots=True)
class SiteTest:
    """A site against the others: ``n`` records or people, what was counted, what was expected."""

    site: str
    n: int
    measured: float
    expected: float
    p_value: float


@dataclass(frozen=True, slots=True)
class Pair:
    """Two records of the same visit, of different people, and the share of items that agree."""

    visit: int
    first: str
    second: str
    share: float


def shares(items: NDArray[np.int_], others: NDArray[np.int_]) -> NDArray[np.float64]:
    """Share of identical answers for every two records (n, m), of those both answered."""
    both = (items[:, None, :] != UNANSWERED) & (others[None, :, :] != UNANSWERED)
    same = (items[:, None, :] == others[None, :, :]) & both
    answered = both.sum(axis=2)
    enough = answered * 2 >= items.shape[1]
    return np.where(enough, same.sum(axis=2) / np.maximum(answered, 1), 0.0)


def pairs(answers: Answers, alike: float = ALIKE) -> tuple[Pair, ...]:
    """Pairs of people whose records of one visit agree in at least that share, most alike first."""
    found = [
        Pair(visit, answers.participants[i], answers.participants[j], share)
        for visit, i, j, share in _pairs(answers, alike)
    ]
    return tuple(sorted(found, key=lambda each: (-each.share, each.first, each.second)))


def copied(
    answers: Answers, generator: np.random.Generator, permutations: int
) -> tuple[SiteTest, ...]:
    """Whether more pairs of a site's people are alike than if people were dealt to the sites."""
    people, who = np.unique(np.asarray(answers.participants), return_inverse=True)
    first = np.zeros(people.size, dtype=int)
    sites, at = np.unique(np.asarray(answers.sites), return_inverse=True)
    first[who] = at
    if sites.size < 2:
        return ()
    alike = np.array([(who[i], who[j]) for _, i, j, _ in _pairs(answers, ALIKE)], dtype=int)
    alike = alike.reshape(-1, 2)
    seen = _inside(first[None, :], alike, sites.size)[0]
    n = np.bincount(first, minlength=sites.size)
    if not alike.size:
        chance = np.zeros((1, sites.size))
        p_values = np.ones(sites.size)
    else:
        dealt = generator.permuted(np.broadcast_to(first, (permutations, first.size)), axis=1)
        chance = _inside(dealt, alike, sites.size)
        p_values = (1 + (chance >= seen).sum(axis=0)) / (permutations + 1)
    expected = chance.mean(axis=0)
    return tuple(
        SiteTest(str(site), int(n[k]), float(seen[k]), float(expected[k]), float(p_values[k]))
        for k, site in enumerate(sites)
        if n[k] >= FEWEST
    )


def repeated(answers: Answers) -> tuple[SiteTest, ...]:
    """Whether a site's people answer just as at the visit before more often than elsewhere.

    Fisher's exact test, one-sided, over pairs of visits that follow one another.
    """
    who = np.unique(np.asarray(answers.participants), return_inverse=True)[1]
    order = np.lexsort((answers.visits, who))
    follows = np.flatnonzero(who[order][1:] == who[order][:-1])
    before, after = order[follows], order[follows + 1]
    telling = _telling(answers.items)
    kept = telling[before] & telling[after]
    before, after = before[kept], after[kept]
    if not before.size:
        return ()
    same = (answers.items[before] == answers.items[after]).all(axis=1)
    sites, at = np.unique(np.asarray(answers.sites)[after], return_inverse=True)
    n = np.bincount(at, minlength=sites.size)
    hits = np.bincount(at, weights=same, minlength=sites.size).astype(int)
    p_values = np.asarray(stats.hypergeom.sf(hits - 1, same.size, hits.sum(), n))
    rest = same.size - n
    return tuple(
        SiteTest(
            str(site),
            int(n[k]),
            float(hits[k] / n[k]),
            float((hits.sum() - hits[k]) / rest[k]),
            float(p_values[k]),
        )
        for k, site in enumerate(sites)
        if n[k] >= FEWEST and rest[k]
    )


def _pairs(answers: Answers, alike: float) -> Iterator[tuple[int, int, int, float]]:
    """Visit, places of two records of different people, and their share, each pair once."""
    who = np.unique(np.asarray(answers.participants), return_inverse=True)[1]
    telling = _telling(answers.items)
    for visit in np.unique(answers.visits):
        rows = np.flatnonzero((answers.visits == visit) & telling)
        for start in range(0, rows.size, BLOCK):
            block = rows[start : start + BLOCK]
            share = shares(answers.items[block], answers.items[rows])
            near = (share >= alike) & (rows[None, :] > block[:, None])
            near &= who[block][:, None] != who[rows][None, :]
            for i, j in zip(*np.nonzero(near), strict=True):
                yield int(visit), int(block[i]), int(rows[j]), float(share[i, j])


def _telling(items: NDArray[np.int_]) -> NDArray[np.bool_]:
    """Whether no one answer makes up more than two thirds of a record."""
    given = items != UNANSWERED
    same = (items[:, :, None] == items[:, None, :]) & given[:, None, :] & given[:, :, None]
    commonest = same.sum(axis=2).max(axis=1)
    return np.asarray((3 * commonest <= 2 * given.sum(axis=1)) & given.any(axis=1))


def _inside(at: NDArray[np.int_], alike: NDArray[np.int_], sites: int) -> NDArray[np.float64]:
    """How many of the pairs lie within each site, for each row of site numbers (rows, sites)."""
    first, second = at[:, alike[:, 0]], at[:, alike[:, 1]]
    return np.stack(
        [((first == site) & (second == site)).sum(axis=1) for site in range(sites)], axis=1
    ).astype(float)
