"""Nobody sees or does through the service what the DSA does not let them see or do."""

from __future__ import annotations

import json
import time
from contextlib import closing
from dataclasses import dataclass, replace

import pytest
from tests.service.conftest import MODEL, ROI, asked, finished, signed_in
from tests.support.queued import write_bare_queue
from tests.support.snapshots import write_annotated, write_snapshot

from histoloop.errors import SlideError
from histoloop.jobs.job import SegmentRequest
from histoloop.jobs.ledger import Ledger
from histoloop.service.app import create_app
from histoloop.service.visitor import DsaVisitor
from histoloop.slides.dsa.site import is_id

ROLES = ("annotator", "reader", "stranger", None)


@dataclass(frozen=True)
class Known:
    """What there is of a private slide."""

    slide: str
    job: str
    run: str
    annotation: str
    drawing: str
    version: str
    folder: str
    dataset: str
    roi: str
    preflight: str
    queue: str
    model: str = MODEL
    name: str = MODEL.partition("@")[0]


@pytest.fixture(scope="module")
def known(dsa, dsa_slides, served, tmp_path_factory):
    slide = next(iter(dsa_slides.values()))
    client = create_app(served.library).test_client()
    client.environ_base["HTTP_GIRDER_TOKEN"] = dsa.token("annotator")
    job = finished(client, asked(client, slide)["id"])
    assert job["state"] == "done", job["failure"]
    listed = client.get(f"/api/slides/{slide}/annotations").json["annotations"]
    mine = next(one for one in listed if one["attributes"].get("run") == job["run"])
    drawn = client.post(f"/api/slides/{slide}/annotations", json=DRAWN)
    assert drawn.status_code == 201, drawn.json
    annotated = tmp_path_factory.mktemp("annotated")
    write_annotated(annotated)
    snapshot = write_snapshot(annotated, served.library.settings.datasets / "pilot")
    folder, roi = dsa.folders["private"], snapshot.rois[0].name
    looked = client.post("/api/preflights", json={"slide": slide, "model": MODEL, "roi": ROI}).json
    return Known(
        slide=slide,
        job=job["id"],
        run=job["run"],
        annotation=mine["id"],
        drawing=drawn.json["id"],
        version=drawn.json["version"],
        folder=folder,
        dataset=snapshot.digest,
        roi=roi,
        preflight=looked["id"],
        queue=write_bare_queue(served.library.settings.home, slide),
    )


DRAWN = {"name": "drawn", "elements": [{"type": "point", "center": [5, 6.5, 0]}]}

SEES = (200, 200, 403, 401)
NOBODY = (403, 403, 403, 401)
"""Of these roles."""

