"""What every annotation store owes to who draws: nobody's work is written over unseen, or lost."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
from tests.contracts.test_annotation_stores import document, draw, new_item, polygon, site

from histoloop.annotations import local_store
from histoloop.annotations.dsa_store import DsaAnnotationStore
from histoloop.annotations.local_store import LocalAnnotationStore
from histoloop.annotations.store import AnnotationStore, ConflictError
from histoloop.errors import AccessError, AnnotationError, NotFoundError, StateError

UNKNOWN = "0123456789abcdef01234567"
IDS = [f"{number:024x}" for number in range(1, 5)]
HOLE = [[2, 2, 0], [4, 2, 0], [4, 4, 0]]


@dataclass(frozen=True)
class Case:
    """A store, another one as somebody else has it, and new slides without annotations."""

    store: AnnotationStore
    other: AnnotationStore
    new_slide: Callable[[], str]


@pytest.fixture(scope="module", params=["local", "dsa", "dsa-without-plugin", "dsa5"])
def case(request, tmp_path_factory) -> Case:
    folder = tmp_path_factory.mktemp("editing")
    if request.param == "local":
        slides = iter(f"slide{number}" for number in range(1000))
        return Case(
            LocalAnnotationStore(folder), LocalAnnotationStore(folder), lambda: next(slides)
        )
    archive = request.getfixturevalue(request.param.partition("-")[0])
    store = DsaAnnotationStore(site(archive, folder))
    other = DsaAnnotationStore(site(archive, folder, "admin"))
    if request.param == "dsa-without-plugin":
        vars(store)["_takes_bulk"] = lambda slide: False  # the answer that it would have got
    return Case(store, other, lambda: new_item(archive))


@pytest.fixture
def store(case) -> AnnotationStore:
    return case.store


@pytest.fixture
def slide(case) -> str:
    return case.new_slide()


def drawing(name="by hand", count=2, left=0.0, **more):
    elements = [
        {**polygon(left + 12 * n, 1.5, [HOLE] if n == 0 else []), "id": IDS[n]}
        for n in range(count)
    ]
    return {"name": name, "elements": elements, **more}


def lefts(found):
    return [one["points"][0][0] for one in found["elements"]]


def test_what_is_drawn_comes_back_with_its_holes_and_ids(store, slide):
    put = drawing(description="Mine.", attributes={"reviewed": True, "of": {"a": [1, 2.5]}})
    put["elements"] += [
        {"type": "rectangle", "center": [9, 8, 0], "width": 4, "height": 3.5, "rotation": 0.1}
        | {"id": IDS[2], "group": "roi"},
        {"type": "point", "center": [5, 6, 0], "id": IDS[3], "user": {"certain": False}},
    ]
    made = store.create(slide, put)
    assert store.get(made.id) == put
    assert (made.name, made.description, made.elements) == ("by hand", "Mine.", 4)
    assert (made.slide, made.editable, made.mine) == (slide, True, True)
    assert made.attributes == put["attributes"]
    assert store.list(slide) == [made]
    assert store.summary(made.id) == made


def test_elements_without_an_id_get_one(store, slide):
    put = drawing()
    for one in put["elements"]:
        del one["id"]
    found = store.get(store.create(slide, put).id)
    ids = {one["id"] for one in found["elements"]}
    assert len(ids) == 2
    assert all(len(id) == 24 for id in ids)


def test_who_saves_again_writes_over_what_was_and_it_can_be_had_again(store, slide):
    first = store.create(slide, drawing(description="First.", attributes={"a": 1}))
    second = store.replace(first.id, drawing("anew", 3, left=50), first.version)
    assert second.version != first.version
    assert lefts(store.get(first.id)) == [50, 62, 74]
    assert (second.name, second.description) == ("anew", "First."), "what was left out stays"
    assert second.attributes == {"a": 1}
    versions = store.versions(first.id)
    assert [one.version for one in versions] == [second.version, first.version]
    assert [one.current for one in versions] == [True, False]
    assert [one.elements for one in versions] == [3, 2]
    assert lefts(store.version(first.id, first.version)) == [0, 12]
    assert store.version(first.id, first.version)["elements"][0]["holes"] == [HOLE]


def test_a_version_is_restored_and_those_in_between_stay(store, slide):
    first = store.create(slide, drawing())
    second = store.replace(first.id, drawing(left=50), first.version)
    third = store.restore(first.id, first.version, second.version)
    assert lefts(store.get(first.id)) == [0, 12]
    assert store.get(first.id)["elements"][0]["id"] == IDS[0]
    versions = [one.version for one in store.versions(first.id)]
    assert versions == [third.version, second.version, first.version]
    with pytest.raises(ConflictError):
        store.restore(first.id, second.version, second.version)
    with pytest.raises(ConflictError):
        store.restore(first.id, second.version, None)
    assert store.restore(first.id, third.version, third.version) == third, "it is so already"
    fourth = store.restore(first.id, second.version, third.version)
    assert lefts(store.get(first.id)) == [50, 62]
    assert fourth.version not in versions


def test_what_was_deleted_is_brought_back(store, slide):
    first = store.create(slide, drawing())
    second = store.replace(first.id, drawing(left=50), first.version)
    with pytest.raises(ConflictError) as refused:
        store.delete(first.id, first.version)
    assert refused.value.current == second
    store.delete(first.id, second.version)
    assert store.list(slide) == []
    for gone in (store.get, store.summary, store.record):
        with pytest.raises(NotFoundError):
            gone(first.id)
    with pytest.raises(NotFoundError):
        store.replace(first.id, drawing(), second.version)
    with pytest.raises(NotFoundError):
        store.delete(first.id, second.version)
    versions = store.versions(first.id)
    assert [one.version for one in versions] == [second.version, first.version]
    assert not any(one.current for one in versions)
    assert lefts(store.version(first.id, first.version)) == [0, 12]
    with pytest.raises(ConflictError):
        store.restore(first.id, second.version, first.version)
    third = store.restore(first.id, second.version, None)
    assert lefts(store.get(first.id)) == [50, 62]
    assert store.list(slide) == [third]
    store.delete(first.id, third.version)
    again = store.restore(first.id, first.version, third.version)
    assert lefts(store.get(first.id)) == [0, 12]
    names = [one.version for one in store.versions(first.id)]
    assert len(set(names)) == len(names)
    assert names[0] == again.version


def test_what_was_deleted_is_listed(request, case, slide):
    if "plugin" in request.node.callspec.id:
        pytest.skip("the plugin lists it")
    kept = case.store.create(slide, drawing("kept"))
    gone = case.store.create(slide, drawing("gone"))
    gone = case.store.replace(gone.id, drawing("gone", 1), gone.version)
    assert case.store.deleted(slide) == []
    case.store.delete(gone.id, gone.version)
    (found,) = case.store.deleted(slide)
    assert (found.id, found.name, found.elements) == (gone.id, "gone", 1)
    assert found.version == gone.version
    case.store.restore(gone.id, gone.version, found.version)
    assert case.store.deleted(slide) == []
    assert {one.id for one in case.store.list(slide)} == {kept.id, gone.id}


@pytest.mark.parametrize("writers", [2, 4])
def test_of_writers_with_the_same_version_one_wins_and_every_text_is_kept(case, slide, writers):
    base = case.store.create(slide, drawing())
    stores = [case.store, case.other] * (writers // 2)
    start = threading.Barrier(writers)
    won, lost = [], []

    def write(number):
        start.wait()
        try:
            text = drawing(f"writer {number}", left=100.0 * (number + 1))
            won.append((number, stores[number].replace(base.id, text, base.version)))
        except ConflictError as error:
            lost.append(error)

    threads = [threading.Thread(target=write, args=[number]) for number in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert len(lost) == writers - 1
    number, summary = won[0]
    assert lefts(case.store.get(base.id))[0] == 100 * (number + 1)
    assert {error.current.version for error in lost} == {summary.version}
    assert lefts(case.store.version(base.id, base.version))[0] == 0


def test_a_loser_keeps_their_text_as_a_new_annotation(case, slide):
    base = case.store.create(slide, drawing())
    theirs = case.other.replace(base.id, drawing("theirs", left=100), base.version)
    with pytest.raises(ConflictError, match="since you opened it") as refused:
        case.store.replace(base.id, drawing("mine", left=200), base.version)
    assert refused.value.current.version == theirs.version
    mine = case.store.create(slide, drawing("mine", left=200))
    assert lefts(case.store.get(base.id))[0] == 100
    assert lefts(case.store.get(mine.id))[0] == 200


@pytest.mark.parametrize("attributes", [{"run": "r1", "model": "tiny@1", "class": "tumor"}])
def test_a_model_s_layer_is_never_written_over(store, slide, attributes):
    (id,) = store.replace_run(slide, "r1", [document("r1")])
    layer = store.summary(id)
    assert (layer.editable, layer.mine) == (False, False)
    before = store.get(id)
    with pytest.raises(StateError, match="nobody draws over it"):
        store.replace(id, drawing(), layer.version)
    with pytest.raises(StateError, match="nobody draws over it"):
        store.delete(id, layer.version)
    assert store.get(id) == before
    for key in attributes:
        if key == "class":
            continue
        with pytest.raises(AnnotationError, match=key):
            store.create(slide, drawing(attributes={key: "mine"}))
        own = store.create(slide, drawing())
        with pytest.raises(AnnotationError, match=key):
            store.replace(own.id, drawing(attributes={key: "mine"}), own.version)


def test_what_people_are_asked_to_draw_in_is_theirs_from_then_on(store, slide):
    """A review queue is a run's, but not a model's: who draws in it does not lose that."""
    asked = drawing("queue", attributes={"run": "review-1", "class": "roi"})
    (id,) = store.replace_run(slide, "review-1", [asked])
    before = store.summary(id)
    assert before.editable
    answered = drawing("queue", 3, left=20, attributes={"class": "roi"})
    after = store.replace(id, answered, before.version)
    assert after.attributes == asked["attributes"], "it is still known what it answers"
    assert store.replace_run(slide, "review-1", [asked]) == [id]
    store.replace_run(slide, "review-1", [])
    store.delete_run(slide, "review-1")
    assert lefts(store.get(id)) == [20, 32, 44]


BAD = {
    "no name": {"name": "", "elements": []},
    "elements that are no list": {"name": "x", "elements": {}},
    "not finite": [{"type": "point", "center": [math.nan, 1, 0]}],
    "infinite": [{"type": "rectangle", "center": [1, 1, 0], "width": math.inf, "height": 1}],
    "beyond any slide": [{"type": "point", "center": [1e9, 1, 0]}],
    "an unknown type": [{"type": "spline", "points": [[0, 0, 0], [1, 1, 0]]}],
    "pixels": [{"type": "image", "girderId": UNKNOWN}],
    "no type": [{"points": [[0, 0, 0], [1, 1, 0]]}],
    "no object": ["polyline"],
    "two coordinates": [{"type": "point", "center": [1, 1]}],
    "text for numbers": [{"type": "polyline", "points": [["1", 0, 0], [1, 1, 0]]}],
    "two points": [{"type": "polyline", "closed": True, "points": [[0, 0, 0], [1, 1, 0]]}],
    "a hole of two": [{**polygon(0, 0), "holes": [[[0, 0, 0], [1, 1, 0]]]}],
    "a flat hole": [{**polygon(0, 0), "holes": [[[0, 0], [1, 1], [2, 1]]]}],
    "no colour": [{**polygon(0, 0), "lineColor": "red"}],
    "an unknown key": [{**polygon(0, 0), "colour": "rgb(1, 2, 3)"}],
    "a negative width": [{**polygon(0, 0), "lineWidth": -1}],
    "a bare label": [{**polygon(0, 0), "label": "tumor"}],
    "an odd id": [{**polygon(0, 0), "id": "1"}],
    "an id twice": [{**polygon(0, 0), "id": IDS[0]}, {**polygon(9, 0), "id": IDS[0]}],
    "a name with a dollar": [{**polygon(0, 0), "user": {"$where": 1}}],
    "a number too large": [{**polygon(0, 0), "user": {"n": 2**63}}],
    "attributes with a dot": {"name": "x", "elements": [], "attributes": {"a.b": 1}},
    "attributes too large": {"name": "x", "elements": [], "attributes": {"a": "x" * 2**20}},
    "display of nonsense": {"name": "x", "elements": [], "display": {"visible": "perhaps"}},
}


@pytest.mark.parametrize("bad", BAD)
def test_what_cannot_be_stored_is_refused_by_name_and_nothing_is_changed(store, slide, bad):
    made = BAD[bad] if isinstance(BAD[bad], dict) else {"name": "bad", "elements": BAD[bad]}
    with pytest.raises(AnnotationError, match="this annotation cannot be stored"):
        store.create(slide, made)
    assert store.list(slide) == []


def test_too_many_elements_are_refused(store, slide, monkeypatch):
    monkeypatch.setattr("histoloop.annotations.editing.MOST_ELEMENTS", 2)
    with pytest.raises(AnnotationError, match="3 elements, more than 2"):
        store.create(slide, drawing(count=3))


def test_twenty_thousand_polygons_are_written_and_read(store, slide):
    def many(shift):
        elements = []
        for n in range(20_000):
            x, y = 30.0 * (n % 150) + shift, 30.0 * (n // 150)
            ring = [
                [round(x + 10 + 9 * math.cos(a / 3.2), 2), round(y + 10 + 9 * math.sin(a / 3.2), 2)]
                for a in range(20)
            ]
            elements.append(polygon(0, 0) | {"points": [[*point, 0] for point in ring]})
            elements[-1]["id"] = f"{n:024x}"
        return {"name": "many", "elements": elements}

    began = time.perf_counter()
    made = store.create(slide, many(0))
    created = time.perf_counter()
    changed = store.replace(made.id, many(1), made.version)
    replaced = time.perf_counter()
    found = store.get(made.id)
    read = time.perf_counter()
    print(f"created {created - began:.1f} s, replaced {replaced - created:.1f} s", end=", ")
    print(f"read {read - replaced:.1f} s")
    assert changed.elements == 20_000
    assert found["elements"] == many(1)["elements"]


# --- what only files on this machine have ---


@pytest.fixture
def files(tmp_path) -> LocalAnnotationStore:
    return LocalAnnotationStore(tmp_path)


KILLED = """
import os, signal, sys
from pathlib import Path
from histoloop.annotations import local_store
from histoloop.annotations.local_store import LocalAnnotationStore

