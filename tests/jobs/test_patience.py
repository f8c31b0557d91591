"""A job waits for its archive: as long as it is away, not while it answers and fails."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from histoloop.errors import CancelledError, DsaAwayError
from histoloop.jobs import patience
from histoloop.jobs.context import Progress, SilentListener
from histoloop.jobs.patience import Patience


@dataclass
class Pulse:
    """Is asked so often before it beats; then it does."""

    silent: int = 0

    def beats(self) -> bool:
        self.silent -= 1
        return self.silent < 0


@dataclass
class Heard(SilentListener):
    cancel_after: int = 1_000_000
    stages: list[str] = field(default_factory=list)
    looks: int = 0

    def progress(self, progress: Progress) -> None:
        self.stages.append(progress.stage)

    def check(self) -> None:
        self.looks += 1
        if self.looks > self.cancel_after:
            raise CancelledError("cancelled")


@dataclass
class Work:
    """Fails so often."""

    failures: int
    tries: int = 0

    def __call__(self) -> int:
        self.tries += 1
        if self.tries <= self.failures:
            raise DsaAwayError("the archive does not answer")
        return self.tries


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """Time that only passes while one waits."""
    now = [0.0]
    monkeypatch.setattr(patience.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(patience.time, "sleep", lambda s: now.__setitem__(0, now[0] + s))
    return now


def test_who_need_not_wait_does_not(clock):
    assert Patience(Pulse(), heard := Heard(), 100).through(Work(0)) == 1
    assert clock == [0.0]
    assert not heard.stages


def test_what_failed_is_done_again_once_the_archive_is_back(clock):
    assert Patience(Pulse(silent=8), heard := Heard(), 100).through(Work(1)) == 2
    assert heard.stages == ["waiting"]
    assert 8 <= clock[0] < 30


def test_patience_ends(clock):
    with pytest.raises(DsaAwayError):
        Patience(Pulse(silent=10**6), Heard(), 100).through(Work(5))
    assert 100 <= clock[0] < 110


def test_without_patience_the_first_failure_is_the_last(clock):
    with pytest.raises(DsaAwayError):
        Patience(Pulse(silent=10**6), Heard(), 0).through(work := Work(5))
    assert (work.tries, clock[0]) == (1, 0.0)


def test_an_archive_that_answers_and_fails_again_and_again_is_given_up(clock):
    with pytest.raises(DsaAwayError):
        Patience(Pulse(), Heard(), 10**6).through(work := Work(10**6))
    assert work.tries == 11
    assert clock[0] < 600


def test_who_waits_can_cancel():
    with pytest.raises(CancelledError):
        Patience(Pulse(silent=10**6), Heard(cancel_after=20), 100).through(Work(5))
