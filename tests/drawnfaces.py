"""Faces that the tests draw: people who differ as people do, in pictures that differ as pictures do.

OpenCV's frontal face cascades take most of those of `DETECTABLE` people for faces.
"""

from __future__ import annotations

import random

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

DETECTABLE = (9, 10, 12, 14, 16, 19, 22, 23, 24, 25)


def draw_face(person: int, picture: int, size: int = 96) -> Image.Image:
    """A gray face: the person decides its features, the picture its pose, light and noise."""
    who = random.Random(person)
    how = random.Random(person * 1000 + picture + 1)
    skin, hair = who.randint(130, 215), who.randint(10, 90)
    wide, eyes_y, apart = who.uniform(0.28, 0.42), who.uniform(0.36, 0.48), who.uniform(0.1, 0.2)
    eye, mouth_y, mouth = who.uniform(0.025, 0.06), who.uniform(0.68, 0.8), who.uniform(0.07, 0.2)
    nose, fringe, beard = who.uniform(0.5, 0.62), who.uniform(0.1, 0.32), who.random() < 0.35
    dx, dy = how.uniform(-0.02, 0.02), how.uniform(-0.02, 0.02)
    big = size * 2
    image = Image.new("L", (big, big), how.randint(40, 70))
    draw = ImageDraw.Draw(image)

    def ellipse(x: float, y: float, rx: float, ry: float, shade: int) -> None:
        x, y = (x + dx) * big, (y + dy) * big
        draw.ellipse((x - rx * big, y - ry * big, x + rx * big, y + ry * big), fill=shade)

    ellipse(0.5, 0.47, wide + 0.05, 0.47, hair)
    ellipse(0.5, 0.47 + fringe / 2, wide, 0.46 - fringe / 2, skin)
    if beard:
        ellipse(0.5, 0.84, wide * 0.7, 0.12, hair)
    for side in (-1, 1):
        ellipse(0.5 + side * apart, eyes_y, eye * 1.5, eye, 245)
        ellipse(0.5 + side * apart + how.uniform(-0.01, 0.01), eyes_y, eye * 0.7, eye * 0.8, 20)
        ellipse(0.5 + side * apart, eyes_y - 0.08, eye * 1.8, 0.015, hair)
    ellipse(0.5, nose, 0.03, 0.06, skin - 45)
    ellipse(0.5, mouth_y, mouth, 0.02 + how.uniform(0, 0.02), 70)
    image = image.rotate(how.uniform(-3, 3), Image.Resampling.BICUBIC, fillcolor=55)
    image = image.filter(ImageFilter.GaussianBlur(1.5)).resize((size, size), Image.Resampling.BOX)
    pixels = np.asarray(image, dtype=np.float64) * how.uniform(0.8, 1.15)
    pixels += np.random.default_rng(person * 1000 + picture).normal(0, 4, pixels.shape)
    pixels += np.linspace(-1, 1, size) * how.uniform(-18, 18)
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def draw_photo(people: list[int], picture: int, size: int = 160) -> Image.Image:
    """A colour photo with faces side by side before a gray wall, in which a cascade finds most of them."""
    photo = Image.new("RGB", (size * 2 * len(people), size * 2), (90, 96, 104))
    for index, person in enumerate(people):
        photo.paste(
            draw_face(person, picture, size).convert("RGB"), (size // 2 + 2 * size * index, size // 2)
        )
    return photo
