"""A segmentation experiment's config file, read as options of ``histoloop train``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

from histoloop.errors import UsageError
from histoloop.models import architectures
from histoloop.training.experiment_file import Entry, read_entries
from histoloop.training.experiment_keys import (
    KEYS,
    NOTES,
    Answer,
    Context,
    Elsewhere,
    Options,
    Rule,
)
from histoloop.training.experiment_keys import architecture as named_architecture

Fate = Literal["used", "overruled", "elsewhere", "unused", "unknown"]

DEFAULTS: Mapping[str, str] = {
    "model.model": '"TensorflowUNet"',
    "model.generator": "False",
    "model.optimizer": '"Adam"',
    "model.clipvalue": "0.2",
    "model.base_kernels": "(3, 3)",
    "model.loss": '"binary_crossentropy"',
    "train.learning_rate_reducer": "False",
    "train.reducer_factor": "0.1",
}
"""What the experiment takes for keys that are not there, where it is not what we would take."""

ALWAYS: Options = {"average": 0.0, "monitor": "loss", "keep": "best"}
"""What it does without a key: it keeps the weights themselves, those of the least loss."""

_SPLITS = {"train": "train", "eval": "valid", "valid": "valid", "test": "test"}
_LAYOUT = "{train,valid,test}/{images,masks}"


@dataclass(frozen=True)
class Finding:
    """What became of a key.

    Attributes:
        line: of the file; 0 for a default of the experiment.
        became: options, another command, or why nothing.
    """

    name: str
    text: str
    line: int
    fate: Fate
    became: str

    def __str__(self) -> str:
        """One line."""
        where = "" if self.line else " (its default)"
        return f"{self.name} = {self.text}{where}: {self.became}"


@dataclass(frozen=True)
class Experiment:
    """A config file.

    Attributes:
        options: of ``histoloop train`` by name, without those that were given.
        classes: that the network shall tell apart; `None` where the file does not say so.
    """

    path: Path
    options: Options
    findings: tuple[Finding, ...]
    classes: int | None
    entries: Mapping[str, Entry]

    def explain(self) -> Iterator[str]:
        """A line for every key, in the order of the file."""
        for finding in self.findings:
            yield str(finding)

    def left_out(self) -> Iterator[str]:
        """How many keys are used, and a line for each that is not: by what becomes of them."""
        used = sum(one.fate == "used" for one in self.findings if one.line)
        total = sum(1 for one in self.findings if one.line)
        yield f"{self.path.name}: {used} of {total} keys are used; the others:"
        for fate in ("unknown", "overruled", "unused", "elsewhere"):
            yield from (f"  {one}" for one in self.findings if one.fate == fate)

    def record(self) -> dict[str, Any]:
        """For the model's card: every key, its value and what became of it."""
        return {
            "file": self.path.name,
            "keys": {one.name: {"value": one.text, "became": one.became} for one in self.findings},
        }

    def data(self) -> Path:
        """The folder that holds the splits, relative to the file or to the working folder.

        Raises:
            UsageError: it is not there, or laid out otherwise.
        """
        roots = {
            self._root(entry, split)
            for section, split in _SPLITS.items()
            for key in ("image_datapath", "images_dir", "mask_datapath", "masks_dir")
            if (entry := self.entries.get(f"{section}.{key}"))
        }
        if len(roots) != 1:
            found = " and ".join(sorted(map(str, roots))) or "no data at all"
            raise UsageError(
                f"{self.path}: names {found}", hint=f"give --data DIR that holds {_LAYOUT}"
            )
        return roots.pop()

    def check_classes(self, count: int) -> None:
        """Make sure that the network gets as many classes as the file says.

        Raises:
            UsageError: the data, or --classes, says otherwise.
        """
        if self.classes not in (None, count):
            raise UsageError(
                f"{self.path}: num_classes is {self.classes}, but {count} "
                f"{'are' if count > 1 else 'is'} named",
                hint="name them all with --classes a,b,c: the mask codes 1, 2, 3; the background "
                "is one of them where num_classes counts it",
            )

    def _root(self, entry: Entry, split: str) -> Path:
        kind = "images" if entry.key.startswith("image") else "masks"
        said = Path(str(entry.value).replace("\\", "/"))
        for base in (self.path.parent, Path()):
            folder = base / said
            with suppress(OSError):  # longer than a name may be, or not ours to look at
                if folder.is_dir() and (folder.name, folder.resolve().parent.name) == (kind, split):
                    return folder.resolve().parent.parent
        raise UsageError(
            f"{self.path}, line {entry.line}: {entry.name} = {entry.text} is no folder "
            f"{split}/{kind}",
            hint=f"give --data DIR that holds {_LAYOUT}",
        )


