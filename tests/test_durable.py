"""Files that are whole at any moment."""

from __future__ import annotations

import pytest

from histoloop.durable import draft_of, replace_text, replacing


def test_a_file_is_replaced_as_a_whole(tmp_path):
    path = tmp_path / "state.json"
    replace_text(path, "before")
    with replacing(path) as file:
        file.write("näher".encode())
        assert path.read_text(encoding="utf-8") == "before"
    assert path.read_text(encoding="utf-8") == "näher"
    assert list(tmp_path.iterdir()) == [path]


def test_what_fails_in_the_middle_leaves_what_was_there(tmp_path):
    path = tmp_path / "state.json"
    replace_text(path, "before")

    def fail() -> None:
        with replacing(path) as file:
            file.write(b"half")
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        fail()
    assert path.read_text() == "before"
    assert draft_of(path).exists(), "as a kill would leave it"
    replace_text(path, "after")
    assert path.read_text() == "after"


def test_a_place_that_cannot_be_written_is_an_error_of_the_system(tmp_path):
    with pytest.raises(FileNotFoundError):
        replace_text(tmp_path / "nowhere" / "state.json", "")
