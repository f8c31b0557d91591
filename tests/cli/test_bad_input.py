"""Bad input ends in one clear line and exit code 1 or 2, through the real command."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

COMMAND = Path(sys.executable).with_name("histoloop")


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [str(COMMAND), *(str(one) for one in arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)


@pytest.fixture(scope="module")
def bad(data: Path, bcss: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bad")
    (folder / "empty.svs").touch()
    (folder / "text.svs").write_text("this is no slide\n" * 50)
    whole = next(iter(bcss.values())).read_bytes()
    (folder / "truncated.tiff").write_bytes(whole[: len(whole) // 2])
    Image.new("RGB", (1, 1)).save(folder / "dot.png")
    return folder


def refused(found: subprocess.CompletedProcess[str], *words: str) -> None:
    assert found.returncode in (1, 2), found.stderr
    lines = found.stderr.strip().splitlines()
    assert len(lines) == 1, found.stderr
    assert all(word in lines[0] for word in words), lines[0]
    assert "Traceback" not in found.stderr


@pytest.mark.parametrize("name", ["empty.svs", "text.svs", "truncated.tiff"])
def test_a_file_that_is_no_slide(bad: Path, home: Path, tmp_path: Path, name: str) -> None:
    refused(run("segment", bad / name, "--out", tmp_path, "--home", home), name)
    assert not list(tmp_path.glob("*/report.json"))


def test_a_broken_slide(data: Path, home: Path, tmp_path: Path) -> None:
    slide = data / "slides" / "broken.svs"
    refused(run("segment", slide, "--out", tmp_path, "--home", home), "broken.svs")


def test_a_slide_without_scale_names_the_way_out(data: Path, home: Path, tmp_path: Path) -> None:
    slide = data / "slides" / "TCGA-CR-7395-01A-01-TS1.svs"
    found = run("segment", slide, "--out", tmp_path, "--home", home)
    refused(found, slide.name, "--slide-mpp")
    assert found.returncode == 2


def test_a_slide_of_one_pixel(bad: Path, home: Path, tmp_path: Path) -> None:
    refused(run("segment", bad / "dot.png", "--out", tmp_path, "--home", home), "--slide-mpp")
    found = run("segment", bad / "dot.png", "--slide-mpp", 0.5, "--out", tmp_path, "--home", home)
    refused(found, "dot.png", "small")


@pytest.mark.parametrize(
    ("option", "value", "word"),
    [
        ("--roi", "9000,9000,10,10", "outside"),
        ("--roi", "1,2,3", "X,Y,W,H"),
        ("--roi", "0,0,0,5", "empty"),
        ("--model", "nonsense", "unknown model"),
        ("--threshold", "1.5", "threshold"),
        ("--tta", "3", "tta"),
        ("--slide-mpp", "400", "plausible"),
        ("--runtime", "abacus", "abacus"),
        ("--colour", "red", "--colour"),
    ],
)
def test_a_wrong_option(
    bcss: dict[str, Path], home: Path, tmp_path: Path, option: str, value: str, word: str
) -> None:
    slide = next(iter(bcss.values()))
    refused(run("segment", slide, "--out", tmp_path, "--home", home, option, value), word)


def test_a_place_that_cannot_be_written(bcss: dict[str, Path], home: Path, tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.write_text("a file where a folder is wanted")  # root may write anywhere else
    slide = next(iter(bcss.values()))
    refused(run("segment", slide, "--out", taken, "--home", home), "cannot be written")


def test_one_bad_slide_does_not_stop_the_others(
    bcss: dict[str, Path], bad: Path, home: Path, tmp_path: Path
) -> None:
    one, other = bcss.values()
    found = run("segment", one, bad / "text.svs", other, "--out", tmp_path, "--home", home)
    assert found.returncode == 1
    assert "2 of 3 slides segmented" in found.stdout
    assert "text.svs" in found.stdout.splitlines()[-1]
    assert len(list(tmp_path.glob("*/report.json"))) == 2


def test_help_teaches() -> None:
    for verb in ("demo", "serve", "segment", "train", "synthesize", "models"):
        found = run(verb, "--help")
        assert found.returncode == 0
        assert len(found.stdout) > 300


def test_a_home_that_cannot_be_made(data: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    found = run("serve", "--slides", data / "slides", "--home", tmp_path / "file" / "home")
    refused(found, str(tmp_path / "file" / "home"), "--home")


def test_a_disk_that_is_full_is_one_line_and_the_rest_is_kept(
    plain_slide: Path, home: Path, tmp_path: Path
) -> None:
    """A limit of the size of files stands for it: any user may set one, and writes fail alike."""
    arguments = ("segment", plain_slide, "--home", home, "--out", tmp_path)
    command = " ".join(["ulimit -f 64;", "exec", str(COMMAND), *map(str, arguments)])
    limited = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=300)
    refused(limited, "File too large")
    assert not list(tmp_path.rglob("report.json"))
    found = run(*arguments, "--resume")
    assert found.returncode == 0, found.stderr
    assert list(tmp_path.rglob("report.json"))
