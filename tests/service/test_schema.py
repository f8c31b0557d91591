"""Whatever is sent to a route, it answers as its schema says, and never fails itself."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tests.service.conftest import asked, finished
from tests.support.tiny_model import save_tiny_model

from histoloop.config import settings as settings_of
from histoloop.service.app import create_app
from histoloop.service.server import running

CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
)

EXAMPLES = 20


@dataclass(frozen=True)
class Rest:
    """A service by its schema, and the ids that mean something there, by how a path begins."""

    schema: schemathesis.BaseSchema
    known: dict[str, str]


@pytest.fixture(scope="module")
def rest(tissue_slide: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rest]:
    home = tmp_path_factory.mktemp("home")
    slides = tmp_path_factory.mktemp("slides")
    shutil.copy(tissue_slide, slides)
    save_tiny_model(home / "models" / "tiny-1")
    with running(settings_of(slides=slides, home=home, port=0, workers=1)) as service:
        app = create_app(service.library)
        client = app.test_client()
        slide = client.get("/api/slides").json["slides"][0]["id"]
        job = finished(client, asked(client, slide, model="tiny@1", roi=[0, 0, 900, 700])["id"])
        body = {"name": "drawn", "elements": []}
        drawn = client.post(f"/api/slides/{slide}/annotations", json=body).json["id"]
        known = {"/api/slides": slide, "/api/jobs": job["id"], "/api/runs": job["run"]}
        known |= {"/api/annotations": drawn}
        schema = schemathesis.openapi.from_wsgi("/api/openapi.json", app)
        yield Rest(schema, known)


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_every_route_answers_as_it_says(rest: Rest, mode: GenerationMode) -> None:
    wrong: dict[str, str] = {}
    seen: Counter[int] = Counter()
    for found in rest.schema.get_all_operations():
        operation = found.ok()

        @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy(generation_mode=mode), known=st.booleans())
        def answers(case: schemathesis.Case, known: bool) -> None:
            id = next((rest.known[one] for one in rest.known if case.path.startswith(one)), None)
            if known and id and "id" in case.path_parameters:
                case.path_parameters["id"] = id
            response = case.call()
            seen[response.status_code] += 1
            case.validate_response(response, checks=CHECKS)

        try:
            answers()
        except Unsatisfiable:
            continue  # nothing that this route takes can be wrong
        except Exception as error:
            several = getattr(error, "exceptions", [error])
            wrong[operation.label] = "; ".join(str(one) for one in several)
    assert not wrong, "\n\n".join(f"{label}: {said}" for label, said in wrong.items())
    assert {200, 404, 422} <= set(seen), seen