root, id, version, after, what = sys.argv[1:]
writes = 0
replacing = local_store.replacing

def dying(path):
    global writes
    if writes == int(after):
        os.kill(os.getpid(), signal.SIGKILL)
    writes += 1
    return replacing(path)

local_store.replacing = dying
Path.unlink = lambda self: os.kill(os.getpid(), signal.SIGKILL)
store = LocalAnnotationStore(Path(root))
if what == "replace":
    store.replace(id, {"name": "killed", "elements": []}, version)
else:
    store.delete(id, version)
"""


@pytest.mark.parametrize(("after", "what"), [(0, "replace"), (1, "replace"), (9, "delete")])
def test_whoever_is_killed_while_writing_leaves_what_was(files, tmp_path, after, what):
    """Before the earlier version is kept, between that and the new one, and before a deletion."""
    first = files.create("slide", drawing())
    command = [sys.executable, "-c", KILLED, tmp_path, first.id, first.version, str(after), what]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    assert files.list("slide") == [first]
    assert lefts(files.get(first.id)) == [0, 12]
    assert [one.version for one in files.versions(first.id)] == [first.version]
    second = files.replace(first.id, drawing(left=5), first.version)
    assert [one.version for one in files.versions(first.id)] == [second.version, first.version]
    assert lefts(files.version(first.id, first.version)) == [0, 12]


WRITE = """
import sys
from pathlib import Path
from histoloop.annotations.local_store import LocalAnnotationStore
from histoloop.annotations.store import ConflictError

