"""Distances between homes, in hexagons, so that nobody's door can be worked out from them.

Homes are kept as H3 cells of resolution 9 (h3geo.org: 0.105 km² on average, edge 0.2 km). All
distances are between the middles of cells.
"""

from __future__ import annotations

import h3.api.basic_int as h3

RESOLUTION = 9
COARSE = 7
"""For searching far: 49 cells of `RESOLUTION` in each, whose ids are one unbroken range."""

WIDE = 5
"""For searching very far: 49 coarse cells in each, again one unbroken range of ids."""

RING_KM = 0.22
"""Each ring of cells is at least this much further away, in km: the smallest found over 20,000
random points of the British Isles is 0.243 km a ring, less a margin. A test holds it."""

COARSE_RING_KM = 1.6
"""The same for coarse cells (smallest found: 1.697 km a ring)."""

COARSE_REACH_KM = 1.4
"""No cell's middle is further than this from the middle of its coarse parent (largest found:
1.29)."""


def cell_at(latitude: float, longitude: float) -> int:
    """The cell that holds a point."""
    return int(h3.latlng_to_cell(latitude, longitude, RESOLUTION))


def middle(cell: int) -> tuple[float, float]:
    """Latitude and longitude of a cell's middle, in degrees."""
    latitude, longitude = h3.cell_to_latlng(cell)
    return float(latitude), float(longitude)


def km_between(one: int, other: int) -> float:
    """Great-circle distance between the middles of two cells, in km."""
    return float(h3.great_circle_distance(h3.cell_to_latlng(one), h3.cell_to_latlng(other)))


VEIL_RINGS = 1
"""An asker is looked for from a cell so many rings away at most: one of 7."""


VEIL_KM = 0.4
"""No more than this lies between a cell's middle and that of one beside it (largest found over
3,000 random points of Britain: 0.355). A test holds it."""


def veiled(cell: int, chance: int) -> int:
    """The cell from which helpers are looked for, in place of the asker's own: that or one beside
    it. `chance`: a large number that nobody outside can know, the same each time."""
    near = sorted(map(int, h3.grid_disk(cell, VEIL_RINGS)))
    return near[chance % len(near)]


def within(cell: int, km: float) -> list[int]:
    """The cells whose middles are so near to a cell's, itself among them."""
    steps = int(km / RING_KM) + 1
    return [
        found
        for found in map(int, h3.grid_disk(cell, steps))
        if found == cell or km_between(cell, found) <= km
    ]


def ring(cell: int, steps: int) -> list[int]:
    """The cells exactly that many steps away."""
    return [int(found) for found in h3.grid_ring(cell, steps)]


def coarse_ring(cell: int, steps: int) -> list[tuple[int, int]]:
    """Ranges (first, last) of the ids of all cells in the coarse ring that many steps away."""
    return [_within(found) for found in h3.grid_ring(h3.cell_to_parent(cell, COARSE), steps)]


def wide_rings(cell: int, first: int, last: int) -> list[tuple[int, int]]:
    """Ranges that hold all cells of the coarse rings `first` to `last`, and some beside them: far
    fewer ranges than those rings have cells."""
    parent = h3.cell_to_parent(cell, COARSE)
    rings = (h3.grid_ring(parent, steps) for steps in range(first, last + 1))
    wide = {h3.cell_to_parent(found, WIDE) for ring in rings for found in ring}
    return [_within(found) for found in sorted(wide)]


def _within(cell: int) -> tuple[int, int]:
    """First and last id of the cells of `RESOLUTION` in a larger one."""
    first = int(h3.cell_to_center_child(cell, RESOLUTION))
    # An H3 id holds 3 bits a level, those of `RESOLUTION` at bit 18; the highest digit is 6.
    finer = range(RESOLUTION - h3.get_resolution(cell))
    return first, first | sum(6 << 18 + 3 * level for level in finer)


def coarse_bound_km(steps: int) -> float:
    """Nothing in the coarse ring that many steps away is nearer than this, in km."""
    return max(0.0, steps * COARSE_RING_KM - 2 * COARSE_REACH_KM)
