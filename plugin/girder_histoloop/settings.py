"""Settings: where the service is, which model comes first, and the secret shared with it."""

from __future__ import annotations

import os
import re
from typing import Any, cast
from urllib.parse import urlsplit

from girder.exceptions import ValidationException
from girder.models.model_base import Model
from girder.models.setting import Setting
from girder.settings import SettingDefault
from girder.utility import setting_utilities

SERVICE_URL = "histoloop.service_url"
VIEWER_URL = "histoloop.viewer_url"
DEFAULT_MODEL = "histoloop.default_model"
SECRET = "histoloop.secret"  # noqa: S105  (the name of a setting)
SECRET_VARIABLE = "HISTOLOOP_DSA_SECRET"  # noqa: S105

DEFAULTS = {SERVICE_URL: "http://127.0.0.1:8080", VIEWER_URL: "", DEFAULT_MODEL: ""}

_MODEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(@[A-Za-z0-9._-]+)?")
_SECRET = re.compile(r"[\x21-\x7e]{16,256}")


def service_url() -> str:
    """Where this server reaches the service, without a slash at the end.

    Raises:
        ValidationException: the environment, which Girder does not check, says something else.
    """
    return _url(Setting().get(SERVICE_URL))


def viewer_url() -> str:
    """Where a browser reaches the service's viewer.

    Raises:
        ValidationException: as for `service_url`.
    """
    said = Setting().get(VIEWER_URL)
    return _url(said) if said else service_url()


def default_model() -> str:
    """The model that the panel offers first; empty: the service's own default."""
    return cast(str, Setting().get(DEFAULT_MODEL))


def secret() -> str:
    """What proves to the service that it is us who call; empty when there is none."""
    return os.environ.get(SECRET_VARIABLE) or _Vault().read()


def keep_secret(value: str) -> None:
    """Store the shared secret, or with an empty string forget it.

    Raises:
        ValidationException: it is too short, too long or not printable ASCII.
    """
    if value and not _SECRET.fullmatch(value):
        raise ValidationException(
            "The secret must be 16 to 256 printable characters without spaces.", "secret"
        )
    _Vault().write(value)


class _Vault(Model):  # type: ignore[misc]
    """The secret's place: no route shows this collection, as `system/setting` shows settings."""

    _KEY = "secret"

    def initialize(self) -> None:
        self.name = "histoloop_vault"

    def validate(self, doc: dict[str, Any]) -> dict[str, Any]:
        return doc

    def read(self) -> str:
        kept = self.findOne({"key": self._KEY})
        return kept["value"] if kept else ""

    def write(self, value: str) -> None:
        self.collection.update_one({"key": self._KEY}, {"$set": {"value": value}}, upsert=True)


def register() -> None:
    """Make Girder know the settings and check their values."""
    SettingDefault.defaults.update(DEFAULTS)
    setting_utilities.validator(SERVICE_URL)(_validate_service_url)
    setting_utilities.validator(VIEWER_URL)(_validate_viewer_url)
    setting_utilities.validator(DEFAULT_MODEL)(_validate_model)
    setting_utilities.validator(SECRET)(_refuse_secret)


def _validate_service_url(doc: dict[str, Any]) -> None:
    doc["value"] = _url(doc["value"])


def _validate_viewer_url(doc: dict[str, Any]) -> None:
    doc["value"] = _url(doc["value"]) if doc["value"] else ""


def _url(value: object) -> str:
    """The root of a site over http or https, without a slash at the end."""
    if not isinstance(value, str):
        raise ValidationException("A URL must be text.", "value")
    try:
        parts = urlsplit(value.strip())
        well = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        well = False
    if not well:
        raise ValidationException("A URL must look like https://histoloop.example.org.", "value")
    if "@" in parts.netloc:
        raise ValidationException("A URL must hold no user name or password.", "value")
    if parts.query or parts.fragment:
        raise ValidationException("A URL must have no ? and no # part.", "value")
    return parts.geturl().rstrip("/")


def _validate_model(doc: dict[str, Any]) -> None:
    value = doc["value"]
    if not isinstance(value, str) or (value and not _MODEL.fullmatch(value)):
        raise ValidationException("A model is NAME or NAME@VERSION, or empty.", "value")


def _refuse_secret(_doc: dict[str, Any]) -> None:
    """Girder's own route would show the secret again, and leave it in the server's log."""
    raise ValidationException("Set the secret with PUT histoloop/secret.", "key")