root, id, version, name = sys.argv[1:]
sys.stdin.readline()
try:
    LocalAnnotationStore(Path(root)).replace(id, {"name": name, "elements": []}, version)
except ConflictError:
    print("lost")
else:
    print("won")
"""


def test_of_processes_with_the_same_version_one_wins(files, tmp_path):
    first = files.create("slide", drawing())
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", WRITE, tmp_path, first.id, first.version, name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in ("one", "other")
    ]
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    said = sorted(process.communicate()[0].strip() for process in processes)
    assert said == ["lost", "won"]
    assert len(files.versions(first.id)) == 2


def test_a_file_that_somebody_put_there_is_changed_like_any(files, tmp_path):
    (tmp_path / "slide").mkdir()
    path = tmp_path / "slide" / "handmade.json"
    path.write_text('{"name": "by hand", "elements": []}')
    before = files.summary("handmade")
    after = files.replace("handmade", drawing(), before.version)
    assert files.version("handmade", before.version) == {"name": "by hand", "elements": []}
    assert [one.version for one in files.versions("handmade")] == [after.version, before.version]
    os.utime(path)
    assert files.summary("handmade").version == after.version


# --- what only a server can do to us ---


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("editing")


def while_it_is_written(send, do, method):
    """What sends, once something has happened between the last look and the write."""
    happened = []

    def sent(verb, path, *args, **more):
        if verb == method and path.startswith("annotation/") and not happened:
            happened.append(True)
            do()
        return send(verb, path, *args, **more)

    return sent


def test_what_a_run_delivers_anew_over_a_deleted_annotation_comes_after_it(tmp_path):
    """In a folder: a program's versions have no number, and are of their moment."""
    store, slide = LocalAnnotationStore(tmp_path), "slide"

    def delivered(left):
        (id,) = store.replace_run(
            slide, "run", [drawing("run's", left=left, attributes={"run": "run"})]
        )
        return store.summary(id)

    first = delivered(10)
    second = store.replace(first.id, drawing("mine"), first.version)
    store.delete(first.id, second.version)
    third = delivered(30)
    store.delete(third.id, third.version)
    (gone,) = store.deleted(slide)
    assert gone.version == third.version
    fourth = store.restore(third.id, third.version, third.version)
    fifth = store.replace(third.id, drawing("mine again"), fourth.version)
    said = [one.version for one in store.versions(third.id)]
    expected = [fifth, fourth, third, second, first]
    assert said == [one.version for one in expected]
    assert len(set(said)) == len(said)


