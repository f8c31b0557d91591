"""What every annotation store owes its user: the local one, and one on a real DSA."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from girder_client import GirderClient
from pydantic import SecretStr
from tests.support.dsa.provision import Archive
from tests.support.dsa.proxy import Fault, Proxy

from histoloop.annotations import transfer
from histoloop.annotations.dsa_store import DsaAnnotationStore
from histoloop.annotations.files import write_documents
from histoloop.annotations.local_store import LocalAnnotationStore
from histoloop.annotations.sealing import seal_document
from histoloop.annotations.store import AnnotationStore
from histoloop.errors import AccessError, AnnotationError, DsaError, NotFoundError, SignInError
from histoloop.slides.dsa.site import DsaSite, Login

UNKNOWN = "0123456789abcdef01234567"


@dataclass(frozen=True)
class Case:
    """A store, a way to draw in it as a person, and new slides without annotations."""

    store: AnnotationStore
    new_slide: Callable[[], str]
    draw: Callable[[str, dict], str]
    raw: Callable[[str], bytes]


def polygon(left, top, holes=()):
    ring = [[left, top, 0], [left + 9.5, top, 0], [left + 9, top + 9, 0], [left, top + 9, 0]]
    return {
        "type": "polyline",
        "closed": True,
        "points": ring,
        "holes": list(holes),
        "group": "tumor",
        "label": {"value": "tumor"},
        "lineColor": "rgb(230, 25, 75)",
        "fillColor": "rgba(230, 25, 75, 0.25)",
        "lineWidth": 2,
    }


def document(run, block=0, elements=3, model="tiny@1", shift=0):
    hole = [[2, 2, 0], [4, 2, 0], [4, 4, 0]]
    return {
        "name": f"tumor ({model})",
        "description": "Predicted.",
        "attributes": {
            "run": run,
            "model": model,
            "class": "tumor",
            "block": [block * 100, 0, 100],
        },
        "elements": [
            polygon(100 * block + 12 * index + shift, 0, [hole] if index == block == 0 else [])
            for index in range(elements)
        ],
    }


def documents(run, count=4, **said):
    return [document(run, block, **said) for block in range(count)]


HUMAN = {
    "name": "by hand",
    "description": "A person's.",
    "attributes": {"reviewed": True},
    "elements": [polygon(3, 4), {"type": "point", "center": [5, 6, 0]}],
}


def site(archive: Archive, folder: Path, role="annotator", token: str | None = None) -> DsaSite:
    return DsaSite(archive.url, folder, Login(token=SecretStr(token or archive.token(role))))


def new_item(archive: Archive, place="private") -> str:
    return archive.client("annotator").createItem(archive.folders[place], "slide")["_id"]


def draw(client: GirderClient, item: str, drawn: dict) -> str:
    return client.post("annotation", parameters={"itemId": item}, json=drawn)["_id"]


def on_dsa(archive: Archive, folder: Path) -> Case:
    person = archive.client("admin")
    return Case(
        DsaAnnotationStore(site(archive, folder)),
        lambda: new_item(archive),
        lambda slide, drawn: draw(person, slide, drawn),
        lambda id: person.get(f"annotation/{id}", jsonResp=False).content,
    )


def on_disk(folder: Path) -> Case:
    def drawn(slide, one):
        (folder / slide).mkdir(parents=True, exist_ok=True)
        (folder / slide / "handmade.json").write_text(json.dumps(one))
        return "handmade"

    slides = iter(f"slide{number}" for number in range(1000))
    store = LocalAnnotationStore(folder)
    return Case(store, lambda: next(slides), drawn, lambda id: json.dumps(store.get(id)).encode())


@pytest.fixture(scope="module", params=["local", "dsa", "dsa-without-plugin", "dsa5"])
def case(request, tmp_path_factory) -> Case:
    folder = tmp_path_factory.mktemp("annotations")
    if request.param == "local":
        return on_disk(folder)
    case = on_dsa(request.getfixturevalue(request.param.partition("-")[0]), folder)
    if request.param == "dsa-without-plugin":
        vars(case.store)["_takes_bulk"] = lambda slide: False  # the answer that it would have got
    return case


@pytest.fixture
def slide(case) -> str:
    return case.new_slide()


def plain(document):
    """Without the elements' ids, which a server gives them."""
    elements = [
        {key: value for key, value in one.items() if key != "id"} for one in document["elements"]
    ]
    return {**document, "elements": elements}


