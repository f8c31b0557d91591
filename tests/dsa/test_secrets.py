"""What looks for leaked secrets finds them."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path

from tests.support.dsa import secrets
from tests.support.dsa.provision import Archive


def test_a_secret_in_a_log_a_file_or_a_record_is_found(
    new_dsa, tmp_path: Path, monkeypatch
) -> None:
    archive: Archive = new_dsa(plugins=())
    monkeypatch.setattr(secrets, "KNOWN", {"what-nobody-may-read"})
    assert not list(secrets.in_the_database(archive.stack))
    client = archive.client("annotator")
    item = client.createItem(archive.folders["private"], "a slide")["_id"]
    document = {"name": "what-nobody-may-read", "elements": []}  # in a body, which is in no log
    drawn = client.post("annotation", parameters={"itemId": item}, json=document)["_id"]
    assert list(secrets.in_the_database(archive.stack)) == [f"annotation {drawn}"]
    (tmp_path / "home" / "logins").mkdir(parents=True)
    for name in ("service.log", "home/logins/job.json"):
        (tmp_path / name).write_text("token what-nobody-may-read\n")
    assert list(secrets.in_files(tmp_path)) == [str(tmp_path / "service.log")]
    ears = secrets.Ears()
    ears.handle(logging.makeLogRecord({"name": "histoloop", "msg": "what-nobody-may-read"}))
    assert len(ears.leaks) == 1


PROCESS_THAT_SAYS = """
import subprocess, sys
from tests.support.dsa import secrets
pytest_plugins = ["tests.support.dsa.fixtures"]
def test_aloud():
    said = secrets.noted("what-nobody-may-read")
    subprocess.run([sys.executable, "-c", f"print('log: {said}')"], check=True)
"""


def test_what_another_process_says_fails_the_test(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(PROCESS_THAT_SAYS)
    command = [sys.executable, "-m", "pytest", "-q", "-c", "/dev/null", "-p", "no:xdist"]
    paths = {"PYTHONPATH": os.pathsep.join(sys.path)}
    ran = subprocess.run(
        [*command, "--rootdir", tmp_path, tmp_path / "test_it.py"],
        cwd=Path(__file__).parents[2],
        env=os.environ | paths,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert "a secret is in: Captured stdout call" in ran.stdout
    assert "what-nobody" not in ran.stdout.replace("noted(", "")
