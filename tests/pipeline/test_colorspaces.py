from __future__ import annotations

import numpy as np
import pytest

from pipeline.colorspaces import conversion_of_cicp
from tests.hdrpictures import HLG, PQ

SRGB, GAMMA_22, LINEAR, BT709_TRANSFER = 13, 4, 8, 1
P3, BT2020 = 12, 9


def converted(color: tuple[int, int, int], primaries: int, transfer: int) -> list[int]:
    conversion = conversion_of_cicp(primaries, transfer)
    assert conversion is not None
    return conversion.apply(np.array([[color]], np.uint8))[0, 0].tolist()


@pytest.mark.parametrize(
    ("in_p3", "in_srgb"),
    [((234, 51, 35), (255, 0, 0)), ((117, 251, 76), (0, 255, 0)), ((0, 0, 245), (0, 0, 255))],
)
def test_srgbs_primaries_in_display_p3(in_p3, in_srgb):
    """Values of CSS Color 4's sample conversions."""
    assert np.abs(np.array(converted(in_p3, P3, SRGB)) - in_srgb).max() <= 8


@pytest.mark.parametrize("transfer", [SRGB, BT709_TRANSFER])
def test_srgb_and_video_of_its_primaries_are_left_alone(transfer):
    for primaries in (1, 2, 5, 6):
        assert conversion_of_cicp(primaries, transfer) is None
    assert conversion_of_cicp(2, 2) is None


@pytest.mark.parametrize(("primaries", "transfer"), [(P3, SRGB), (BT2020, SRGB), (BT2020, PQ), (BT2020, HLG)])
def test_grays_stay_gray_and_in_order(primaries, transfer):
    conversion = conversion_of_cicp(primaries, transfer)
    grays = np.arange(256, dtype=np.uint8).repeat(3).reshape(-1, 4, 3)
    shown = conversion.apply(grays).reshape(-1, 3).astype(int)
    assert np.ptp(shown, axis=1).max() <= 1
    assert (np.diff(shown[:, 1]) >= 0).all()
    assert (shown[0].tolist(), shown[-1].tolist()) == ([0] * 3, [255] * 3)


@pytest.mark.parametrize(("code", "transfer", "level"), [(148, PQ, 251), (191, HLG, 251), (55, LINEAR, 128)])
def test_known_levels(code, transfer, level):
    """Diffuse white of BT.2408: 58 % of PQ, 75 % of HLG."""
    assert abs(converted((code, code, code), BT2020, transfer)[1] - level) <= 1
    assert abs(converted((128, 128, 128), BT2020, GAMMA_22)[1] - 128) <= 2


def test_hdr_without_primaries_has_those_of_bt2020():
    assert converted((100, 60, 50), 2, PQ) == converted((100, 60, 50), BT2020, PQ)


def test_deep_pixels_give_the_same_colours():
    codes = np.random.default_rng(2).integers(0, 256, (40, 30, 3), np.uint8)
    for transfer in (PQ, HLG):
        conversion = conversion_of_cicp(BT2020, transfer)
        deep = conversion.apply_deep(codes.astype(np.uint16) * 257)
        assert np.abs(deep.astype(int) - conversion.apply(codes.copy())).max() <= 1


def test_a_read_only_picture_is_not_changed():
    shared = np.full((70, 5, 3), 200, np.uint8)
    shared.flags.writeable = False
    assert conversion_of_cicp(P3, SRGB).apply(shared) is not shared
    assert (shared == 200).all()