def test_who_writes_is_told_of_their_own_version_whoever_comes_next(tmp_path, monkeypatch):
    """Between a write and its answer somebody else may write, if nobody holds them off."""
    store, other = LocalAnnotationStore(tmp_path), LocalAnnotationStore(tmp_path)
    made = store.create("slide", drawing("made"))
    followed, look = [], local_store._summary

    def late(path):
        if not followed:
            followed.append(threading.Thread(target=follow))
            followed[0].start()
            followed[0].join(1)  # as long as it is held off
        return look(path)

    def follow():
        other.replace(made.id, drawing("theirs"), "2")

    monkeypatch.setattr(local_store, "_summary", late)
    mine = store.replace(made.id, drawing("mine"), made.version)
    followed[0].join()
    assert (mine.version, mine.name) == ("2", "mine")
    assert store.get(made.id)["name"] == "theirs"


@pytest.fixture(params=["dsa", "dsa5"])
def racing(request, folder, monkeypatch):
    """A store and what somebody does in HistomicsUI just before it writes."""
    archive = request.getfixturevalue(request.param)
    store = DsaAnnotationStore(site(archive, folder))
    person = archive.client("admin")

    def race(do, method="PUT"):
        sent = while_it_is_written(store.connection.send, do, method)
        monkeypatch.setattr(store.connection, "send", sent)

    return store, person, new_item(archive), race


