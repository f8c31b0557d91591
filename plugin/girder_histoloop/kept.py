"""What the host keeps of annotations, for whoever may see these.

It lists only those that are there, and shows what one was to its owners alone: we show it to
whoever may see what it is.
"""

from __future__ import annotations

from typing import Any

from bson.errors import InvalidId
from bson.objectid import ObjectId
from girder.constants import AccessType
from girder.exceptions import RestException
from girder_large_image_annotation.models.annotation import Annotation

Document = dict[str, Any]


def deleted_of(item: Document, user: Document) -> list[Document]:
    """Those that the user may see, without their elements, each as it was last."""
    query = {"itemId": item["_id"], "_active": False, "_annotationId": {"$exists": False}}
    found = Annotation().findWithPermissions(
        query, sort=[("_id", 1)], user=user, level=AccessType.READ
    )
    return [Annotation().filter(one, user) for one in found]


def version_of(annotation: str, version: int, user: Document) -> Document:
    """An annotation as it was, with its elements, for who may see what it is now.

    A version keeps the access that it had then: who was shut out since sees none of them, and who
    was let in since sees all.

    Raises:
        RestException: there is no such version.
    """
    try:
        id = ObjectId(annotation)
    except InvalidId:
        raise RestException("That is no id.", 404) from None
    either = [{"_id": id}, {"_annotationId": id}]
    now = Annotation().findOne({"_id": id})
    found = Annotation().findOne({"$or": either, "_version": version}, fields=["_id"])
    seen = now and Annotation().hasAccess(now, user, AccessType.READ)
    record = seen and found and Annotation().load(found["_id"], force=True)
    if not record:
        raise RestException("The annotation has no such version.", 404)
    record["_id"] = id
    return record
