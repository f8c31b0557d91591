"""What every executor owes a job."""

from __future__ import annotations

import threading
import time

import pytest
from distributed import Client, LocalCluster

from histoloop.errors import CancelledError, SlideError
from histoloop.jobs.context import ThreadExecutor
from histoloop.jobs.engine import DaskExecutor


def double(item: int) -> int:
    return 2 * item


def slow(item: int) -> int:
    time.sleep(0.02)
    return item


def fail_at_three(item: int) -> int:
    if item == 3:
        raise SlideError("slide.svs: broken", hint="copy it again")
    return item


def by_number(item: int) -> float:
    return item


def go_on() -> None:
    pass


@pytest.fixture(scope="session")
def client():
    with (
        LocalCluster(
            n_workers=1, threads_per_worker=1, processes=True, dashboard_address="127.0.0.1:0"
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client


@pytest.fixture(params=["threads", "dask"])
def executor(request):
    if request.param == "threads":
        return ThreadExecutor(1)
    return DaskExecutor(request.getfixturevalue("client"))


def test_every_item_is_worked_on_once(executor):
    assert sorted(executor.map(double, range(40), by_number, go_on)) == list(range(0, 80, 2))


def test_nothing_to_do_is_done(executor):
    assert list(executor.map(double, [], by_number, go_on)) == []


def test_the_lowest_rank_goes_first(executor):
    """The ranks are in no order, so that neither end of the queue is right by chance."""

    def rank(item: int) -> float:
        return item * 7 % 12

    found = list(executor.map(slow, range(12), rank, go_on))
    assert sorted(found) == list(range(12))
    places = [found.index(item) for item in sorted(found, key=rank)]
    # Two run at a time and may overtake each other.
    assert all(abs(place - wanted) <= 2 for wanted, place in enumerate(places))


def test_the_rank_is_asked_again_while_it_goes_on(executor):
    """Somebody moves the view: what is seen now comes before what was first."""
    wanted: list[int] = []
    found = []
    for item in executor.map(slow, range(40), lambda item: item - 1000 * (item in wanted), go_on):
        found.append(item)
        if len(found) == 5:
            wanted.append(23)
    assert found.index(23) < 12


def test_an_error_in_the_work_is_raised_with_its_hint(executor):
    with pytest.raises(SlideError, match="copy it again"):
        list(executor.map(fail_at_three, range(30), by_number, go_on))


def test_a_raised_check_stops_it_and_leaves_the_executor_usable(executor):
    seen: list[int] = []

    def check() -> None:
        if len(seen) >= 3:
            raise CancelledError("stop")

    def collect() -> None:
        for item in executor.map(slow, range(200), by_number, check):
            seen.append(item)

    with pytest.raises(CancelledError):
        collect()
    assert 3 <= len(seen) < 20
    assert sorted(executor.map(double, range(4), by_number, go_on)) == [0, 2, 4, 6]


def test_work_and_check_do_not_wait_for_each_other(executor):
    asked = threading.Event()
    list(executor.map(slow, range(5), by_number, asked.set))
    assert asked.is_set()