def content(store, slide):
    return sorted(
        (json.dumps(plain(store.get(one.id)), sort_keys=True) for one in store.list(slide)),
    )


def runs(store, slide):
    return sorted(str(one.attributes.get("run")) for one in store.list(slide))


def test_what_was_put_comes_back(case, slide):
    put = documents("r1")
    ids = case.store.replace_run(slide, "r1", put)
    assert [plain(case.store.get(id)) for id in ids] == put
    listed = {one.id: one for one in case.store.list(slide)}
    assert set(listed) == set(ids)
    for id, one in zip(ids, put, strict=True):
        summary = listed[id]
        assert (summary.name, summary.description) == (one["name"], one["description"])
        assert (summary.attributes, summary.elements) == (one["attributes"], 3)
        assert abs(summary.updated.timestamp() - time.time()) < 60


def test_a_slide_without_annotations_has_none(case, slide):
    assert case.store.list(slide) == []


def test_an_empty_document_is_kept(case, slide):
    (id,) = case.store.replace_run(slide, "r1", [document("r1", elements=0)])
    assert case.store.get(id)["elements"] == []


def test_putting_twice_changes_nothing(case, slide):
    first = case.store.replace_run(slide, "r1", documents("r1"))
    before = [case.raw(id) for id in first]
    assert case.store.replace_run(slide, "r1", documents("r1")) == first
    assert [case.raw(id) for id in first] == before
    assert len(case.store.list(slide)) == 4


def test_a_run_that_comes_out_otherwise_leaves_nothing_of_before(case, slide):
    case.store.replace_run(slide, "r1", documents("r1", 4))
    case.store.replace_run(slide, "r1", documents("r1", 3, shift=1))
    expected = [json.dumps(one, sort_keys=True) for one in documents("r1", 3, shift=1)]
    assert content(case.store, slide) == sorted(expected)


def test_runs_stand_beside_each_other_unless_asked(case, slide):
    for run, model in (("r1", "tiny@1"), ("r2", "tiny@1"), ("r3", "other@1")):
        case.store.replace_run(slide, run, documents(run, 1, model=model))
    assert runs(case.store, slide) == ["r1", "r2", "r3"]
    newer = documents("r4", 1, model="tiny@2")
    case.store.replace_run(slide, "r4", newer, supersede=True)
    assert runs(case.store, slide) == ["r3", "r4"], "another model's layer is another matter"


def test_a_person_s_annotation_is_never_touched(case, slide):
    id = case.draw(slide, HUMAN)
    before = case.raw(id)
    case.store.replace_run(slide, "r1", documents("r1", 3))
    case.store.replace_run(slide, "r1", documents("r1", 2, shift=1))
    case.store.replace_run(slide, "r2", documents("r2", 1), supersede=True)
    case.store.delete_run(slide, "r2")
    assert case.raw(id) == before
    assert [one.id for one in case.store.list(slide)] == [id]


def test_deleting_a_run_leaves_the_others(case, slide):
    case.store.replace_run(slide, "r1", documents("r1"))
    case.store.replace_run(slide, "r2", documents("r2", 1))
    case.store.delete_run(slide, "r1")
    case.store.delete_run(slide, "r1")
    assert runs(case.store, slide) == ["r2"]


def test_the_same_run_on_two_slides_is_two_things(case):
    one, other = case.new_slide(), case.new_slide()
    first = case.store.replace_run(one, "r1", documents("r1", 1))
    second = case.store.replace_run(other, "r1", documents("r1", 1, shift=1))
    assert first != second
    case.store.delete_run(one, "r1")
    assert runs(case.store, other) == ["r1"]


def test_another_run_s_documents_are_refused(case, slide):
    with pytest.raises(AnnotationError, match="r1"):
        case.store.replace_run(slide, "r2", documents("r1"))
    assert case.store.list(slide) == []


@pytest.mark.parametrize("id", [UNKNOWN, "nothing", "../../secret", "*", ""])
def test_an_unknown_annotation_is_not_found(case, slide, id):
    case.store.replace_run(slide, "r1", documents("r1", 1))
    with pytest.raises(NotFoundError, match="annotation"):
        case.store.get(id)


def test_a_deleted_annotation_is_not_found(case, slide):
    (id,) = case.store.replace_run(slide, "r1", documents("r1", 1))
    case.store.delete_run(slide, "r1")
    with pytest.raises(NotFoundError):
        case.store.get(id)


