"""What the button "Teach" runs: training with the user's folder of faces, mining again, grouping again."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import ModelError
from recognizers.corrections.lookup import Corrections
from recognizers.corrections.store import CorrectionStore
from recognizers.faces.facekey import FaceKey
from recognizers.faces.foldername import group_number
from recognizers.faces.folderrecord import looks_like, read_facts
from recognizers.model.facemodel import FaceModel, read_facemodel
from search.documents import UNKNOWN
from search.place import INDEX_NAME
from search.web.facecrops import facts_for
from search.web.people.jobs import Step
from search.web.people.names import people_of
from search.web.settings import Settings, Writable

ROOT = Path(__file__).resolve().parents[3]
"""The folder of the programs: the checkout, or where the package is installed."""
_DIGEST_DIGITS = 16
"""As many digits of a picture's SHA-256 as a model records."""
_WAIT_LOCK_S = 3600
_MOST_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps that teaching would take.

    Args:
        people: how many people have a folder with pictures.
        pictures: how many pictures they have.
        new: how many of those the model does not hold.
        removed: how many pictures the model holds that are no longer in the folders.
        others: people whom the model knows and who have no folder here. They are kept: the pictures are added
            to the model, and nothing is removed from it.
        is_behind: whether something was corrected since the collection was mined.
    """

    people: int
    pictures: int
    new: int
    removed: int
    others: tuple[str, ...]
    is_behind: bool = False

    @property
    def trains(self) -> bool:
        """Whether the model is to be trained; if not, only the files are mined again."""
        return self.new > 0 or (self.removed > 0 and not self.others)


class Teaching:
    """Determines what teaching has to do, and which programs do it.

    Args:
        settings: of the server, with `writable`.
        work: a folder of the cache for lists of pictures.
        store: of the corrections.
        verdicts: gives the corrections of faces.
    """

    def __init__(
        self, settings: Settings, work: Path, store: CorrectionStore, verdicts: Callable[[], Corrections]
    ) -> None:
        assert settings.writable is not None
        self._settings = settings
        self._writable: Writable = settings.writable
        self._work = work
        self._store = store
        self._verdicts = verdicts
        self._known: dict[tuple[str, int, int], tuple[str, FaceKey | None]] = {}

    def plan(self) -> Plan:
        """Compare the folders with the model."""
        model = _model_of(self._writable.model)
        people = people_of(self._writable.faces)
        digests = self._taught(people)
        held = set() if model is None else set(model.training_files)
        known = () if model is None else tuple(model.labels.values())
        others = tuple(sorted(set(known) - set(people)))
        new, removed = len(digests - held), len(held - digests)
        return Plan(len(people), len(digests), new, removed, others, self._is_behind())

    def steps(self, plan: Plan, root: Path, files: int) -> list[Step]:
        """The programs, in order.

        Args:
            plan: what is to be done.
            root: INPUT.
            files: how many files OUTPUT has.
        """
        faces, model = os.fspath(self._writable.faces), os.fspath(self._writable.model)
        steps: list[Step] = []
        if plan.trains:
            self._work.mkdir(parents=True, exist_ok=True)
            listed, rest = os.fspath(self._work / "faces.csv"), os.fspath(self._work / "rest.csv")
            adding = ("--add",) if plan.others else ()
            steps += [
                Step("Listing the pictures", [*program("facerec_train.py"), "csv", faces, listed]),
                Step(
                    "Training the model",
                    [*program("facerec_train.py"), "train", listed, "100", rest, model, *adding],
                ),
            ]
        return [*steps, *self._mining(root, files), self.grouping()]

    def grouping(self) -> Step:
        """The program that groups the faces which are still unknown."""
        settings, writable = self._settings, self._writable
        assert settings.views is not None
        paths = (
            *(settings.output_root, writable.faces, writable.model),
            *(view_path(settings), settings.thumbnails),
        )
        start = f"import sys; sys.path.insert(0, {os.fspath(ROOT)!r})"
        code = f"{start}; from search.web.people.grouping import main; sys.exit(main(sys.argv[1:]))"
        return Step(
            "Grouping unknown faces",
            [sys.executable, "-c", code, *map(os.fspath, paths)],
        )

    def _mining(self, root: Path, files: int) -> Sequence[Step]:
        output, index = self._settings.output_root, self._settings.index
        command = [*program("visualminer.py"), os.fspath(root), os.fspath(output)]
        command += [os.fspath(self._writable.pipeline), "--wait-lock", str(_WAIT_LOCK_S)]
        command += ["--allow-plugins"] * self._writable.allow_plugins
        if index == output / INDEX_NAME:
            return [Step("Looking for names in all files", command, files)]
        update = [*program("visualsearch.py"), "index", os.fspath(output), "--index", os.fspath(index)]
        return [
            Step("Looking for names in all files", [*command, "--no-index"], files),
            Step("Updating the index", update),
        ]

    def _taught(self, people: Sequence[str]) -> set[str]:
        """The digests of the pictures that a training would use: it obeys corrections.

        A face that was corrected by `facerec_train.py correct` may still be in the folder of a group.
        """
        said = self._verdicts()
        found, listed = set(), set()
        for name in [*people, *_groups_in(self._writable.faces)]:
            for digest, key in self._pictures_in(self._writable.faces / name):
                listed.add(key)
                label = name if key is None else said.label(key, name)
                if label not in (None, UNKNOWN) and group_number(label or "") is None:
                    found.add(digest)
        own = facts_for(self._writable.model)
        for verdict in said.verdicts:
            path = self._store.picture_of(verdict.face)
            is_person = verdict.is_face and verdict.name not in (None, UNKNOWN)
            if path is not None and is_person and verdict.face.key not in listed:
                facts = read_facts(os.fspath(path))
                if facts is not None and looks_like(facts, own):  # as training chooses them
                    found.update(digest for digest, _ in self._pictures([path]))
        return found

    def _is_behind(self) -> bool:
        index = self._settings.index
        changed = _changed_at(self._store.log_path)
        return changed > max(map(_changed_at, (index, index.with_name(f"{index.name}-wal"))))

    def _pictures_in(self, folder: Path) -> list[tuple[str, FaceKey | None]]:
        return self._pictures(sorted(folder.rglob("*")))

    def _pictures(self, paths: Iterable[Path]) -> list[tuple[str, FaceKey | None]]:
        """The digest of each picture, and which face it shows, if it says it."""
        found = []
        for path in paths:
            try:
                status = path.stat()
                if not path.is_file() or path.name.startswith(".") or status.st_size > _MOST_BYTES:
                    continue
                key = (os.fspath(path), status.st_size, status.st_mtime_ns)
                if key not in self._known:
                    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:_DIGEST_DIGITS]
                    facts = read_facts(os.fspath(path))
                    self._known[key] = (digest, None if facts is None else facts.key)
            except OSError:
                continue
            found.append(self._known[key])
        return found


def _groups_in(faces: Path) -> list[str]:
    """The folders of groups without a name."""
    try:
        return [folder.name for folder in faces.iterdir() if group_number(folder.name) is not None]
    except OSError:
        return []


def program(name: str) -> list[str]:
    """The beginning of a command that runs one of the programs."""
    return [sys.executable, os.fspath(ROOT / name)]


def view_path(settings: Settings) -> Path:
    """Where the view of an OUTPUT's unknown faces is kept, by OUTPUT and model."""
    assert settings.views is not None
    assert settings.writable is not None
    places = f"{settings.output_root}\0{settings.writable.model}\0{settings.writable.faces}"
    digest = hashlib.sha256(os.fsencode(places)).hexdigest()[:24]
    return settings.views / f"{digest}.sqlite"


def _changed_at(path: Path) -> float:
    """When a file was changed, seconds since 1970; 0 if there is none."""
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _model_of(directory: Path) -> FaceModel | None:
    try:
        return read_facemodel(os.fspath(directory))
    except ModelError:
        return None
