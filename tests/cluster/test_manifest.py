"""The example for Kubernetes: its commands are those of the program, and its names fit together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

import visualminercluster
from cli.arguments import parse

MANIFEST = Path(__file__).parents[2] / "docs" / "cluster-kubernetes.yml"


def objects() -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(MANIFEST.read_text(encoding="utf-8")))


def pods() -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """The specification of each pod, and its only container."""
    specs = [one["spec"]["template"]["spec"] for one in objects() if "template" in one["spec"]]
    return [(spec, spec["containers"][0]) for spec in specs]


def words_of(container: dict[str, Any]) -> list[str]:
    return [*container["command"], *container.get("args", [])]


def test_each_pod_mounts_volumes_that_it_has() -> None:
    assert len(pods()) == 3
    for spec, container in pods():
        mounts = {mount["mountPath"]: mount["name"] for mount in container["volumeMounts"]}
        assert set(mounts.values()) == {volume["name"] for volume in spec["volumes"]}
        words = words_of(container)
        assert words[words.index("--certs") + 1] in mounts


def test_the_service_leads_to_the_scheduler() -> None:
    service = next(one for one in objects() if one["kind"] == "Service")
    address = f"tls://{service['metadata']['name']}:{service['spec']['ports'][0]['port']}"
    selected = [
        one["spec"]["template"]["spec"]["containers"][0]["name"]
        for one in objects()
        if one["kind"] == "Deployment"
        and one["spec"]["template"]["metadata"]["labels"] == service["spec"]["selector"]
    ]
    assert selected == ["scheduler"]
    assert sum(address in words_of(container) for _, container in pods()) == 2


def test_the_commands_are_understood() -> None:
    programs = [words_of(container) for _, container in pods()]
    for name, *words in programs:
        if name == "visualminer-cluster":
            visualminercluster._parser().parse_args(words)
        else:
            assert name == "visualminer"
            assert parse(words).cluster == "tls://miner-scheduler:8786"
