"""The Analyses-menu entry on a real Digital Slide Archive: from the form to the annotation."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from tests.docker.dockerfiles import ROOT
from tests.support.dsa.provision import Archive
from tests.support.tiny_model import save_tiny_model

IMAGE = ROOT / "docker" / "slicer-cli"
XML = IMAGE / "HistoLoopSegment" / "HistoLoopSegment.xml"


@dataclass(frozen=True)
class Setting:
    """A DSA, a service on it and a slide: ids of its item and of the file that is shown."""

    dsa: Archive
    service: str
    item: str
    file: str

    def in_girder(self, *arguments: str, text: str = "") -> Any:
        """What `girder_side.py` answers in the environment of this Girder."""
        folder = self.dsa.stack.folder
        script = Path(__file__).with_name("girder_side.py")
        environment = {
            "PATH": os.defpath,
            "HOME": str(folder),
            "GIRDER_CONFIG": str(folder / "girder.cfg"),
            "GIRDER_SETTING_WORKER_API_URL": self.dsa.url,
        }
        done = subprocess.run(
            [folder / "venv" / "bin" / "python", script, *arguments],
            input=text,
            capture_output=True,
            text=True,
            cwd=folder,
            env=environment,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.split("ANSWER")[1])

    @cached_property
    def arguments(self) -> list[str]:
        """What slicer_cli_web makes of the form that HistomicsUI sends."""
        made: list[str] = self.in_girder("arguments", str(XML), "annotator", self.file)
        return made

    def command(self, token: str) -> list[str]:
        """As the worker would start the container, after it has filled in URL and token."""
        filled = {"GirderApiUrl": f"{self.dsa.url}/", "GirderToken": token}
        return ["/bin/sh", str(IMAGE / "entrypoint.sh"), "HistoLoopSegment"] + [
            filled.get(one, one) for one in self.arguments
        ]

    def start(self, command: list[str]) -> subprocess.Popen[str]:
        path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
        return subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={"PATH": path, "HISTOLOOP_URL": self.service},
        )


@pytest.fixture(scope="module")
def setting(
    dsa: Archive, tissue_slide: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Setting]:
    home = tmp_path_factory.mktemp("home")
    save_tiny_model(home / "models" / "tiny-1")
    item = dsa.upload(tissue_slide, name="analysed.tiff")
    file = dsa.client("annotator").getItem(item)["largeImage"]["fileId"]
    serve = [Path(sys.executable).with_name("histoloop"), "serve", "--dsa", dsa.stack.root_url]
    with subprocess.Popen(
        [*serve, "--home", home, "--port", "0"],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"HISTOLOOP_WORKERS": "1"},
    ) as process:
        try:
            url = next(
                found[0] for line in process.stdout if (found := re.search(r"http\S+", line))
            )
            yield Setting(dsa, url, item, file)
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(120) == 0


def test_the_worker_gets_an_id_and_no_file(setting: Setting) -> None:
    made = setting.arguments
    assert made[-1] == setting.file
    assert {one for one in made if one.startswith("Girder")} == {"GirderApiUrl", "GirderToken"}
    assert made[made.index("--analysis_roi") + 1] == "100, 50, 400, 300"


def test_from_the_form_to_the_annotation(setting: Setting) -> None:
    token = setting.dsa.token("annotator")
    process = setting.start(setting.command(token))
    output, error = process.communicate(timeout=240)
    assert process.returncode == 0, error
    assert token not in output + error
    run = re.search(r"done; run (\w+)", output)[1]
    found = setting.dsa.client("annotator").get("annotation", {"itemId": setting.item})
    ours = [one for one in found if one["annotation"].get("attributes", {}).get("run") == run]
    assert ours
    assert {one["creatorId"] for one in ours} == {setting.dsa.user_ids["annotator"]}
    shown = setting.in_girder("progress", text=output)
    assert shown["progress"][-1] == [1.0, "done"]
    assert "<" not in shown["log"]
    assert f"done; run {run}\n" in shown["log"]


@pytest.mark.parametrize(
    ("role", "said"), [("reader", "analysed.tiff"), ("stranger", "Read access denied for")]
)
def test_who_may_not_write_may_not_segment(setting: Setting, role: Any, said: str) -> None:
    token = setting.dsa.token(role)
    before = setting.dsa.client("annotator").get("annotation", {"itemId": setting.item})
    process = setting.start(setting.command(token))
    output, error = process.communicate(timeout=240)
    assert process.returncode == 1
    assert re.fullmatch(rf"HistoLoop: .*{said}.*\n", error)
    assert token not in output + error
    assert setting.dsa.client("annotator").get("annotation", {"itemId": setting.item}) == before


def test_an_expired_token_is_said_to_be_one(setting: Setting) -> None:
    process = setting.start(setting.command("x" * 64))
    output, error = process.communicate(timeout=240)
    assert process.returncode == 1
    assert error.startswith("HistoLoop: Girder: ")
    assert "x" * 64 not in output + error