def test_who_was_faster_in_histomics_wins_and_both_texts_are_kept(racing):
    store, person, item, race = racing
    base = store.create(item, drawing())
    race(lambda: person.put(f"annotation/{base.id}", json=drawing("theirs", left=100)))
    with pytest.raises(ConflictError) as refused:
        store.replace(base.id, drawing("mine", left=200), base.version)
    found = store.get(base.id)
    assert (found["name"], lefts(found)) == ("theirs", [100, 112])
    assert refused.value.current == store.summary(base.id)
    texts = [lefts(store.version(base.id, one.version))[0] for one in store.versions(base.id)]
    assert texts == [100, 200, 100, 0]


def test_who_draws_in_somebody_else_s_annotation_puts_theirs_back_too(racing):
    """Who may write, and no more, may not use the server's own way back."""
    store, person, item, race = racing
    id = draw(person, item, drawing())
    base = store.summary(id)
    assert (base.editable, base.mine) == (True, False)
    later = store.replace(id, drawing("later", left=20), base.version)
    race(lambda: person.put(f"annotation/{id}", json=drawing("theirs", left=100)))
    with pytest.raises(ConflictError):
        store.replace(id, drawing("mine", left=200), later.version)
    assert lefts(store.get(id)) == [100, 112]
    now = store.restore(id, base.version, store.summary(id).version)
    assert lefts(store.get(id)) == [0, 12]
    store.delete(id, now.version)
    store.restore(id, later.version, None)
    assert lefts(store.get(id)) == [20, 32]