def test_documents_are_taken_one_by_one(case, slide):
    """A document is in the store before the next one is asked for."""
    stored = []

    def stream():
        for block in range(4):
            stored.append(len(case.store.list(slide)))
            yield document("r1", block)

    case.store.replace_run(slide, "r1", stream())
    assert stored == [0, 1, 2, 3]


def test_a_push_that_breaks_off_is_finished_by_the_next(case, slide):
    def broken():
        yield from documents("r1", 2)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        case.store.replace_run(slide, "r1", broken())
    ids = case.store.replace_run(slide, "r1", documents("r1", 4))
    assert [plain(case.store.get(id)) for id in ids] == documents("r1", 4)
    assert len(case.store.list(slide)) == 4


# --- what only a server can do to us ---

PUSH = """
import sys, time
from pathlib import Path
from pydantic import SecretStr
from histoloop.annotations.dsa_store import DsaAnnotationStore
from histoloop.annotations.files import read_documents
from histoloop.slides.dsa.site import DsaSite, Login

url, folder, slide, path, most = sys.argv[1:]
site = DsaSite(url, Path(folder), Login(token=SecretStr(sys.stdin.readline().strip())))

def told():
    for number, document in enumerate(read_documents(Path(path))):
        if number == int(most):
            time.sleep(600)
        yield document

DsaAnnotationStore(site).replace_run(slide, "r1", told())
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("push")


@pytest.fixture
def store(dsa, folder) -> DsaAnnotationStore:
    return DsaAnnotationStore(site(dsa, folder))


@pytest.fixture
def item(dsa) -> str:
    return new_item(dsa)


def counts(store, item):
    return sorted((one.name, one.elements) for one in store.list(item))


def push_in_a_process(dsa, folder, item, path, most=-1) -> subprocess.Popen:
    """It stands when it has pushed so many; of a negative number it never does."""
    command = [sys.executable, "-c", PUSH, dsa.url, str(folder), item, str(path), str(most)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, text=True)
    process.stdin.write(dsa.token("annotator") + "\n")
    process.stdin.flush()
    return process


@pytest.mark.parametrize("after", [1, 5])
def test_killed_in_mid_push_and_resumed(dsa, store, folder, item, after):
    person = dsa.client("admin")
    id = draw(person, item, HUMAN)
    before = person.get(f"annotation/{id}", jsonResp=False).content
    path = folder / "documents.json"
    whole = [document("r1", block, elements=300) for block in range(12)]
    write_documents(path, whole)

    def there() -> int:
        return sum(one.attributes.get("run") == "r1" for one in store.list(item))

    process = push_in_a_process(dsa, folder, item, path, most=after + 2)
    end = time.monotonic() + 120
    try:
        while there() < after:  # the last ones may still be on their way
            assert time.monotonic() < end
            time.sleep(0.05)
    finally:
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    cut = there()
    assert after <= cut < 12, "it was killed in mid-push"

    assert push_in_a_process(dsa, folder, item, path).wait() == 0
    undisturbed = new_item(dsa)
    store.replace_run(
        undisturbed, "r1", [document("r1", block, elements=300) for block in range(12)]
    )
    draw(person, undisturbed, HUMAN)
    assert counts(store, item) == counts(store, undisturbed)
    assert content(store, item) == content(store, undisturbed)
    assert person.get(f"annotation/{id}", jsonResp=False).content == before


def test_a_server_killed_in_mid_push_is_no_disaster(new_dsa, tmp_path):
    archive = new_dsa(plugins=())
    item, store = new_item(archive), DsaAnnotationStore(site(archive, tmp_path))

    def stream():
        for block in range(6):
            if block == 3:
                archive.stack.kill()
                archive.stack.start()
            yield document("r1", block, elements=300)

    ids = store.replace_run(item, "r1", stream())
    assert len(ids) == len(set(ids)) == len(store.list(item)) == 6
    assert {one.elements for one in store.list(item)} == {300}


def test_a_document_that_lost_elements_is_made_whole(new_dsa, tmp_path):
    """A database that came back from a crash with less than it had."""
    archive = new_dsa(plugins=())
    item, store = new_item(archive), DsaAnnotationStore(site(archive, tmp_path))
    ids = store.replace_run(item, "r1", documents("r1", 3))
    lose_an_element(archive, ids[1])
    assert [len(store.get(id)["elements"]) for id in ids] == [3, 2, 3]
    again = store.replace_run(item, "r1", documents("r1", 3))
    assert (again[0], again[2]) == (ids[0], ids[2])
    assert [plain(store.get(id)) for id in again] == documents("r1", 3)
    assert len(store.list(item)) == 3


def test_a_server_that_does_not_count_elements_is_asked(new_dsa, tmp_path):
    """Older ones do not say how many elements an annotation has."""
    archive = new_dsa(plugins=())
    item, store = new_item(archive), DsaAnnotationStore(site(archive, tmp_path))
    store.replace_run(item, "r1", documents("r1", 1))
    in_the_database(archive, "db.annotation.update_many({}, {'$unset': {'_elementCount': 1}})")
    assert [one.elements for one in store.list(item)] == [3]


def lose_an_element(archive, annotation):
    query = f"{{'annotationId': bson.ObjectId({annotation!r})}}"
    in_the_database(archive, f"assert db.annotationelement.delete_one({query}).deleted_count == 1")


def in_the_database(archive, statement):
    """Do behind the server's back what a crash, or its age, might have done."""
    program = (
        "import sys, bson, pymongo\n"
        "db = pymongo.MongoClient(sys.argv[1]).get_default_database()\n" + statement
    )
    python = archive.stack.folder / "venv" / "bin" / "python"
    subprocess.run([python, "-c", program, archive.stack.mongo_uri], check=True)


