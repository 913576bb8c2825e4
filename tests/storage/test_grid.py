"""The conversion, by the worked examples of "A guide to coordinate systems in Great Britain"."""

from __future__ import annotations

from math import cos, degrees, hypot, radians

import pytest

from storage.grid import airy_from_grid, wgs84_from_cartesian, wgs84_from_grid


def dms(d: int, m: int, s: float) -> float:
    return d + m / 60 + s / 3600


def test_the_guides_example_of_undoing_the_projection() -> None:
    latitude, longitude = map(degrees, airy_from_grid(651_409.903, 313_177.270))
    assert latitude == pytest.approx(dms(52, 39, 27.2531), abs=5e-8)
    assert longitude == pytest.approx(dms(1, 43, 4.5177), abs=5e-8)


def test_the_guides_example_of_the_helmert_transformation() -> None:
    # Given there from WGS84 to OSGB36; turned round here, to the centimetre that the signs cost.
    back = wgs84_from_cartesian(3_790_269.549, -110_038.064, 5_111_050.261)
    assert back == pytest.approx((3_790_644.900, -110_149.210, 5_111_482.970), abs=0.02)


def test_caister_water_tower_is_where_it_is() -> None:
    # The same point with PROJ 9's Helmert: EPSG:27700 to EPSG:4326, operation "(6)".
    here = wgs84_from_grid(651_409.792, 313_177.448)
    assert here == pytest.approx((52.65798024678973, 1.7160504884084444), abs=1e-7)  # 1 cm


@pytest.mark.parametrize(
    ("east", "north", "latitude", "longitude"),
    [
        # The first is OS's own OSTN15 test point; the others were converted by convertbng 2.0.0.
        (91_492.146, 11_318.804, 49.92226394, -6.29977752),  # St Mary's, Scilly
        (622_000.0, 310_000.0, 52.64231615, 1.27989347),  # Norwich
        (440_000.0, 1_180_000.0, 60.50168911, -1.27366888),  # Shetland
        (96_000.0, 902_000.0, 57.90338394, -7.13373262),  # Harris
    ],
)
def test_the_corners_of_the_country_are_within_5_m_of_the_definitive_transformation(
    east: float, north: float, latitude: float, longitude: float
) -> None:
    north_off, east_off = (
        got - want
        for got, want in zip(wgs84_from_grid(east, north), (latitude, longitude), strict=True)
    )
    assert hypot(north_off, east_off * cos(radians(latitude))) * 111_200 < 5
