from __future__ import annotations

import imageio_ffmpeg
import numpy as np
import pytest
from PIL import Image

CASCADE = "haarcascade_frontalface_alt2.xml"


@pytest.fixture
def video(photo, tmp_path):
    """Four frames of 320x320: a face, and then none."""
    writer = imageio_ffmpeg.write_frames(str(tmp_path / "v.mp4"), (320, 320), fps=5, quality=9)
    writer.send(None)
    for pixels in [np.asarray(photo([7], 0))] * 2 + [np.full((320, 320, 3), 99, np.uint8)] * 2:
        writer.send(np.ascontiguousarray(pixels))
    writer.close()
    return tmp_path / "v.mp4"


def test_every_frame_is_written_with_what_is_in_it(facerec, video, tmp_path):
    said = facerec("detectvideo", video, CASCADE, tmp_path / "out")
    assert said.code == 0, said.err
    assert said.out.splitlines() == [
        *(f"frame {index}: 1 hit" for index in (0, 1)),
        *(f"frame {index}: 0 hits" for index in (2, 3)),
        f"4 frames in {tmp_path / 'out'}",
    ]
    images = [np.asarray(Image.open(tmp_path / "out" / f"frame-{index}.png")) for index in range(4)]
    assert all(image.shape == (320, 320, 3) for image in images)
    assert images[0].std() > 10 > images[3].std()


def test_what_is_no_video(facerec, video, photo, tmp_path):
    photo([7], 0).save(tmp_path / "p.png")
    (tmp_path / "cut.mp4").write_bytes(video.read_bytes()[:1500])
    for name, says in (
        ("p.png", "is a picture; give a video"),
        ("cut.mp4", "ffmpeg cannot decode it"),
        ("none.mp4", "there is no such file"),
    ):
        said = facerec("detectvideo", tmp_path / name, CASCADE, tmp_path / "out")
        assert said.code == 2
        assert says in said.err
        assert said.err.count("\n") == 1
    assert not (tmp_path / "out").exists()