def test_a_correction_by_a_person_outlives_a_push(dsa, store, item):
    """Who corrects a model's layer in HistomicsUI does not lose it to the next push."""
    ids = store.replace_run(item, "r1", documents("r1", 2))
    person = dsa.client("admin")
    drawn = person.get(f"annotation/{ids[0]}")["annotation"]
    drawn["elements"] = drawn["elements"][:1]
    person.put(f"annotation/{ids[0]}", json=drawn)
    corrected = person.get(f"annotation/{ids[0]}", jsonResp=False).content
    assert store.replace_run(item, "r1", documents("r1", 2)) == ids
    store.replace_run(item, "r1", documents("r1", 2, shift=1))
    store.replace_run(item, "r2", documents("r2", 1), supersede=True)
    store.delete_run(item, "r2")
    assert person.get(f"annotation/{ids[0]}", jsonResp=False).content == corrected
    assert [one.id for one in store.list(item)] == [ids[0]]


def drawn(layer, count=2, shift=0, **attributes):
    """What people drew, as it is pushed under the name of a layer."""
    attributes |= {"run": layer}
    return [document(layer, shift=shift + n) | {"attributes": attributes} for n in range(count)]


@pytest.mark.parametrize("attributes", [{}, {"model": "somebody's@1"}])
def test_a_layer_of_the_same_name_by_somebody_else_is_theirs(dsa, store, folder, item, attributes):
    """Two people whose files have the same name, one of them with every right there is."""
    other = DsaAnnotationStore(site(dsa, folder, "admin"))
    hers = store.replace_run(item, "all", drawn("all", **attributes))
    before = [dsa.client("admin").get(f"annotation/{id}", jsonResp=False).content for id in hers]

    theirs = other.replace_run(item, "all", drawn("all", 2, shift=50, **attributes))
    assert set(other.replace_run(item, "all", drawn("all", 2, **attributes))).isdisjoint(hers)
    other.replace_run(item, "all", drawn("all", 1, shift=90, **attributes), supersede=True)
    newer = document("r2", model="somebody's@2")
    other.replace_run(item, "r2", [newer], supersede=True)
    other.delete_run(item, "r2")
    other.delete_run(item, "all")

    assert sorted(one.id for one in store.list(item)) == sorted(hers)
    assert not set(theirs) & set(hers)
    after = [dsa.client("admin").get(f"annotation/{id}", jsonResp=False).content for id in hers]
    assert after == before
    assert store.replace_run(item, "all", drawn("all", **attributes)) == hers
    store.replace_run(item, "all", drawn("all", 1, shift=9, **attributes))
    assert len(store.list(item)) == 1, "her own are replaced"


def test_a_model_s_run_is_the_same_whoever_pushes_it(dsa, store, folder, item):
    other = DsaAnnotationStore(site(dsa, folder, "admin"))
    predicted = documents("r1", 2)
    for one in predicted:
        one["attributes"]["software"] = "HistoLoop 1.0"
    first = store.replace_run(item, "r1", predicted)
    assert other.replace_run(item, "r1", predicted) == first
    assert other.replace_run(item, "r1", predicted[:1]) == first[:1]
    newer = document("r2", model="tiny@2")
    (id,) = other.replace_run(item, "r2", [newer], supersede=True)
    assert [one.id for one in store.list(item)] == [id]