ROUTES = {
    "GET /api/models": (200, 200, 200, 401),
    "GET /api/models/{model}": (200, 200, 200, 401),
    "GET /api/models/{model}/curves": (200, 200, 200, 401),
    "GET /api/models/{model}/gallery/1": NOBODY,
    "POST /api/models/{model}/promote": NOBODY,
    "POST /api/models/{name}/rollback": NOBODY,
    "GET /api/review": (200, 200, 200, 401),
    "GET /api/review/{queue}": (200, 200, 200, 401),
    "GET /api/review/{queue}/regions/1": SEES,
    "GET /api/review/{queue}/regions/1/picture": SEES,
    "PUT /api/review/{queue}/regions/1": (200, 403, 403, 401),
    "POST /api/review": NOBODY,
    "GET /api/agreement": NOBODY,
    "POST /api/agreement": NOBODY,
    "POST /api/agreement/cancel": NOBODY,
    "GET /api/agreement/any": NOBODY,
    "GET /api/agreement/any/regions/1/picture": NOBODY,
    "POST /api/review/cancel": NOBODY,
    "GET /api/metrics": (200, 200, 200, 401),
    "GET /api/folders": (200, 200, 200, 401),
    "GET /api/slides?folder={folder}": SEES,
    "GET /api/slides?search=TCGA": (200, 200, 200, 401),
    "GET /api/slides/{slide}": SEES,
    "GET /api/slides/{slide}/tiles/0/0/0": SEES,
    "GET /api/slides/{slide}/thumbnail": SEES,
    "GET /api/slides/{slide}/associated/label": (404, 404, 403, 401),
    "GET /api/slides/{slide}/annotations": SEES,
    "GET /api/annotations/{annotation}": (200, 200, 404, 401),
    "GET /api/slides/{slide}/annotations?deleted=true": SEES,
    "POST /api/slides/{slide}/annotations": (422, 403, 403, 401),
    "GET /api/annotations/{drawing}/versions": (200, 200, 404, 401),
    "GET /api/annotations/{drawing}/versions/{version}": (200, 200, 404, 401),
    "PUT /api/annotations/{drawing}": (412, 403, 404, 401),
    "DELETE /api/annotations/{drawing}": (412, 403, 404, 401),
    "POST /api/annotations/{drawing}/versions/{version}/restore": (412, 403, 404, 401),
    "GET /api/classes": (200, 200, 200, 401),
    "GET /api/datasets": NOBODY,
    "GET /api/datasets/{dataset}": NOBODY,
    "GET /api/datasets/{dataset}/previews/{roi}": NOBODY,
    "GET /api/jobs": (200, 200, 200, 401),
    "GET /api/jobs?slide={slide}": SEES,
    "GET /api/jobs/{job}": SEES,
    "GET /api/jobs/{job}/events": SEES,
    "GET /api/runs": (200, 200, 200, 401),
    "GET /api/runs?slide={slide}": SEES,
    "GET /api/runs/{run}": SEES,
    "PUT /api/runs/{run}/kept": (200, 403, 403, 401),
    "GET /api/runs/{run}/tiles/0/0/0": SEES,
    "GET /api/runs/{run}/polygons?box=1000,1000,500,500": SEES,
    "GET /api/runs/{run}/areas": SEES,
    "GET /api/runs/{run}/region?x=1200&y=1200": SEES,
    "GET /api/slides/{slide}/drawn?x=1200&y=1200&annotation={annotation}": SEES,
    "GET /api/runs/{run}/annotation.json": SEES,
    "GET /api/runs/{run}/annotation.geojson": SEES,
    "GET /api/runs/{run}/mask.tiff": SEES,
    "GET /api/runs/{run}/report.html": SEES,
    "GET /api/annotations/{annotation}/document.json": (200, 200, 404, 401),
    "GET /api/annotations/{annotation}/document.geojson": (200, 200, 404, 401),
    "GET /api/runs/{run}/disagreement?run={run}": SEES,
    "GET /api/runs/{run}/disagreement/tiles/0/0/0?annotation={annotation}": SEES,
    "POST /api/jobs": (422, 403, 403, 401),
    "POST /api/preflights": (200, 403, 403, 401),
    "GET /api/preflights/{preflight}": SEES,
    "GET /api/preflights/{preflight}/samples/9": (404, 404, 403, 401),
    "POST /api/jobs/{job}/cancel": (409, 403, 403, 401),
    "POST /api/jobs/{job}/retry": (409, 403, 403, 401),
    "PUT /api/jobs/{job}/priority": (409, 403, 403, 401),
    "PUT /api/jobs/{job}/focus": (204, 204, 403, 401),
}
BODIES = {
    # The region lies outside the slide: who may not ask at all is told that, not this.
    "POST /api/jobs": {"model": "trio@1", "roi": [90000, 90000, 9, 9]},
    "PUT /api/jobs/{job}/priority": {"priority": "low"},
    "PUT /api/review/{queue}/regions/1": {"verdict": "accept"},
    "POST /api/review": {"most": 1},
    "POST /api/models/{model}/promote": {"over": MODEL},
    "POST /api/models/{name}/rollback": {"over": MODEL},
    "POST /api/preflights": {"model": "trio@1", "roi": [1000, 1000, 400, 400]},
    "PUT /api/jobs/{job}/focus": {"box": [0, 0, 9, 9]},
    "PUT /api/runs/{run}/kept": {"kept": False},
    # Who may not draw is told that, not what is wrong with the drawing.
    "POST /api/slides/{slide}/annotations": {"name": "odd", "elements": [{"type": "odd"}]},
    "PUT /api/annotations/{drawing}": {"name": "anew", "elements": []},
}
HEADERS = {"If-Match": '"0"'}
"""Of a version that is long gone: who may not write at all is told that, not this."""
OPEN = {"/api/health", "/api/health/ready", "/api/session", "/api/annotation-events"} | {
    *("/api/openapi.json", "/api/")
}
"""Says nothing of slides, or decides by itself."""


@pytest.mark.parametrize("route", ROUTES)
def test_a_route_answers_as_the_dsa_would(visitor, known, route):
    method, path = route.format(**vars(known)).split()
    body = BODIES.get(route)
    if route in ("POST /api/jobs", "POST /api/preflights"):
        body = {**BODIES[route], "slide": known.slide}
    found = [visitor(role).open(path, method=method, json=body, headers=HEADERS) for role in ROLES]
    assert tuple(answer.status_code for answer in found) == ROUTES[route]
    for answer in found:
        if answer.status_code >= 400:
            assert answer.mimetype == "application/problem+json"
            assert answer.json["detail"]


