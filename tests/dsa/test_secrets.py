"""What looks for leaked secrets finds them."""

from __future__ import annotations

import logging
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