def test_a_prediction_that_somebody_corrected_elsewhere_is_theirs(
    dsa, store, folder, item, tmp_path
):
    """Pulled, changed in another program and pushed again, it is no longer the model's."""
    predicted = documents("r1", 1)
    predicted[0]["attributes"]["software"] = "HistoLoop 1.0"
    store.replace_run(item, "r1", predicted)
    transfer.pull(store, item, tmp_path / "all.json")
    corrected = json.loads((tmp_path / "all.json").read_bytes())
    corrected[0]["annotation"]["elements"].pop()
    write_documents(tmp_path / "all.json", corrected)
    transfer.push(store, tmp_path / "all.json", item, "all")
    (hers,) = [one.id for one in store.list(item)]

    other = DsaAnnotationStore(site(dsa, folder, "admin"))
    (again,) = other.replace_run(item, "r1", predicted)
    (newer,) = other.replace_run(item, "r2", [document("r2")], supersede=True)
    assert {one.id for one in store.list(item)} == {hers, newer}
    assert again not in (hers, newer)


def test_a_key_for_data_alone_knows_whose_layers_are_whose(dsa, folder, item):
    asked = {"name": "data only", "scope": json.dumps(["core.data.read", "core.data.write"])}
    key = dsa.client("annotator").post("api_key", parameters=asked)["key"]
    narrow = DsaAnnotationStore(DsaSite(dsa.url, folder, Login(key=SecretStr(key))))
    first = narrow.replace_run(item, "all", drawn("all"))
    assert narrow.replace_run(item, "all", drawn("all")) == first
    narrow.delete_run(item, "all")
    assert narrow.list(item) == []


@pytest.mark.parametrize(
    "seal",
    [
        {"name": [], "elements": 1, "digest": "x"},
        {"name": "n", "elements": "many", "digest": "x"},
        None,
    ],
)
def test_what_was_not_pushed_is_not_ours_whatever_it_says(dsa, store, item, seal):
    id = draw(dsa.client("annotator"), item, document("r1"))
    said = {"run": "r1", "model": "tiny@1", "software": "HistoLoop 1.0", "content": seal}
    client = dsa.client("annotator")
    other = draw(client, item, HUMAN | {"attributes": said})
    (ours,) = store.replace_run(item, "r1", [document("r1")])
    store.replace_run(item, "r2", [document("r2")], supersede=True)
    store.delete_run(item, "r2")
    assert sorted(one.id for one in store.list(item)) == sorted([id, other])
    assert ours not in (id, other)


def test_more_documents_than_the_server_lists_at_once_are_deleted(dsa, store, item):
    many = [document("r1", block, elements=1) for block in range(505)]
    lines = [seal_document(str(number), one).body for number, one in enumerate(many)]
    store.connection.send("POST", f"histoloop/annotations/{item}", data=b"\n".join(lines))
    assert len(store.list(item)) == 505
    store.delete_run(item, "r1")
    assert store.list(item) == []


def pushed_through(proxy, archive, folder):
    """A push of two documents; returns where they were posted to."""
    item = new_item(archive)
    login = Login(token=SecretStr(archive.token("annotator")))
    store = DsaAnnotationStore(DsaSite(f"{proxy.url}/api/v1", folder, login))
    assert len(store.replace_run(item, "r1", documents("r1", 2))) == len(store.list(item)) == 2
    posts = proxy.seen(f"annotation.*{item}", "POST")
    return [one.path.partition("/api/v1/")[2].partition("/")[0] for one in posts if one.sent]


def test_our_plugin_takes_the_documents_though_its_settings_are_broken(new_dsa, tmp_path):
    archive = new_dsa(environment={"GIRDER_SETTING_HISTOLOOP_VIEWER_URL": "not a url"})
    with Proxy(archive.stack.root_url) as proxy:
        assert pushed_through(proxy, archive, tmp_path) == ["histoloop"] * 2


@pytest.mark.parametrize("status", [400, 403, 404, 500])
def test_where_our_plugin_refuses_the_server_s_own_route_serves(dsa, tmp_path, status):
    with Proxy(dsa.stack.root_url) as proxy:
        proxy.inject(Fault("/histoloop/", status=status))
        assert pushed_through(proxy, dsa, tmp_path) == ["annotation"] * 2


