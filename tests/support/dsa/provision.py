"""What a DSA holds before a test begins: users with their rights, folders, slides, API keys."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from girder_client import GirderClient
from tests.support.dsa.secrets import noted
from tests.support.dsa.stack import Credentials, Stack

Role = Literal["admin", "annotator", "reader", "stranger"]
Place = Literal["public", "private"]
READ, WRITE = 0, 1
SETTINGS = {"core.brand_name": "Digital Slide Archive"}
HISTOMICS_SETTINGS = {"histomicsui.webroot_path": "histomics"}


@dataclass(frozen=True, slots=True)
class Archive:
    """A running, filled DSA.

    The annotator may write in both folders, the reader may read both; the stranger has an account
    and sees the public one only. Ids are Girder's 24 hexadecimal digits.
    """

    stack: Stack
    people: dict[Role, Credentials]
    user_ids: dict[Role, str]
    collection: str
    folders: dict[Place, str]

    @property
    def url(self) -> str:
        """The root of the REST interface."""
        return self.stack.url

    def client(self, role: Role = "admin") -> GirderClient:
        """A client that has signed in."""
        return sign_in(self.stack, self.people[role])

    def token(self, role: Role = "admin") -> str:
        """A session's token, as a browser gets it."""
        return noted(str(self.client(role).token))

    def api_key(self, role: Role = "admin", days: float | None = None) -> str:
        """A new API key; tokens made with it last `days`, or as long as the server likes."""
        parameters = {"name": f"test key of {role}"}
        if days is not None:
            parameters["tokenDuration"] = str(days)
        return noted(str(self.client(role).post("api_key", parameters=parameters)["key"]))

    def new_folder(self, name: str) -> str:
        """The id of a folder in the private one, with its rights."""
        folder = self.client("annotator").createFolder(self.folders["private"], name)
        return str(folder["_id"])

    def upload(self, path: Path, place: Place | str = "private", name: str | None = None) -> str:
        """Upload a slide as the annotator, to a place or the folder of an id.

        Returns:
            The id of its item, once it is a large image.
        """
        client = self.client("annotator")
        item = client.createItem(self._folder(place), name or path.name)["_id"]
        client.uploadFileToItem(item, str(path), filename=name or path.name)
        await_large_image(client, item)
        return str(item)

    def _folder(self, place: Place | str) -> str:
        return self.folders[place] if place in ("public", "private") else place


def sign_in(stack: Stack, person: Credentials) -> GirderClient:
    """A client of girder-client for that person."""
    client = GirderClient(apiUrl=stack.url)
    client.authenticate(person.login, noted(person.password))
    noted(str(client.token))
    return client


def await_large_image(client: GirderClient, item: str, patience: float = 120.0) -> None:
    """Wait until Girder has seen that the item is a slide; raises TimeoutError."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        mark = client.getItem(item).get("largeImage") or {}
        if mark.get("fileId") and not mark.get("expected"):
            return
        time.sleep(0.1)
    raise TimeoutError(f"item {item} is no large image after {patience:.0f} s: {mark}")


def provision(stack: Stack) -> Archive:
    """Fill a stack that has just started for the first time."""
    roles: tuple[Role, ...] = ("admin", "annotator", "reader", "stranger")
    people = {role: Credentials(role) for role in roles} | {"admin": stack.admin}
    # The first user of an empty server becomes its admin.
    user_ids = {role: _register(stack, people[role]) for role in roles}
    admin = sign_in(stack, stack.admin)
    assets = stack.folder / "assets"
    admin.post("assetstore", parameters={"name": "assets", "type": 0, "root": str(assets)})
    _settings(admin, SETTINGS | (HISTOMICS_SETTINGS if stack.flavour == "girder3" else {}))
    collection = str(admin.createCollection("Slides", public=True)["_id"])
    folders: dict[Place, str] = {
        "public": _folder(admin, collection, public=True),
        "private": _folder(admin, collection, public=False),
    }
    levels = {user_ids["annotator"]: WRITE, user_ids["reader"]: READ}
    for place, folder in folders.items():
        _grant(admin, folder, levels, public=place == "public")
    return Archive(stack, people, user_ids, collection, folders)


def _register(stack: Stack, person: Credentials) -> str:
    names = {"firstName": person.login.title(), "lastName": "Test"}
    form = names | {"login": person.login, "email": f"{person.login}@example.org"}
    # A form's fields stay out of the address, and with it the password out of the server's log.
    answer = GirderClient(apiUrl=stack.url).post("user", data=form | {"password": person.password})
    return str(answer["_id"])


def _settings(admin: GirderClient, settings: dict[str, str]) -> None:
    for key, value in settings.items():
        admin.put("system/setting", parameters={"key": key, "value": json.dumps(value)})


def _folder(admin: GirderClient, collection: str, public: bool) -> str:
    name = "Public" if public else "Private"
    folder = admin.createFolder(collection, name, parentType="collection", public=public)
    return str(folder["_id"])


def _grant(admin: GirderClient, folder: str, levels: dict[str, int], public: bool) -> None:
    users = [{"id": user, "level": level, "flags": []} for user, level in levels.items()]
    access = json.dumps({"users": users, "groups": []})
    parameters = {"access": access, "public": json.dumps(public)}
    admin.put(f"folder/{folder}/access", parameters=parameters)
