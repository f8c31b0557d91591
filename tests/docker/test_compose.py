"""The compose files: valid, and what they promise: pins, no root, no secrets, loopback, locks."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.docker.dockerfiles import PATHS, ROOT, results

FILES = sorted((ROOT / "docker").glob("compose*.yaml"))
DOCUMENTS = {path.name: yaml.safe_load(path.read_text()) for path in FILES}
OURS = {f"histoloop/{name}" for path in PATHS for name in results(path)}
SECRET = re.compile("password|secret|token|key|uri|broker|backend|auth", re.IGNORECASE)
DEMANDED = re.compile(r"\$\{(\w+):\?[^}]+\}")
OVERRIDES = {"compose.gpu.yaml": {"worker"}, "compose.analyses.yaml": {"dsa"}}
"""Services that a file adds to; another file defines them."""


def services() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for file, document in DOCUMENTS.items():
        for name, service in document["services"].items():
            if name not in OVERRIDES.get(file, ()):
                yield file, name, service


def environments() -> Iterator[tuple[str, str]]:
    for document in DOCUMENTS.values():
        for service in document["services"].values():
            yield from service.get("environment", {}).items()


each_service = pytest.mark.parametrize(
    ("file", "name", "service"),
    list(services()),
    ids=lambda one: one if isinstance(one, str) else "",
)


def test_they_follow_the_compose_specification() -> None:
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    done = subprocess.run([*check, *FILES], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@each_service
def test_images_are_pinned_and_ours_can_be_built(
    file: str, name: str, service: dict[str, Any]
) -> None:
    image, tag = service["image"].split(":")
    assert re.fullmatch(r"\d+\.\d+\.\d+", tag)
    if image.startswith("histoloop/"):
        assert image in OURS
        build = service["build"]
        path = (ROOT / "docker" / build["context"] / build["dockerfile"]).resolve()
        assert image.removeprefix("histoloop/") in results(path)
        assert image.removeprefix("histoloop/") == build.get("target", path.parent.name)


@each_service
def test_services_are_locked_down(file: str, name: str, service: dict[str, Any]) -> None:
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service
    assert service["mem_limit"]
    ours = service["image"].startswith("histoloop/")
    assert ours or re.fullmatch(r"[1-9]\d+:[1-9]\d+", service["user"])
    assert ours or service["healthcheck"]["test"]


@each_service
def test_only_loopback_is_published(file: str, name: str, service: dict[str, Any]) -> None:
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))
    if service.get("network_mode") == "host":
        assert service["environment"]["HISTOLOOP_HOST"] == "127.0.0.1"
        assert "ports" not in service


@each_service
def test_what_is_named_is_defined(file: str, name: str, service: dict[str, Any]) -> None:
    base = DOCUMENTS["compose.dsa.yaml"] if file != "compose.yaml" else {}
    document = DOCUMENTS[file]
    for kind, found in (
        ("networks", service.get("networks", ())),
        ("services", service.get("depends_on", ())),
        ("volumes", [one.split(":")[0] for one in service.get("volumes", ())]),
    ):
        known = {*base.get(kind, ()), *document.get(kind, ())}
        assert {one for one in found if one[0] not in "/$"} <= known


def test_databases_queues_and_schedulers_face_no_outside() -> None:
    networks = (
        DOCUMENTS["compose.dsa.yaml"]["networks"] | DOCUMENTS["compose.analyses.yaml"]["networks"]
    )
    inside = {name for name, one in networks.items() if one and one["internal"]}
    for _, name, service in services():
        if name in ("mongodb", "broker", "scheduler", "worker", "girder-worker"):
            assert set(service["networks"]) <= inside
            assert "ports" not in service


def test_no_secret_has_a_default() -> None:
    secrets = {name: str(value) for name, value in environments() if SECRET.search(name)}
    assert len(secrets) > 5
    for name, value in secrets.items():
        assert DEMANDED.search(value), name
    text = "".join(path.read_text() for path in FILES)
    assert not re.search(r"\$\{\w*(PASSWORD|SECRET|TOKEN)\w*(:?-|\})", text)


def test_the_example_names_all_that_is_demanded_and_sets_nothing() -> None:
    lines = (ROOT / "docker/example.env").read_text().splitlines()
    named = {line.rstrip("=") for line in lines if line and line[0] != "#"}
    assert all(line.endswith("=") for line in lines if line and line[0] != "#")
    text = "".join(path.read_text() for path in FILES)
    assert set(DEMANDED.findall(text)) - {"HISTOLOOP_SLIDES"} == named


def test_docker_s_socket_is_only_where_it_cannot_be_avoided() -> None:
    for file, document in DOCUMENTS.items():
        for name, service in document["services"].items():
            if "docker.sock" in json.dumps(service.get("volumes", [])):
                assert (file, name) in {
                    ("compose.analyses.yaml", "dsa"),
                    ("compose.analyses.yaml", "girder-worker"),
                }


def test_service_and_worker_share_their_files_at_one_path() -> None:
    document = DOCUMENTS["compose.dsa.yaml"]["services"]
    assert document["histoloop"]["volumes"] == document["worker"]["volumes"] == ["data:/data"]
    assert (
        document["histoloop"]["environment"]["HISTOLOOP_SCHEDULER"]
        == (document["worker"]["environment"]["HISTOLOOP_SCHEDULER"])
    )


def test_settings_are_settings_of_the_service() -> None:
    from histoloop.config import Settings

    known = {f"HISTOLOOP_{name.upper()}" for name in Settings.model_fields}
    for file in ("compose.yaml", "compose.dsa.yaml"):
        environment = DOCUMENTS[file]["services"]["histoloop"]["environment"]
        assert {name for name in environment if name.startswith("HISTOLOOP")} <= known


def test_the_folder_compose_listens_as_the_service_allows() -> None:
    """What would be refused in the container is refused by `running`; see service/server.py."""
    from histoloop.config import settings

    environment = DOCUMENTS["compose.yaml"]["services"]["histoloop"]["environment"]
    assert settings(host=environment["HISTOLOOP_HOST"]).loopback
    assert Path(environment["HISTOLOOP_SLIDES"]).is_absolute()