def test_no_route_is_forgotten(served):
    rules = {
        rule.rule.replace("<int:", "<")
        for rule in create_app(served.library).url_map.iter_rules()
        if rule.rule.startswith("/api/") and "static" not in rule.rule
    }
    names = dict.fromkeys(("job", "slide", "run", "annotation", "folder", "preflight"), "<id>")
    names |= {"dataset": "<digest>", "roi": "<name>", "model": "<reference>", "name": "<name>"}
    names |= {"drawing": "<id>", "version": "<version>", "queue": "<queue>"}
    tested = {route.split()[1].partition("?")[0].format(**names) for route in ROUTES}
    places = {"/0/0/0": "/<z>/<x>/<y>", "label": "<name>", "gallery/1": "gallery/<number>"}
    places |= {"/samples/9": "/samples/<number>"}
    places |= {"regions/1": "regions/<number>", "agreement/any": "agreement/<name>"}
    for place, rule in places.items():
        tested = {path.replace(place, rule) for path in tested}
    assert rules - tested - OPEN == set()


def test_only_administrators_put_a_job_before_everybody_elses(visitor, known):
    high, path = {"priority": "high"}, f"/api/jobs/{known.job}/priority"
    body = BODIES["POST /api/jobs"] | {"slide": known.slide} | high
    for role, status, refused in (("annotator", 403, 403), ("admin", 409, 422)):
        assert visitor(role).put(path, json=high).status_code == status
        assert visitor(role).post("/api/jobs", json=body).status_code == refused


def test_what_somebody_keeps_others_do_not_let_go_but_administrators(visitor, known):
    path = f"/api/runs/{known.run}/kept"
    kept = visitor("admin").put(path, json={"kept": True}).json["kept"]
    assert kept["by"]
    assert visitor("annotator").put(path, json={"kept": True}).json["kept"]["at"] == kept["at"]
    refused = visitor("annotator").put(path, json={"kept": False})
    assert refused.status_code == 403
    assert "administrator" in refused.json["hint"]
    assert visitor("admin").put(path, json={"kept": False}).json["kept"] is None
    mine = visitor("annotator").put(path, json={"kept": True}).json["kept"]
    assert mine["by"] != kept["by"]
    assert visitor("annotator").put(path, json={"kept": False}).json["kept"] is None


def test_annotators_that_are_compared_have_names_and_no_two_the_same(
    visitor, served, dsa, monkeypatch
):
    ada, bert = dsa.user_ids["annotator"], dsa.user_ids["reader"]
    people = [ada, bert, "somebody"]
    report = {
        "annotators": [{"name": one, "role": "unknown"} for one in people],
        "pairs": [{"one": ada, "other": bert}, {"one": ada, "other": "somebody"}],
        "rois": [
            {"name": "roi", "slide": "slide", "slide_id": "s", "box": [0, 0, 9, 9]}
            | {"annotators": people, "disputed": 0.5, "fleiss_kappa": 0.5}
        ],
        "ceiling": {},
    }
    folder = served.library.settings.home / "agreement" / "named"
    folder.mkdir(parents=True)
    (folder / "report.json").write_text(json.dumps(report))

    def shown():
        told = visitor("admin").get("/api/agreement/named").json
        names = [one["name"] for one in told["annotators"]]
        assert told["regions"][0]["annotators"] == names
        pairs = [(one["one"], one["other"]) for one in told["pairs"]]
        assert pairs == [(names[0], names[1]), (names[0], names[2])]
        return names

    assert shown() == ["Annotator Test", "Reader Test", "somebody"]
    monkeypatch.setattr(DsaVisitor, "name_of", lambda _self, id: is_id(id) and "Ada Lovelace")
    assert shown() == [f"Ada Lovelace ({ada})", f"Ada Lovelace ({bert})", "somebody"]


@pytest.mark.parametrize("what", ["jobs", "runs"])
def test_lists_hold_what_may_be_seen(visitor, known, what):
    id = known.job if what == "jobs" else known.run
    seen = [
        id in {one["id"] for one in visitor(role).get(f"/api/{what}").json[what]}
        for role in ("annotator", "reader", "stranger")
    ]
    assert seen == [True, True, False]


def test_a_search_finds_what_may_be_seen(visitor, known):
    found = [
        known.slide
        in {one["id"] for one in visitor(role).get("/api/slides?search=TCGA").json["slides"]}
        for role in ("annotator", "reader", "stranger")
    ]
    assert found == [True, True, False]