def test_doubles_of_a_document_are_removed(dsa, store, item):
    """An answer that was lost may make a client post twice."""
    (id,) = store.replace_run(item, "r1", documents("r1", 1))
    person = dsa.client("annotator")
    twice = person.get(f"annotation/{id}")["annotation"]
    for element in twice["elements"]:
        del element["id"]
    draw(person, item, twice)
    assert len(store.list(item)) == 2
    assert store.replace_run(item, "r1", documents("r1", 1)) == [id]
    assert [one.id for one in store.list(item)] == [id]


def test_the_server_validates_what_it_is_sent(dsa, store, item):
    flat = document("r1")
    flat["elements"][0]["points"] = [[0, 0], [1, 0], [1, 1]]
    with pytest.raises(DsaError, match="schema"):
        store.replace_run(item, "r1", [flat])
    assert store.list(item) == []


def test_who_may_not_write_gets_one_clear_error_and_pushes_nothing(dsa, store, folder, item):
    before = store.replace_run(item, "r1", documents("r1", 1))
    looked_at = []
    for role in ("reader", "stranger"):
        other = DsaAnnotationStore(site(dsa, folder, role))
        with pytest.raises(AccessError):
            other.replace_run(item, "r2", (looked_at.append(one) or one for one in documents("r2")))
        with pytest.raises(AccessError):
            other.delete_run(item, "r1")
    with pytest.raises(SignInError):
        DsaAnnotationStore(DsaSite(dsa.url, folder)).replace_run(item, "r2", documents("r2"))
    assert looked_at == []
    assert [one.id for one in store.list(item)] == before


def test_a_reader_reads(dsa, store, folder, item):
    store.replace_run(item, "r1", documents("r1"))
    assert content(DsaAnnotationStore(site(dsa, folder, "reader")), item) == content(store, item)


def test_an_unknown_slide_is_not_found(store):
    with pytest.raises(NotFoundError):
        store.list(UNKNOWN)
    with pytest.raises(NotFoundError):
        store.replace_run(UNKNOWN, "r1", documents("r1"))


def test_a_slide_that_is_deleted_in_mid_push_is_said_to_be_gone(dsa, store, item):
    def stream():
        yield document("r1", 0)
        dsa.client("admin").delete(f"item/{item}")
        yield document("r1", 1)

    with pytest.raises(NotFoundError, match=item):
        store.replace_run(item, "r1", stream())


def test_a_session_that_ends_in_mid_push_is_renewed_by_the_key(dsa, folder, item):
    login = Login(key=SecretStr(dsa.api_key("annotator")))
    store = DsaAnnotationStore(DsaSite(dsa.url, folder, login))

    def stream():
        yield document("r1", 0)
        store.connection.send("DELETE", "token/session")
        yield document("r1", 1)

    assert len(store.replace_run(item, "r1", stream())) == 2


def test_a_token_that_ends_in_mid_push_is_said_and_the_push_can_be_finished(dsa, folder, item):
    store = DsaAnnotationStore(site(dsa, folder))

    def stream():
        yield document("r1", 0)
        store.connection.send("DELETE", "token/session")
        yield document("r1", 1)

    with pytest.raises(SignInError):
        store.replace_run(item, "r1", stream())
    again = DsaAnnotationStore(site(dsa, folder))
    again.replace_run(item, "r1", documents("r1", 2))
    assert counts(again, item) == [("tumor (tiny@1)", 3)] * 2


def test_who_may_annotate_and_nothing_else_can_push(dsa, folder):
    """A DSA lets its admin grant the making of annotations without write access."""
    admin = dsa.client("admin")
    private = admin.createFolder(dsa.folders["private"], "annotate only", reuseExisting=True)
    flag = "large_image:annotation:create"
    flags = [one for one in admin.get("system/access_flag") if "annotation" in one] or [flag]
    users = [{"id": dsa.user_ids["stranger"], "level": 0, "flags": flags}]
    access = json.dumps({"users": users, "groups": []})
    admin.put(f"folder/{private['_id']}/access", parameters={"access": access})
    item = admin.createItem(private["_id"], "slide")["_id"]
    stranger = DsaAnnotationStore(site(dsa, folder, "stranger"))
    stranger.replace_run(item, "r1", documents("r1", 2))
    stranger.replace_run(item, "r1", documents("r1", 1))
    assert counts(stranger, item) == [("tumor (tiny@1)", 3)]
