from __future__ import annotations

import itertools
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from annotators.palette import PALETTE, color_of, contrast, ink_on

ROOT = Path(__file__).parents[2]
WORDS = ["person", "cat", "humanface", "Zoë", "猫", "\udcff", ""]


def test_a_label_has_the_same_colour_in_every_process():
    script = (
        "import sys; from annotators.palette import color_of; print([color_of(w) for w in eval(sys.argv[1])])"
    )
    for seed in ("0", "4711"):
        answer = subprocess.run(
            [sys.executable, "-c", script, ascii(WORDS)],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        assert answer.stdout.strip() == str([color_of(word) for word in WORDS])


def test_colours_are_of_the_palette_and_all_are_used():
    assert {color_of(f"label {i}") for i in range(1000)} == set(PALETTE)
    assert len(set(PALETTE)) == len(PALETTE)


def test_words_that_meet_in_one_photo_have_colours_of_their_own():
    words = [
        "person",
        "humanface",
        "catface",
        "cat",
        "dog",
        "car",
        "bus",
        "truck",
        "bicycle",
        "motorcycle",
        "chair",
    ]
    assert all(color_of(one) != color_of(other) for one, other in itertools.combinations(words, 2))


def test_ink_can_be_read_on_any_background():
    anything = [tuple(map(int, color)) for color in np.random.default_rng(0).integers(0, 256, (500, 3))]
    assert all(contrast(ink_on(color), color) >= 4.5 for color in [*PALETTE, *anything])


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ((0, 0, 0), (255, 255, 255), 21.0),
        ((9, 9, 9), (9, 9, 9), 1.0),
        ((119, 119, 119), (255, 255, 255), 4.48),
    ],
)
def test_contrast_as_the_guidelines_define_it(one, other, expected):
    assert contrast(one, other) == pytest.approx(expected, abs=0.01)