def test_what_somebody_changes_while_it_is_deleted_is_brought_back(racing):
    store, person, item, race = racing
    base = store.create(item, drawing())
    race(lambda: person.put(f"annotation/{base.id}", json=drawing("theirs", left=100)), "DELETE")
    with pytest.raises(ConflictError) as refused:
        store.delete(base.id, base.version)
    assert lefts(store.get(base.id)) == [100, 112]
    assert refused.value.current == store.summary(base.id)


def test_what_somebody_changes_while_it_is_restored_stands(racing):
    store, person, item, race = racing
    first = store.create(item, drawing())
    second = store.replace(first.id, drawing(left=50), first.version)
    race(lambda: person.put(f"annotation/{first.id}", json=drawing("theirs", left=100)))
    with pytest.raises(ConflictError):
        store.restore(first.id, first.version, second.version)
    assert lefts(store.get(first.id)) == [100, 112]


def test_a_version_comes_back_without_the_rights_of_its_time(racing):
    """Neither restoring it, nor bringing back what was deleted, lets in who was shut out since."""
    store, person, item, _race = racing
    first = store.create(item, drawing())
    was = person.get(f"annotation/{first.id}/access")
    assert was["users"]
    second = store.replace(first.id, drawing(left=50), first.version)

    def access():
        found = person.get(f"annotation/{first.id}/access")
        return {one["login"]: one["level"] for one in found["users"]}

    kept = [{**one, "flags": []} for one in was["users"] if one["level"] == 2]
    reader = {"id": person.get("user", parameters={"text": "reader"})[0]["_id"]}
    _allow(person, first.id, [*kept, {**reader, "level": 0, "flags": []}])
    third = store.replace(first.id, drawing(left=60), second.version)
    fourth = store.replace(first.id, drawing(left=70), third.version)
    _allow(person, first.id, kept)
    before = access()
    fifth = store.restore(first.id, third.version, fourth.version)
    assert lefts(store.get(first.id)) == [60, 72]
    assert access() == before, "the reader's right is gone, and stays so"
    store.delete(first.id, fifth.version)
    store.restore(first.id, third.version, None)
    assert access() == before


def test_who_may_see_an_annotation_sees_what_it_was_and_nobody_else(racing, request):
    """A version's own list is of its time: what was given or taken since is what counts."""
    store, person, item, _race = racing
    archive = request.getfixturevalue(request.node.callspec.params["racing"])
    first = store.create(item, drawing())
    kept = [
        {**one, "flags": []}
        for one in person.get(f"annotation/{first.id}/access")["users"]
        if one["level"] == 2
    ]
    reading = {"id": archive.user_ids["reader"], "level": 0, "flags": []}
    _allow(person, first.id, kept)
    second = store.replace(first.id, drawing(left=50), first.version)
    reader = archive.client("reader")
    path = f"histoloop/annotations/{first.id}/versions/{{}}"

    def seen(version):
        answer = requests.get(
            f"{reader.urlBase}{path.format(version)}",
            headers={"Girder-Token": reader.token},
            timeout=30,
        )
        assert answer.status_code in (200, 404)
        return answer.ok

    shut = list(map(seen, (first.version, second.version)))
    _allow(person, first.id, [*kept, reading])
    let_in = list(map(seen, (first.version, second.version)))
    third = store.replace(first.id, drawing(left=60), store.summary(first.id).version)
    _allow(person, first.id, kept)
    shut_again = list(map(seen, (first.version, second.version, third.version)))
    assert (shut, let_in, shut_again) == ([False] * 2, [True] * 2, [False] * 3)


def _allow(person, id, users):
    access = json.dumps({"users": users, "groups": []})
    person.put(f"annotation/{id}/access", parameters={"access": access, "public": "false"})


@pytest.mark.parametrize("what", ["replace", "restore"])
def test_who_writes_never_gets_the_version_of_what_they_have_not_seen(racing, monkeypatch, what):
    """Somebody saves in HistomicsUI between our last look at the history and our answer."""
    store, person, item, _race = racing
    first = store.create(item, drawing())
    second = store.replace(first.id, drawing(left=50), first.version)
    looked = store._refuse_overtaken

    def overtaken(*args):
        looked(*args)
        person.put(f"annotation/{first.id}", json=drawing("theirs", left=100))

    monkeypatch.setattr(store, "_refuse_overtaken", overtaken)
    wanted = drawing(left=60) if what == "replace" else first.version
    arguments = (wanted, second.version)
    with pytest.raises(ConflictError) as refused:
        getattr(store, what)(first.id, *arguments)
    assert refused.value.current == store.summary(first.id)
    assert lefts(store.get(first.id)) == [100, 112]


