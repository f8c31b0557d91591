"""Which archive the settings mean, and where a key may go."""

from __future__ import annotations

import pytest

from histoloop.config import settings
from histoloop.errors import UsageError
from histoloop.jobs.archive import dsa_site, open_archive
from histoloop.slides.dsa.site import Login

OURS = "https://dsa.example.org"


def test_a_key_goes_to_its_own_archive_and_nowhere_else(tmp_path):
    said = settings(home=tmp_path, dsa=OURS, dsa_key="k" * 40)
    own = dsa_site(said).login
    assert own.key is not None
    assert own.key.get_secret_value() == "k" * 40
    assert dsa_site(said, url=f"{OURS}/histomics").login == own
    for other in ("https://evil.example", "http://dsa.example.org", f"{OURS}:8443"):
        assert dsa_site(said, url=other).login == Login()


def test_a_key_without_an_archive_is_refused_before_anything_is_sent(tmp_path):
    said = settings(home=tmp_path, dsa_key="k" * 40)
    with pytest.raises(UsageError, match="not for which archive") as refused:
        dsa_site(said, url=OURS)
    assert "kkkk" not in str(refused.value)
    assert dsa_site(settings(home=tmp_path), url=OURS).login == Login()


def test_slides_come_from_one_place(tmp_path):
    with pytest.raises(UsageError, match="both"):
        open_archive(settings(home=tmp_path, dsa=OURS, slides=tmp_path))
    with pytest.raises(UsageError, match="no slides"):
        open_archive(settings(home=tmp_path))
