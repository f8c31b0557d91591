"""`/api/v1/histoloop`: Girder's access checks first, then the service with the user's token.

Paths and documents are those of the service's own `/api`; the id of a slide is that of its item.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, Literal

from girder.api import access
from girder.api.describe import Description, autoDescribeRoute
from girder.api.rest import Resource
from girder.constants import AccessType, TokenScope
from girder.exceptions import AccessException, RestException
from girder.models.item import Item

from girder_histoloop import bulk, kept, mirror, service, settings, tokens

Document = dict[str, Any]

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_ASKED = ("model", "roi", "threshold", "focus", "replace")
_READ = TokenScope.DATA_READ
_WRITE = TokenScope.DATA_WRITE
_START = (TokenScope.DATA_READ, TokenScope.DATA_WRITE)
"""A job gets a token for both, so who starts one must have both."""
_START_S = 60.0
"""Of a new slide the service first asks this very archive some 25 questions, one by one."""


def _of_a_slide(what: str) -> Description:
    """A list of what is of a slide, for who may see it."""
    return Description(what).modelParam(
        "slide",
        "Id of its item",
        model=Item,
        level=AccessType.READ,
        paramType="query",
        destName="item",
    )


class HistoLoop(Resource):  # type: ignore[misc]
    """The routes."""

    def __init__(self) -> None:
        super().__init__()
        self.resourceName = "histoloop"
        self.route("GET", ("health",), self.health)
        self.route("GET", ("panel",), self.panel)
        self.route("PUT", ("secret",), self.set_secret)
        self.route("GET", ("models",), self.models)
        self.route("GET", ("jobs",), self.jobs)
        self.route("POST", ("jobs",), self.create_job)
        self.route("GET", ("jobs", ":job"), self.job)
        self.route("POST", ("jobs", ":job", "cancel"), self.cancel_job)
        self.route("GET", ("runs",), self.runs)
        self.route("GET", ("runs", ":run"), self.run)
        self.route("POST", ("annotations", ":itemId"), self.store_annotations)
        self.route("GET", ("annotations", ":itemId", "deleted"), self.deleted_annotations)
        self.route("GET", ("annotations", ":id", "versions", ":version"), self.version)
        bulk.bind()

    @access.user(scope=_READ)
    @autoDescribeRoute(Description("Whether the HistoLoop service answers."))
    def health(self) -> Document:
        return self._forward("GET", "health")

    @access.user(scope=_READ)
    @autoDescribeRoute(Description("What the panel in HistomicsUI needs to know."))
    def panel(self) -> Document:
        return {"viewer_url": settings.viewer_url(), "default_model": settings.default_model()}

    @access.admin
    @autoDescribeRoute(
        Description("Set the secret that is shared with the HistoLoop service.")
        .notes("It is never shown again. An empty one is forgotten.")
        .jsonParam("body", '{"secret": "..."}', paramType="body", requireObject=True)
    )
    def set_secret(self, body: Document) -> Document:
        value = body.get("secret")
        if not isinstance(value, str):
            raise RestException("secret must be text")
        settings.keep_secret(value)
        return {"secret": bool(value)}

    @access.user(scope=_READ)
    @autoDescribeRoute(Description("The models that can be run, each with its notice."))
    def models(self) -> Document:
        return self._forward("GET", "models")

    @access.user(scope=_READ)
    @autoDescribeRoute(_of_a_slide("The jobs of a slide, newest first."))
    def jobs(self, item: Document) -> Document:
        return self._forward("GET", "jobs", query={"slide": str(item["_id"])})

    @access.user(scope=_START)
    @autoDescribeRoute(
        Description("Segment a slide, or a region of it.")
        .notes("It is also a job of Girder: `girder_job` is its id.")
        .jsonParam(
            "body",
            '{"slide": item, "model": "name@version", "roi": [x, y, width, height], '
            '"threshold": 0.5, "replace": false}; all but the slide may be left out, and with '
            "replace the result takes the place of the model's earlier layers",
            paramType="body",
            requireObject=True,
        )
    )
    def create_job(self, body: Document) -> Document:
        user = self.getCurrentUser()
        item = self._item(body.get("slide"), AccessType.WRITE)
        if not item.get("largeImage", {}).get("fileId"):
            raise RestException(
                f"{item['name']} is no large image.", extra={"hint": "make it one on its page"}
            )
        asked = {name: body[name] for name in _ASKED if body.get(name) is not None}
        if not isinstance(asked.get("replace", False), bool):
            raise RestException("replace must be true or false")
        if settings.default_model():
            asked.setdefault("model", settings.default_model())
        return _start(user, item, {"kind": "segment", "slide": str(item["_id"]), **asked})

    @access.user(scope=_READ)
    @autoDescribeRoute(Description("A job.").param("job", "Its id", paramType="path"))
    def job(self, job: str) -> Document:
        return self._of_slide("job", job, AccessType.READ)

    @access.user(scope=_WRITE)
    @autoDescribeRoute(
        Description("Stop a job; what it has finished is kept.").param(
            "job", "Its id", paramType="path"
        )
    )
    def cancel_job(self, job: str) -> Document:
        self._of_slide("job", job, AccessType.WRITE)
        return self._forward("POST", f"jobs/{job}/cancel")

    @access.user(scope=_READ)
    @autoDescribeRoute(_of_a_slide("The runs of a slide, newest first."))
    def runs(self, item: Document) -> Document:
        return self._forward("GET", "runs", query={"slide": str(item["_id"])})

    @access.user(scope=_READ)
    @autoDescribeRoute(
        Description("A run, with its report when complete.").param(
            "run", "Its id", paramType="path"
        )
    )
    def run(self, run: str) -> Document:
        return self._of_slide("run", run, AccessType.READ)

    @access.user(scope=_WRITE)
    @autoDescribeRoute(
        Description("Store many annotations on an item.")
        .notes(
            "The body has one annotation per line (NDJSON) and may be chunked. Each is stored as "
            "by POST annotation, with the same rules; the answer has ids and counts only."
        )
        .modelParam("itemId", "The item", model=Item, level=AccessType.READ, destName="item")
        .errorResponse("A document is invalid; those before it are stored.")
        .errorResponse("Annotating was denied for the item.", 403)
    )
    def store_annotations(self, item: Document) -> Document:
        user = self.getCurrentUser()
        bulk.require_annotation_access(item, user)
        return bulk.store_all(item, user)

    @access.user(scope=_READ)
    @autoDescribeRoute(
        Description("The annotations of an item that were deleted and can be brought back.")
        .notes("Without their elements, as GET annotation lists those that are there.")
        .modelParam("itemId", "The item", model=Item, level=AccessType.READ, destName="item")
    )
    def deleted_annotations(self, item: Document) -> list[Document]:
        return kept.deleted_of(item, self.getCurrentUser())

    @access.user(scope=_READ)
    @autoDescribeRoute(
        Description("An annotation as it was, for who may see it as it is.")
        .param("id", "Its id", paramType="path")
        .param("version", "A version of its history", paramType="path", dataType="integer")
    )
    def version(self, id: str, version: int) -> Document:
        return kept.version_of(id, version, self.getCurrentUser())

    def _forward(self, method: str, path: str, query: dict[str, str] | None = None) -> Document:
        """Ask the service as the user who asks us."""
        token = self.getCurrentToken()
        if token is None:
            raise AccessException("You must be logged in.")
        try:
            return service.call(method, path, token["_id"], query=query)
        except service.ServiceError as error:
            raise error.as_rest() from None

    def _of_slide(self, kind: Literal["job", "run"], id: str, level: int) -> Document:
        """A job or run of the service, if the user has this access to its item."""
        known = mirror.item_of(kind, _checked(id))
        if known is not None:
            self._item(known, level)
        found = self._forward("GET", f"{kind}s/{id}")
        self._item(found.get("slide"), level)
        return found

    def _item(self, id: object, level: int) -> Document:
        if not isinstance(id, str):
            raise RestException("slide must be the id of an item")
        item: Document | None = Item().load(id, user=self.getCurrentUser(), level=level)
        if item is None:
            raise RestException(f"There is no item {id}.", 404)
        return item


def _checked(id: str) -> str:
    if not _ID.fullmatch(id):
        raise RestException("That is no id.", 404)
    return id


def _start(user: Document, item: Document, asked: Document) -> Document:
    """Start a job at the service, and one of Girder's that follows it."""
    token = tokens.grant(user)
    try:
        job = _ask_for(asked, token["_id"])
    except service.ServiceError as error:
        tokens.revoke(token)
        raise error.as_rest() from None
    followed = mirror.create(user, item, job, token)
    return {**job, "girder_job": str(followed["_id"])}


