"""Fill the image's cache: compile every Darknet network in it, so that no container has to.

python3 compile_networks.py FOLDER, in the project's folder: the catalogue's networks that were fetched, and
each .cfg of the folder that has a .weights file of the same name beside it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from detectors.darknet.opening import compiled_network
from pipeline.errors import ModelError
from pipeline.models.catalog import read_catalog
from pipeline.models.fetched import model_folder
from pipeline.models.files import DarknetPaths, resolve_darknet

PRECISIONS = ("float32", "int8")


def iter_networks(folder: Path) -> Iterator[DarknetPaths]:
    """The fetched networks of the catalogue, then those of the folder.

    Raises: ModelError: a file of one of them is damaged or cannot be read.
    """
    for model in read_catalog().values():
        if model.kind == "darknet" and model_folder(model.name).is_dir():
            yield resolve_darknet(model.name, None)
    for cfg in sorted(folder.glob("*.cfg")):
        if cfg.with_suffix(".weights").is_file():
            yield resolve_darknet(str(cfg), None)
        else:
            print(f"{cfg.name}: no {cfg.stem}.weights beside it, not compiled", flush=True)


def main(arguments: list[str]) -> int:
    """Compile them all, in each precision; 1 with one sentence if one cannot be."""
    try:
        for network in iter_networks(Path(arguments[0])):
            for precision in PRECISIONS:
                compiled = compiled_network(network.cfg, network.weights, precision)
                megabytes = compiled.stat().st_size / 1e6
                print(f"{network.cfg.name}: {precision}, {megabytes:.1f} MB", flush=True)
    except ModelError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