def test_jobs_of_others_slides_leave_room_for_ones_own(dsa, served, known, bcss, tmp_path):
    """The newest are hidden from a reader: as many older ones as they asked for are listed."""
    hidden = dsa.upload(next(iter(bcss.values())), "public", "x.tiff")
    dsa.client("admin").delete(f"item/{hidden}")
    # A ledger that the service's engine does not work through.
    with closing(Ledger(f"sqlite:///{tmp_path / 'ledger.sqlite'}")) as ledger:
        client = create_app(replace(served.library, ledger=ledger)).test_client()
        ours = {
            ledger.create(SegmentRequest(known.slide, "ours", MODEL, None, 0.5)).id
            for _ in range(3)
        }
        for _ in range(120):
            ledger.create(SegmentRequest(hidden, "theirs", MODEL, None, 0.5))
        listed = signed_in(client, dsa.token("reader")).get("/api/jobs?limit=3").json["jobs"]
        assert {one["id"] for one in listed} == ours


def test_shelves_lead_to_the_slide_and_back(visitor, known, dsa):
    client = visitor("reader")
    root = client.get("/api/folders").json["folders"]
    collection = next(one for one in root if one["id"] == dsa.collection)
    inside = client.get(f"/api/folders?within={collection['id']}&kind=collection").json["folders"]
    assert {one["id"] for one in inside} >= set(dsa.folders.values())
    names = [
        one["name"]
        for one in visitor("stranger")
        .get(f"/api/folders?within={collection['id']}&kind=collection")
        .json["folders"]
    ]
    assert names == ["Public"]
    listed = client.get(f"/api/slides?folder={known.folder}").json["slides"]
    assert known.slide in {one["id"] for one in listed}
    way = client.get(f"/api/slides/{known.slide}").json["folders"]
    assert [one["id"] for one in way] == [dsa.collection, known.folder]


def test_a_right_that_is_taken_away_is_gone_at_once_or_soon(dsa, served, bcss, monkeypatch):
    monkeypatch.setattr("histoloop.service.visitor._RIGHTS_HOLD_S", 0.0)
    slide = dsa.upload(next(iter(bcss.values())), "private", "moved.tiff")
    # A new token is a new visitor, whose memory is that short.
    reader = signed_in(create_app(served.library).test_client(), dsa.token("reader"))
    assert reader.get(f"/api/slides/{slide}/tiles/0/0/0").status_code == 200
    monkeypatch.setattr("histoloop.service.jobs._RIGHTS_S", 0.0)
    job = served.library.ledger.create(SegmentRequest(slide, "moved.tiff", MODEL, None, 0.5))
    stream = (part.decode() for part in reader.get(f"/api/jobs/{job.id}/events").response)
    assert "event: job" in next(stream)
    admin = dsa.client("admin")
    folder = admin.createFolder(dsa.collection, "Locked", parentType="collection", public=False)
    access = {"users": [{"id": dsa.user_ids["annotator"], "level": 1, "flags": []}], "groups": []}
    admin.put(f"folder/{folder['_id']}/access", parameters={"access": json.dumps(access)})
    admin.put(f"item/{slide}", parameters={"folderId": folder["_id"]})
    assert "event: job" not in "".join(stream), "what was being told ends, too"
    for path in ("", "/tiles/0/0/0", "/annotations", "/thumbnail"):
        assert reader.get(f"/api/slides/{slide}{path}").status_code == 403


def test_the_plugin_tells_of_drawings_with_the_secret_alone(served, visitor, known):
    saved = {"item": known.slide, "annotation": known.annotation, "user": "annotator"}
    anybody = visitor(None)
    ledger = served.library.ledger
    before = [(one.annotation, one.user) for one in ledger.annotation_news(known.slide)]
    secrets = {"between us": 202, "guessed": 401, "": 401, "bétween": 401}
    for secret, status in secrets.items():
        answer = anybody.post(
            "/api/annotation-events", json=saved, headers={"HistoLoop-Secret": secret}
        )
        assert answer.status_code == status
    assert anybody.post("/api/annotation-events", json=saved).status_code == 401
    news = [(one.annotation, one.user) for one in ledger.annotation_news(known.slide)]
    assert news == [*before, (known.annotation, "annotator")]
    wrong = {**saved, "item": "../.."}
    answer = anybody.post(
        "/api/annotation-events", json=wrong, headers={"HistoLoop-Secret": "between us"}
    )
    assert answer.status_code == 422


