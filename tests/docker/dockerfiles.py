"""The Dockerfiles as stages of instructions, read by a real parser."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import dropwhile, groupby
from pathlib import Path

from dockerfile_parse import DockerfileParser

ROOT = Path(__file__).parents[2]
PATHS = sorted((ROOT / "docker").glob("*/Dockerfile"))


@dataclass(frozen=True)
class Stage:
    """A `FROM` and what follows it: pairs of instruction and value."""

    image: str
    base: str
    name: str
    steps: tuple[tuple[str, str], ...]

    def all(self, instruction: str) -> list[str]:
        return [value for found, value in self.steps if found == instruction]

    def commands(self) -> Iterator[list[str]]:
        """What the RUN lines run, one by one, without variables that are set before."""
        for line in self.all("RUN"):
            words = shlex.shlex(line, posix=True, punctuation_chars="&;|")
            words.whitespace_split = True
            for operator, command in groupby(words, lambda word: word in ("&&", "||", ";", "|")):
                if not operator:
                    yield list(dropwhile(re.compile(r"\w+=").match, command))

    def packages(self) -> Iterator[str]:
        """What is installed of Debian."""
        for words in self.commands():
            if words[:2] == ["apt-get", "install"]:
                yield from [word for word in words[2:] if not word.startswith("-")]

    def sources(self) -> Iterator[str]:
        """Paths that COPY takes from the repository."""
        for line in self.all("COPY"):
            words = shlex.split(line)
            if not any(word.startswith("--from=") for word in words):
                yield from [word for word in words if not word.startswith("--")][:-1]


def stages(path: Path) -> dict[str, Stage]:
    """Stages by name; the last one of a Dockerfile may have none and is called after its folder."""
    found: dict[str, Stage] = {}
    lines = DockerfileParser(fileobj=path.open("rb")).structure
    steps = [(one["instruction"], one["value"]) for one in lines]
    starts = [at for at, (instruction, _) in enumerate(steps) if instruction == "FROM"]
    for start, end in zip(starts, [*starts[1:], None], strict=True):
        base, _, name = re.fullmatch(r"(\S+)( AS (\S+))?", steps[start][1]).groups()
        name = name or path.parent.name
        found[name] = Stage(path.parent.name, base, name, tuple(steps[start + 1 : end]))
    return found


STAGES = {(path, name): stage for path in PATHS for name, stage in stages(path).items()}


def lineage(path: Path, name: str) -> list[Stage]:
    """A stage and those that it is built on, itself first."""
    stage = STAGES[path, name]
    return [stage, *(lineage(path, stage.base) if (path, stage.base) in STAGES else [])]


def results(path: Path) -> list[str]:
    """The stages that are images of their own: nothing is built on them or copied from them."""
    mine = {name: stage for (of, name), stage in STAGES.items() if of == path}
    used = {stage.base for stage in mine.values()}
    for stage in mine.values():
        used |= set(re.findall(r"--from=(\S+)", " ".join(stage.all("COPY"))))
    return [name for name in mine if name not in used]
