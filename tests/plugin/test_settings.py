"""Settings are checked, and the secret is never seen again."""

from __future__ import annotations

import pytest
from girder_client import HttpError
from tests.plugin.conftest import SECRET, client_of, set_setting
from tests.plugin.service_double import ServiceDouble, serving
from tests.support.dsa.fixtures import NewArchive
from tests.support.dsa.provision import Archive


def value_of(archive: Archive, key: str) -> object:
    return client_of(archive, "admin").get("system/setting", parameters={"key": key})


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("https://histoloop.example.org/", "https://histoloop.example.org"),
        (" http://[::1]:9000/loop/ ", "http://[::1]:9000/loop"),
    ],
)
@pytest.mark.parametrize("key", ["histoloop.service_url", "histoloop.viewer_url"])
def test_a_url_is_kept_without_its_last_slash(
    dsa: Archive, key: str, given: str, kept: str
) -> None:
    set_setting(dsa, key, given)
    assert value_of(dsa, key) == kept
    client_of(dsa, "admin").delete("system/setting", parameters={"key": key})


@pytest.mark.parametrize(
    "wrong",
    [
        "ftp://histoloop.example.org",
        "file:///etc/passwd",
        "histoloop.example.org",
        "http://",
        "http://user:password@histoloop.example.org",
        "http://histoloop.example.org/?to=elsewhere",
        "http://histoloop.example.org/#x",
        "http://histoloop.example.org:notaport",
        "javascript:alert(1)",
        7,
        ["http://127.0.0.1"],
    ],
)
@pytest.mark.parametrize("key", ["histoloop.service_url", "histoloop.viewer_url"])
def test_what_is_no_plain_url_is_refused(dsa: Archive, key: str, wrong: object) -> None:
    before = value_of(dsa, key)
    with pytest.raises(HttpError) as refused:
        set_setting(dsa, key, wrong)
    assert refused.value.status == 400
    assert value_of(dsa, key) == before


def test_defaults(dsa: Archive) -> None:
    assert value_of(dsa, "histoloop.service_url") == "http://127.0.0.1:8080"
    assert value_of(dsa, "histoloop.default_model") == ""


@pytest.mark.parametrize("model", ["tumor", "tumor@3", "my.unet-2@1.0"])
def test_a_default_model_is_a_reference(dsa: Archive, model: str) -> None:
    set_setting(dsa, "histoloop.default_model", model)
    assert client_of(dsa, "reader").get("histoloop/panel")["default_model"] == model
    set_setting(dsa, "histoloop.default_model", "")


@pytest.mark.parametrize("wrong", ["../tumor", "tumor@", "a b", "<b>", 3, True])
def test_what_is_no_reference_is_refused(dsa: Archive, wrong: object) -> None:
    with pytest.raises(HttpError) as refused:
        set_setting(dsa, "histoloop.default_model", wrong)
    assert refused.value.status == 400


def test_the_secret_reaches_the_service_and_nobody_else(
    dsa: Archive, service: ServiceDouble
) -> None:
    admin = client_of(dsa, "admin")
    admin.get("histoloop/health")
    assert service.sent[-1].headers["HistoLoop-Secret"] == SECRET

    for path in ("histoloop/panel", "histoloop/health", "histoloop/models", "system/plugins"):
        assert SECRET not in str(admin.get(path))
    keys = '["histoloop.service_url", "histoloop.default_model", "histoloop.viewer_url"]'
    assert SECRET not in str(admin.get("system/setting", parameters={"list": keys}))
    assert value_of(dsa, "histoloop.secret") is None
    logs = [dsa.stack.folder / "girder.log", *(dsa.stack.folder / "girder-logs").glob("*")]
    for log in logs:
        assert SECRET not in log.read_text(errors="replace")


def test_the_secret_cannot_be_set_where_it_would_be_seen(dsa: Archive) -> None:
    with pytest.raises(HttpError) as refused:
        set_setting(dsa, "histoloop.secret", SECRET)
    assert "PUT histoloop/secret" in refused.value.responseText


@pytest.mark.parametrize("secret", ["short", "with a space in it", "ünprintable-0123456789", 5])
def test_a_weak_secret_is_refused(dsa: Archive, secret: object) -> None:
    with pytest.raises(HttpError) as refused:
        client_of(dsa, "admin").put("histoloop/secret", json={"secret": secret})
    assert refused.value.status == 400
    assert str(secret) not in refused.value.responseText


def test_the_environment_says_what_the_database_does_not(new_dsa: NewArchive) -> None:
    with serving() as service:
        archive = new_dsa(
            environment={
                "HISTOLOOP_DSA_SECRET": SECRET,
                "GIRDER_SETTING_HISTOLOOP_SERVICE_URL": f"{service.url}/",
                "GIRDER_SETTING_HISTOLOOP_VIEWER_URL": "not a url",
            }
        )
        client = archive.client("admin")
        assert client.get("histoloop/health")["status"] == "ok"
        assert service.sent[-1].headers["HistoLoop-Secret"] == SECRET
        with pytest.raises(HttpError) as refused:
            client.get("histoloop/panel")
        assert "A URL must look like" in refused.value.responseText