def test_a_write_that_was_repeated_is_no_race(racing):
    """A connection that lost the answer sends it again."""
    store, _person, item, race = racing
    base = store.create(item, drawing())
    text = drawing("mine", left=200)

    race(lambda: store.connection.send("PUT", f"annotation/{base.id}", json=text))
    saved = store.replace(base.id, text, base.version)
    assert saved == store.summary(base.id)
    assert lefts(store.get(base.id)) == [200, 212]


def test_who_may_only_look_changes_nothing(dsa, folder):
    item = new_item(dsa)
    store = DsaAnnotationStore(site(dsa, folder))
    base = store.create(item, drawing())
    later = store.replace(base.id, drawing(left=9), base.version)
    for role, error in (("reader", AccessError), ("stranger", (AccessError, NotFoundError))):
        other = DsaAnnotationStore(site(dsa, folder, role))
        tries = (
            lambda by: by.create(item, drawing()),
            lambda by: by.replace(base.id, drawing(left=99), later.version),
            lambda by: by.delete(base.id, later.version),
            lambda by: by.restore(base.id, base.version, later.version),
        )
        for attempt in tries:
            with pytest.raises(error):
                attempt(other)
    reader = DsaAnnotationStore(site(dsa, folder, "reader"))
    assert [(one.editable, one.mine) for one in reader.list(item)] == [(False, False)]
    assert len(reader.versions(base.id)) == 2
    assert store.list(item) == [later]


def test_who_may_annotate_but_not_write_draws_and_leaves_others_alone(dsa, folder):
    admin = dsa.client("admin")
    private = admin.createFolder(dsa.folders["private"], "draw only", reuseExisting=True)
    flags = [one for one in admin.get("system/access_flag") if "annotation" in one]
    flags = flags or ["large_image:annotation:create"]
    users = [{"id": dsa.user_ids["stranger"], "level": 0, "flags": flags}]
    access = json.dumps({"users": users, "groups": []})
    admin.put(f"folder/{private['_id']}/access", parameters={"access": access})
    item = admin.createItem(private["_id"], "slide")["_id"]
    theirs = draw(admin, item, drawing("theirs"))
    stranger = DsaAnnotationStore(site(dsa, folder, "stranger"))
    made = stranger.create(item, drawing("mine"))
    made = stranger.replace(made.id, drawing("mine", left=7), made.version)
    assert {one.name: (one.editable, one.mine) for one in stranger.list(item)} == {
        "mine": (True, True),
        "theirs": (False, False),
    }
    with pytest.raises(AccessError):
        stranger.replace(theirs, drawing(), stranger.summary(theirs).version)


def test_odd_elements_that_are_there_already_stay(dsa, folder):
    """People draw what encloses nothing; it must not keep them from saving the rest."""
    item, store = new_item(dsa), DsaAnnotationStore(site(dsa, folder))
    odd = {"type": "polyline", "closed": True, "points": [[0, 0, 0], [1.5, 1, 0]], "id": IDS[3]}
    id = draw(dsa.client("admin"), item, {"name": "odd", "elements": [odd]})
    before = store.summary(id)
    text = store.get(id)
    text["elements"].append({**polygon(3, 3), "id": IDS[0]})
    after = store.replace(id, text, before.version)
    assert after.elements == 2
    text["elements"][0] = {**odd, "points": [[0, 0, 0], [2, 1, 0]]}
    with pytest.raises(AnnotationError, match="element 0"):
        store.replace(id, text, after.version)


def test_an_archive_that_keeps_no_versions_is_not_written_over(new_dsa, tmp_path):
    archive = new_dsa(plugins=())
    item, store = new_item(archive), DsaAnnotationStore(site(archive, tmp_path))
    made = store.create(item, drawing())
    with pytest.raises(NotFoundError, match="plugin"):
        store.deleted(item)
    setting = {"key": "large_image.annotation_history", "value": "false"}
    archive.client("admin").put("system/setting", parameters=setting)
    with pytest.raises(StateError, match="keeps no earlier versions"):
        store.replace(made.id, drawing(left=5), made.version)
    with pytest.raises(StateError, match="keeps no earlier versions"):
        store.delete(made.id, made.version)
    assert store.list(item) == [made]