def _ask_for(asked: Document, token: str) -> Document:
    """Ask for a job; one that the service has taken without answering is as good."""
    begun = datetime.now(UTC)
    try:
        return service.call_for_job("POST", "jobs", token, body=asked, read_s=_START_S)
    except service.AbsentError:
        taken = _taken(asked, token, begun)
        if taken is None:
            raise
        return taken


def _taken(asked: Document, token: str, begun: datetime) -> Document | None:
    """The job that has come of a request without an answer, if the service can show it."""
    try:
        jobs = service.call("GET", "jobs", token, query={"slide": asked["slide"]}).get("jobs")
    except service.ServiceError:
        return None
    since = (
        job
        for job in (jobs if isinstance(jobs, list) else ())
        if service.is_job(job) and datetime.fromisoformat(job["created"]) >= begun
    )
    unknown = (job for job in since if mirror.item_of("job", job["id"]) is None)
    return next((job for job in unknown if _is_what_was_asked(job, asked)), None)


def _is_what_was_asked(job: Document, asked: Document) -> bool:
    """Whether a job's document says what a request said; a model's name stands for a version."""
    model = asked.get("model", job["model"])
    return (
        model in (job["model"], job["model"].partition("@")[0])
        and job.get("roi") == asked.get("roi")
        and job.get("threshold") == asked.get("threshold", job.get("threshold"))
        and job.get("replace", False) == asked.get("replace", False)
    )
