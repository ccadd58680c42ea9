"""A family's album: photos and a video of drawn people, and face models that know some of them."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import facerec_train
from pipeline.files.outputs import write_file
from pipeline.outcome import Summary
from recognizers.faces.folderrecord import FolderRecord, write_record
from recognizers.networks.alignment import ALIGNED_SIDE_PX
from recognizers.networks.base import DEFAULT_MARGIN
from tests.drawnfaces import draw_face, draw_photo
from tests.house import House
from tests.recognizers.facenetworks import write_network
from tests.recognizers.minedcollection import draw_video
from tests.running import component, pipeline_file

FINDER = "tests.plugins.drawnfaces:DrawnFaces"
PEOPLE = ("ann", "bob", "cy", "dee")


def teach(folder: Path, names: tuple[str, ...], network: Path) -> Path:
    """Train a model that knows these people; the model directory."""
    faces, model = folder / f"faces-{'-'.join(names)}", folder / f"model-{'-'.join(names)}"
    for name in names:
        (faces / name).mkdir(parents=True)
        for picture in range(4):
            drawn = draw_face(PEOPLE.index(name), picture, ALIGNED_SIDE_PX).convert("RGB")
            drawn.save(faces / name / f"{picture}.png")
    write_record(str(faces), FolderRecord(margin=DEFAULT_MARGIN, aligned=True))
    listed = folder / f"{faces.name}.csv"
    assert facerec_train.main(["csv", str(faces), str(listed)]) == 0
    words = ["train", str(listed), "100", str(folder / "rest.csv"), str(model), "--embedding", str(network)]
    assert facerec_train.main(words) == 0
    return model


@dataclass
class Album:
    """A home whose pipeline finds faces and names them; `models` are trained for some people each.

    Args:
        house: the home.
        models: the names of those whom each knows -> its directory.
    """

    house: House
    models: dict[tuple[str, ...], Path]

    def __post_init__(self) -> None:
        self.known: tuple[str, ...] = ("ann", "bob")
        # Far enough for every drawn face: it gets the name of whom it resembles most.
        self.changes: dict[str, dict[str, object]] = {"names": {"unknown_distance": {"embedding": 5.0}}}
        self.extra: list[str] = []
        self.triggers: tuple[str, ...] = ()
        self.sampling = ""

    def photo(self, name: str, people: list[int], picture: int = 1) -> Path:
        """Write a photo of these people into INPUT."""
        path = self.house.input / name
        path.parent.mkdir(parents=True, exist_ok=True)
        draw_photo(people, picture, 64).save(path)
        return path

    def animation(self, name: str, *pictures: list[int]) -> Path:
        """Write an animated GIF into INPUT, each of whose pictures shows some people."""
        path = self.house.input / name
        path.parent.mkdir(parents=True, exist_ok=True)
        first, *rest = (draw_photo(people, 1, 64) for people in pictures)
        first.save(path, save_all=True, append_images=rest, duration=200)
        return path

    def video(self, name: str, people: list[int], frames: int = 5) -> Path:
        """Write a video of these people into INPUT."""
        return draw_video(self.house.input, name, people, frames)

    def write_pipeline(self) -> None:
        """Write the pipeline file, and put the model of those who are known if there are any."""
        model = self.house.folder / "familymodel"
        shutil.rmtree(model, ignore_errors=True)
        if self.known:
            shutil.copytree(self.models[self.known], model)
        triggers = {"triggerlabels": list(self.triggers)} if self.triggers else {}
        known = {"model": str(model), "optional": True}
        parts = [
            component("faces", FINDER),
            component("names", "recognizer", "faces", **known, **self.changes["names"]),
            *self.extra,
            component("report", "jsonreportwriter", "faces, names", **triggers),
            component("copies", "photowriter", "names", **self.changes.get("copies", {})),
            component("clips", "videowriter", "faces, names", **self.changes.get("clips", {})),
        ]
        if self.sampling:
            parts.append(f"video: {{{self.sampling}}}\n")
        pipeline_file(self.house.pipeline, *parts)

    def night(self, **more: object) -> Summary:
        """Mine INPUT into OUTPUT."""
        self.write_pipeline()
        return self.house.night(allow_plugins=True, **more)

    def from_scratch(self) -> dict[str, bytes]:
        """The outputs of INPUT in an OUTPUT that was empty."""
        (self.house.folder / "fresh").mkdir(exist_ok=True)
        fresh = House(self.house.folder / "fresh")
        shutil.rmtree(fresh.output, ignore_errors=True)
        self.write_pipeline()
        self.house.night(allow_plugins=True, output=str(fresh.output))
        return fresh.outputs()

    def differing(self) -> list[str]:
        """Outputs that are not as those made from scratch; others, of earlier pipelines, may be there too."""
        outputs = self.house.outputs()
        return [name for name, content in self.from_scratch().items() if outputs.get(name) != content]


def damage(path: Path) -> None:
    """Write over the middle of a file."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 2_000] = b"x" * 2_000
    write_file(path, bytes(content))


def network_in(folder: Path) -> Path:
    """A small network that describes faces."""
    return write_network(folder / "faces.onnx")