def read_experiment(path: Path, given: Mapping[str, Any]) -> Experiment:
    """Read a config file for somebody who has given some options already.

    Args:
        given: options by name, which win over the file; ``arch_config`` key by key.

    Raises:
        UsageError: the file cannot be read, or a value is not what its key takes.
    """
    entries = read_entries(path)
    whole = _with_defaults(entries)
    reader = _Reader(path, Context(_architecture(path, whole, given), _values(whole)), given)
    options, findings = dict(ALWAYS), list[Finding]()
    for entry in whole.values():
        answer, finding = reader.read(entry)
        config = {**options.get("arch_config", {}), **answer.pop("arch_config", {})}
        options |= answer | {"arch_config": config}
        if entry.line or finding.fate == "used":
            findings.append(finding)
    classes, _ = options.pop("class_count", None), options.pop("pictures", None)
    _check_architecture(path, reader.context.architecture, options["arch_config"])
    options["arch_config"] |= given.get("arch_config", {})
    kept = {
        name: one for name, one in options.items() if name not in given or name == "arch_config"
    }
    return Experiment(path, kept, tuple(findings), classes, entries)


@dataclass(frozen=True)
class _Reader:
    """What all keys of a file have in common."""

    path: Path
    context: Context
    given: Mapping[str, Any]

    def read(self, entry: Entry) -> tuple[Options, Finding]:
        """What a key becomes, and what there is to say about it."""
        options, fate, became = self._judge(entry)
        if entry.repeated:
            became += f" (it counts, not line {', '.join(map(str, entry.repeated))})"
        return options, Finding(entry.name, entry.text, entry.line, fate, became)

    def _judge(self, entry: Entry) -> tuple[Options, Fate, str]:
        rule = KEYS.get(entry.name)
        if rule is None:
            near = get_close_matches(entry.name, KEYS, n=1, cutoff=0.85)
            return {}, "unknown", f"not known{f'; {near[0]} is' if near else ''}"
        if above := [name for name in rule.options if name in self.given]:
            return {}, "overruled", f"overruled by {_flags({above[0]: self.given[above[0]]})}"
        answer = self._translate(rule, entry)
        if isinstance(answer, Elsewhere):
            return {}, "elsewhere", answer
        if isinstance(answer, str):
            return {}, "unused", answer
        above = [key for key in answer.get("arch_config", {}) if key in self._given_config]
        if above:
            given = {key: self._given_config[key] for key in above}
            return {}, "overruled", f"overruled by {_flags({'arch_config': given})}"
        note = NOTES.get(entry.value) if entry.name == "model.loss" else None
        return dict(answer), "used", f"{_flags(answer)}{f' ({note})' if note else ''}"

    def _translate(self, rule: Rule, entry: Entry) -> Answer:
        try:
            return rule.translate(entry.value, self.context)
        except ValueError as error:
            raise _wrong(self.path, entry, error) from error

    @property
    def _given_config(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.given.get("arch_config", {})
        return found


def _with_defaults(entries: Mapping[str, Entry]) -> dict[str, Entry]:
    """The entries, and after them what the experiment takes for those that are not there."""
    said = dict(DEFAULTS)
    patience = entries.get("train.patience")
    if patience and isinstance(patience.value, int) and patience.value < 2**31:
        said["train.reducer_patience"] = str(max(patience.value // 2, 0) or 5)
    found = dict(entries)
    for name, text in said.items():
        section, _, key = name.partition(".")
        found.setdefault(name, Entry(section, key, text, 0))
    return found


def _values(entries: Mapping[str, Entry]) -> dict[str, Any]:
    return {name: entry.value for name, entry in entries.items()}


def _architecture(path: Path, entries: Mapping[str, Entry], given: Mapping[str, Any]) -> str:
    if "architecture" in given:
        return str(given["architecture"])
    entry = entries["model.model"]
    try:
        return named_architecture(entry.value)[0]
    except ValueError as error:
        raise _wrong(path, entry, error) from error


def _check_architecture(path: Path, name: str, config: Options) -> None:
    """What the file says of the network, on its own."""
    if not config:
        return
    try:
        architectures.configure(name, 1, **config)
    except UsageError as error:
        raise UsageError(f"{path}: {error.message}", hint=error.hint) from error


def _wrong(path: Path, entry: Entry, wanted: ValueError) -> UsageError:
    return UsageError(
        f"{path}, line {entry.line}: {entry.name} = {entry.text[:60]}", hint=f"it takes {wanted}"
    )


def _flags(options: Options) -> str:
    """As one would type them."""
    found = []
    for name, value in options.items():
        flag = f"--{name.replace('_', '-')}"
        if name == "arch_config":
            found += [f"{flag} {key}={one!r}".replace("'", "") for key, one in value.items()]
        elif name == "class_count":
            found.append(f"{value} class{'es' if value > 1 else ''}")
        elif name == "pictures":
            found.append("--data is the folder above")
        elif isinstance(value, bool):
            found.append(flag if value else f"--no-{name.replace('_', '-')}")
        elif value is not None:
            found.append(f"{flag} {value}")
    return " ".join(found)
