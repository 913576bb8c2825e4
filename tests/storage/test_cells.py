"""The bounds by which a search may stop hold everywhere in Britain."""

from __future__ import annotations

import random
from itertools import pairwise

import h3.api.basic_int as h3
import pytest

from handlers import neighbours
from storage import cells

# Land's End to Shetland, Lewis to Lowestoft: a box with all of it, and some sea.
CHANCE = random.Random(9)
PLACES = [cells.cell_at(CHANCE.uniform(49.8, 60.9), CHANCE.uniform(-8.2, 1.8)) for _ in range(60)]


@pytest.mark.parametrize("home", PLACES)
def test_nothing_in_a_ring_is_nearer_than_its_bound(home: int) -> None:
    for steps in (1, 2, 3, 5, 6):
        nearest = min(cells.km_between(home, cell) for cell in cells.ring(home, steps))
        assert nearest >= steps * cells.RING_KM


@pytest.mark.parametrize("home", PLACES[:20])
def test_nothing_in_a_coarse_ring_is_nearer_than_its_bound(home: int) -> None:
    for steps in (0, 1, 2, 4, 8):
        for first, last in cells.coarse_ring(home, steps):
            parent = h3.cell_to_parent(first, cells.COARSE)
            children = list(h3.cell_to_children(parent, cells.RESOLUTION))
            assert min(children) == first
            assert max(children) == last
            # At the rim of the coarse cell, where the nearest must be.
            near = min(cells.km_between(home, child) for child in children)
            assert near >= cells.coarse_bound_km(steps)
            middle = h3.cell_to_center_child(parent, cells.RESOLUTION)
            assert max(cells.km_between(middle, c) for c in children) <= cells.COARSE_REACH_KM


@pytest.mark.parametrize("home", PLACES[:10])
def test_a_range_holds_exactly_the_cells_of_one_coarse_cell(home: int) -> None:
    (here,) = cells.coarse_ring(home, 0)
    parent = h3.cell_to_parent(home, cells.COARSE)
    inside = set(h3.cell_to_children(parent, cells.RESOLUTION))
    assert len(inside) == 49
    for steps in range(12):
        for cell in cells.ring(home, steps):
            assert (here[0] <= cell <= here[1]) == (cell in inside)


@pytest.mark.parametrize("home", PLACES[:10])
def test_rings_cover_everything_once(home: int) -> None:
    seen = [cell for steps in range(6) for cell in cells.ring(home, steps)]
    assert len(seen) == len(set(seen)) == 1 + 3 * 5 * 6
    coarse = [each for steps in range(6) for each in cells.coarse_ring(home, steps)]
    assert len(coarse) == len(set(coarse)) == 1 + 3 * 5 * 6


@pytest.mark.parametrize("home", PLACES[:10])
def test_wide_rings_hold_all_of_the_rings(home: int) -> None:
    for first, last in ((3, 4), (5, 8), (9, 16)):
        wide = cells.wide_rings(home, first, last)
        for steps in range(first, last + 1):
            for low, high in cells.coarse_ring(home, steps):
                assert any(start <= low and high <= end for start, end in wide)
        assert len(wide) < 40


def test_the_bands_reach_as_far_as_anybody_may_be_asked() -> None:
    assert neighbours.BANDS[0][0] == 0
    assert all(one[1] + 1 == then[0] for one, then in pairwise(neighbours.BANDS))
    assert cells.coarse_bound_km(neighbours.BANDS[-1][1] + 1) > neighbours.MOST_KM


def test_a_point_lies_in_its_own_cell() -> None:
    for home in PLACES:
        assert cells.cell_at(*cells.middle(home)) == home
        assert cells.km_between(home, home) == 0


def test_a_veil_is_no_further_away_than_is_said() -> None:
    chance = random.Random(19)
    for _ in range(500):
        cell = cells.cell_at(chance.uniform(50.0, 60.0), chance.uniform(-8.0, 1.8))
        seen = {cells.veiled(cell, number) for number in range(7)}
        assert len(seen) == 7
        assert cell in seen
        assert all(cells.km_between(cell, other) < cells.VEIL_KM for other in seen)
