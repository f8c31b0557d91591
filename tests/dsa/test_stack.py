"""Stacks beside each other, their plugins, and what becomes of their processes."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import requests
from tests.support.dsa.fixtures import NewArchive
from tests.support.dsa.install import Flavour
from tests.support.dsa.provision import Archive

ROOT = Path(__file__).parents[2]
PROJECT = """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[project]
name = "{name}"
version = "1"
[project.entry-points."girder.plugin"]
{name} = "{name}:Plugin"
"""
CODE = """\
import os

from girder.api import access
from girder.api.describe import Description, autoDescribeRoute
from girder.api.rest import Resource
from girder.plugin import GirderPlugin


class Answers(Resource):
    def __init__(self):
        super().__init__()
        self.resourceName = "{name}"
        self.route("GET", (), self.answer)

    @access.public
    @autoDescribeRoute(Description("What the environment says."))
    def answer(self):
        return os.environ.get("ANSWER")


class Plugin(GirderPlugin):
    def load(self, info):
        info["apiRoot"].{name} = Answers()
"""
HELD = """\
import sys, time
from tests.support.dsa.archive import open_archive
with open_archive("girder3", plugins=()) as archive:
    print(archive.stack.folder, *archive.stack.pids.values(), flush=True)
    time.sleep(600)
"""


def write_plugin(folder: Path, name: str) -> Path:
    (folder / name).mkdir(parents=True)
    (folder / "pyproject.toml").write_text(PROJECT.format(name=name))
    (folder / name / "__init__.py").write_text(CODE.format(name=name))
    return folder


def answer(archive: Archive, name: str) -> requests.Response:
    return requests.get(f"{archive.url}/{name}", timeout=60)


@pytest.mark.parametrize("flavour", ["girder3", "girder5"])
def test_two_stacks_have_their_own_plugins_data_and_environment(
    new_dsa: NewArchive, tmp_path: Path, flavour: Flavour
) -> None:
    plugins = {name: write_plugin(tmp_path / name, name) for name in ("apple", "pear")}
    apple, pear = (
        new_dsa(flavour, plugins=[source], environment={"ANSWER": f"from {name}"})
        for name, source in plugins.items()
    )
    assert answer(apple, "apple").json() == "from apple"
    assert answer(pear, "pear").json() == "from pear"
    assert not answer(apple, "pear").ok
    assert not set(apple.stack.pids.values()) & set(pear.stack.pids.values())
    code = plugins["apple"] / "apple" / "__init__.py"
    code.write_text(code.read_text().replace('get("ANSWER")', 'get("ANSWER") + ", edited"'))
    apple.stack.stop_girder()
    apple.stack.start_girder()
    assert answer(apple, "apple").json() == "from apple, edited"


def test_girder_and_mongo_come_back_with_port_and_data(new_dsa: NewArchive) -> None:
    stack = (archive := new_dsa(plugins=())).stack
    before, token = stack.pids, archive.token("reader")
    stack.stop_girder()
    assert set(stack.pids) == {"mongod"}
    with pytest.raises(requests.ConnectionError):
        requests.get(archive.url, timeout=60)
    stack.start_girder()
    headers = {"Girder-Token": token}
    me = requests.get(f"{archive.url}/user/me", headers=headers, timeout=60).json()
    assert me["login"] == "reader"
    stack.kill()
    assert stack.pids == {}
    stack.start()
    assert archive.client("reader").get("user/me")["_id"] == me["_id"]
    assert not set(before.values()) & set(stack.pids.values())
    assert all(30e6 < size < 2e9 for size in stack.rss.values())


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL], ids=["interrupted", "killed"])
def test_servers_end_with_the_process_that_started_them(new_dsa: NewArchive, how: int) -> None:
    command = [sys.executable, "-c", HELD]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as owner:
        assert owner.stdout
        folder, *pids = owner.stdout.readline().split()
        assert all(psutil.pid_exists(int(pid)) for pid in pids)
        owner.send_signal(how)
        owner.wait(120)
    deadline = time.monotonic() + 60
    while any(psutil.pid_exists(int(pid)) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not [pid for pid in pids if psutil.pid_exists(int(pid))]
    new_dsa(plugins=())  # removes what the killed one could not
    assert not Path(folder).exists()