def test_only_administrators_may_change_which_version_all_others_use(visitor):
    body = {"kind": "retrain", "model": MODEL.partition("@")[0]}
    refused = visitor("annotator").post("/api/jobs", json=body)
    assert refused.status_code == 403
    assert "only administrators of" in refused.json["detail"]
    untold = visitor("admin").post("/api/jobs", json=body)
    assert untold.status_code == 400
    assert "HISTOLOOP_RETRAIN_GTCODES" in untold.json["hint"]


def test_only_administrators_choose_versions_and_see_slides_of_every_folder(visitor):
    body = {"over": MODEL}
    annotator, admin = visitor("annotator"), visitor("admin")
    refused = annotator.post(f"/api/models/{MODEL}/promote", json=body)
    assert "choose its version" in refused.json["detail"]
    told = annotator.get(f"/api/models/{MODEL}").json
    assert (told["changeable"], told["limited"], told["evaluation"]) == (False, True, None)
    told = admin.get(f"/api/models/{MODEL}").json
    assert (told["changeable"], told["limited"]) == (True, False)
    # It is active because it is the only one: promoting it says so, for good.
    promoted = admin.post(f"/api/models/{MODEL}/promote", json=body)
    assert promoted.status_code == 200
    assert promoted.json["history"][0]["by"] == admin.get("/api/session").json["user"]["login"]


def test_a_region_of_a_slide_that_may_not_be_seen_is_left_out(visitor, known, served):
    told = {
        role: visitor(role).get(f"/api/review/{known.queue}").json
        for role in ("annotator", "stranger")
    }
    assert [one["number"] for one in told["annotator"]["regions"]] == [1]
    assert (told["stranger"]["regions"], told["stranger"]["hidden"]) == ([], 1)


def test_only_administrators_hear_how_far_a_queue_is_for_it_names_slides(visitor, served):
    errands = served.library.errands
    errands.start("review queue", failing)
    while errands.latest("review queue").state == "running":
        time.sleep(0.05)
    told = {role: visitor(role).get("/api/review").json["making"] for role in ("reader", "admin")}
    assert (told["admin"]["said"], told["admin"]["failure"]) == ("secret.svs: 3", "secret.svs: bad")
    assert told["reader"]["state"] == "failed"
    assert "secret" not in json.dumps(told["reader"])


def failing(say):
    say("secret.svs: 3")
    raise SlideError("secret.svs: bad", hint="mend secret.svs")


def test_a_word_to_a_region_is_an_annotation_of_whoever_said_it(visitor, known):
    client = visitor("annotator")
    for _ in range(2):
        told = client.put(f"/api/review/{known.queue}/regions/1", json={"verdict": "accept"}).json
    region = told["regions"][0]
    assert region["said"]["by"] == client.get("/api/session").json["user"]["login"]
    assert (region["changed"], region["dice"]) == (False, 1.0)
    listed = client.get(f"/api/slides/{known.slide}/annotations").json["annotations"]
    mine = [one for one in listed if one["attributes"].get("asked_by") == "trio@1"]
    assert [one["id"] for one in mine] == [region["annotation"]]
    gone = client.put(f"/api/review/{known.queue}/regions/1", json={"verdict": "skip"}).json
    assert gone["regions"][0]["annotation"] is None


def test_what_another_accepted_is_theirs_to_take_back(visitor, known):
    path = f"/api/review/{known.queue}/regions/1"
    annotator, admin = visitor("annotator"), visitor("admin")
    accepted = annotator.put(path, json={"verdict": "accept"}).json["regions"][0]
    refused = admin.put(path, json={"verdict": "skip"})
    assert refused.status_code == 403
    assert "somebody else" in refused.json["detail"]
    after = admin.get(f"/api/review/{known.queue}").json["regions"][0]
    assert (after["said"], after["annotation"]) == (accepted["said"], accepted["annotation"])
    gone = annotator.put(path, json={"verdict": "skip"}).json["regions"][0]
    assert (gone["said"]["verdict"], gone["annotation"]) == ("skip", None)


def test_administrators_see_what_models_are_trained_on(visitor, known):
    admin = visitor("admin")
    assert [one["digest"] for one in admin.get("/api/datasets").json["datasets"]] == [known.dataset]
    roi = admin.get(f"/api/datasets/{known.dataset}").json["rois"][0]
    assert admin.get(roi["preview"]).mimetype == "image/png"
    sees = {
        role: visitor(role).get("/api/session").json["datasets"] for role in ("admin", "annotator")
    }
    assert sees == {"admin": True, "annotator": False}
    refused = visitor("annotator").get(f"/api/datasets/{known.dataset}")
    assert "pieces of slides of every folder" in refused.json["detail"]
