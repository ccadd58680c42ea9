"""`correct OUTPUT PHOTO`: corrects the name of a found face, for the next training and the next run."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pipeline.errors import UsageError
from pipeline.text import Spellings, nearest, printable
from recognizers.commands.arguments import TYPED, Lines, add_command, quoted, shown_distance, whole
from recognizers.commands.unknown import add_model, check_output, model_directory
from recognizers.corrections.entry import Action, Entry
from recognizers.corrections.lookup import Corrections
from recognizers.corrections.store import CorrectionStore, FacePicture, store_beside
from recognizers.faces.folderrecord import FaceFacts
from recognizers.model.facemodel import FaceModel, read_facemodel
from recognizers.model.strategies import UNKNOWN
from recognizers.unknown.minedfaces import MinedFace, iter_mined_faces
from recognizers.unknown.pictures import cut_faces
from recognizers.unknown.tracks import Track, iter_tracks

_NOT = "not-"
_NO_FACE = "not-a-face"


def add_to(commands: Any) -> None:
    """Add the subcommand to the parser."""
    parser = add_command(
        commands,
        "correct",
        run,
        short="say who a face of a mined photo is, or is not",
        long="List the faces of a mined photo or video from left to right, or correct the name of one of "
        "them. The next run mines that file again and obeys, the next training learns from it. Corrections "
        "are kept in MODELDIR-corrections beside the model; nothing that is mined or trained removes them.",
        example="correct mined photos/party.jpg --face 2 --name ann",
    )
    parser.add_argument("output", metavar="OUTPUT", help="the OUTPUT folder of visualminer.py")
    parser.add_argument("photo", metavar="PHOTO", nargs="?", help="the photo or video that shows the face")
    parser.add_argument("--face", type=whole, metavar="N", help="which face, 1 for the leftmost")
    parser.add_argument(
        "--name",
        metavar="NAME",
        help=f"who it is; {UNKNOWN} for a stranger, {_NOT}NAME if it is not NAME, {_NO_FACE} if it is none",
    )
    parser.add_argument(
        "--undo",
        nargs="?",
        type=whole,
        const=0,
        metavar="NUMBER",
        help="take a correction back (default: the last one)",
    )
    add_model(parser)


def run(options: argparse.Namespace) -> Lines:
    """Run the subcommand."""
    check_output(options.output)
    directory = model_directory(options)
    store = CorrectionStore(store_beside(directory))
    if options.undo is not None:
        if options.photo or options.face or options.name:
            raise UsageError("--undo takes a correction back; leave PHOTO, --face and --name out")
        entry = store.undo(options.undo or None)
        yield f"correction {entry.id} is taken back; it said: {_shown(entry)}"
        return None
    if options.photo is None:
        raise UsageError("PHOTO is missing; give the photo or video that shows the face, or --undo")
    tracks = _tracks_in(options.output, options.photo)
    if options.face is None and options.name is None:
        yield from _listing(tracks, Corrections(store.entries()))
        yield f"next: {TYPED} correct {quoted(options.output)} {quoted(options.photo)} --face N --name NAME"
        return None
    model = _model(directory)
    track = _chosen(options, tracks)
    entry = _correct(store, track, options.name, model)
    yield f"correction {entry.id}: {_shown(entry)}; --undo takes it back"
    yield from _remarks(entry, track, model)
    yield "the next run of visualminer.py mines this file again; the next training learns from it"
    return None


def _tracks_in(output: str, photo: str) -> list[Track]:
    """Return the faces of a photo from left to right, or the appearances of faces in a video.

    Raises: UsageError: no report is about that file, or there are no faces in it.
    """
    faces = list(iter_mined_faces(Path(output), source_name=os.path.basename(os.path.abspath(photo))))
    here = os.path.abspath(photo)
    paths = dict.fromkeys(face.path for face in faces)
    chosen = [path for path in paths if path == here] or [
        path for path in paths if path.endswith(os.sep + os.path.normpath(photo))
    ]
    if not chosen:
        raise UsageError(
            f"{printable(photo)}: no report in {printable(output)} shows a face in it; give the path of a "
            "mined photo or video with faces"
        )
    if len(chosen) > 1:
        some = ", ".join(printable(path) for path in chosen[:3])
        raise UsageError(f"{printable(photo)}: could be {some}; give the whole path")
    own = list(iter_tracks(face for face in faces if face.path == chosen[0]))
    return sorted(own, key=lambda track: (track.faces[0].frame, track.faces[0].box.xyxy))


def _listing(tracks: Sequence[Track], corrections: Corrections) -> Iterator[str]:
    for number, track in enumerate(tracks, start=1):
        face = track.best
        corrected = face.as_corrected(corrections)
        label = "no face" if corrected is None else corrected.label or "not looked at by a recognizer"
        how = "" if face.distance is None else f" at distance {shown_distance(face.distance)}"
        if corrections.verdict(face.key) is not None:
            how = " as you corrected it"
        yield f"{number}: {', '.join(map(str, face.box.xyxy))}{_times(track)}: {printable(label)}{how}"


def _times(track: Track) -> str:
    first, last = track.faces[0].time_s, track.faces[-1].time_s
    return "" if first is None or last is None else f", {first:.1f} s to {last:.1f} s"


def _model(directory: str) -> FaceModel:
    """Return the model whose corrections are made. Raises: UsageError: there is none; ModelError."""
    if not os.path.isdir(directory):
        raise UsageError(
            f"{printable(directory)}: there is no face model there, and corrections are kept beside it; give "
            "--model MODELDIR"
        )
    return read_facemodel(directory)


def _chosen(options: argparse.Namespace, tracks: Sequence[Track]) -> Track:
    if options.name is None or options.face is None:
        missing = "--name" if options.name is None else "--face"
        raise UsageError(f"{missing} is missing; --face N --name NAME says who face N is")
    if not options.name.strip():
        raise UsageError("--name is empty; give the name of the person")
    if not 1 <= options.face <= len(tracks):
        raise UsageError(f"--face {options.face}: {printable(options.photo)} has faces 1 to {len(tracks)}")
    track: Track = tracks[options.face - 1]
    return track


def _correct(store: CorrectionStore, track: Track, name: str, model: FaceModel) -> Entry:
    """Write the correction. Raises: UsageError: the name is not that of the face, or empty."""
    if name == _NO_FACE:
        return store.not_a_face([_plain(face) for face in track.faces])
    if name.startswith(_NOT):
        wrong = Spellings(model.labels.values()).first(name.removeprefix(_NOT))
        corrections = Corrections(store.entries())
        corrected = [face.as_corrected(corrections) for face in track.faces]
        labels = {face.label for face in (*track.faces, *corrected) if face is not None}
        if wrong not in labels:
            known = ", ".join(sorted(printable(label) for label in labels if label)) or "nobody"
            raise UsageError(f"--name {printable(name)}: the face is not called so, but {known}")
        return store.not_name([_plain(face) for face in track.faces], wrong)
    name = Spellings(model.labels.values()).first(name)
    facts = FaceFacts(margin=model.margin, aligned=model.aligned)
    problems: list[str] = []
    png = {one.face.key: one.png for one in cut_faces([track.best], facts, problems)}
    if problems:
        raise UsageError(problems[0])
    return store.name([_plain(face, png.get(face.key)) for face in track.faces], name)


def _plain(face: MinedFace, png: bytes | None = None) -> FacePicture:
    return FacePicture(face.key, face.size_bytes, face.path, png)


def _remarks(entry: Entry, track: Track, model: FaceModel) -> Iterator[str]:
    """Yield what the user may not expect."""
    if len(track.faces) > 1:
        yield f"it holds for {len(track.faces)} frames of the video, {_times(track).removeprefix(', ')}"
    if entry.do is Action.NAME and entry.name not in (UNKNOWN, *model.labels.values()):
        like = nearest(entry.name or "", model.labels.values())
        meant = f'; if you meant "{printable(like[0])}", undo and correct again' if like else ""
        yield f'"{printable(entry.name or "")}" is new to the model{meant}'
    if entry.do is Action.NAME and all(face.picture is None for face in entry.faces):
        yield "the face has no landmarks, so the training of this model cannot learn from it"


def _shown(entry: Entry) -> str:
    """Return what a correction says, in words."""
    if entry.do is Action.MERGE:
        return f"groups {', '.join(map(str, entry.groups))} show one person"
    photo = printable(entry.faces[0].photo)
    kind = {Action.NAME: "is", Action.NOT_NAME: "is not"}.get(entry.do)
    said = "is no face" if kind is None else f'{kind} "{printable(entry.name or "")}"'
    return f"the face at {', '.join(map(str, entry.faces[0].box))} in {photo} {said}"
