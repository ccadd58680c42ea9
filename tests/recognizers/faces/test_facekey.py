from __future__ import annotations

import pytest

from recognizers.faces.facekey import FaceKey

HASH = "0123456789abcdef" * 4


def test_a_key_survives_its_text():
    key = FaceKey(HASH, 120, (-3, 0, 44, 99))
    assert FaceKey.parse(str(key)) == key


@pytest.mark.parametrize(
    "text",
    ["", HASH, f"{HASH}/0/1,2,3", f"{HASH[:-1]}/0/1,2,3,4", f"{HASH}/-1/1,2,3,4", f"{HASH}/0/1,2,3,4 "],
)
def test_other_texts_are_refused(text):
    with pytest.raises(ValueError, match="is no key of a face"):
        FaceKey.parse(text)
