"""Who drew what, in which role."""

from __future__ import annotations

import pytest

from histoloop.annotations.annotators import (
    Annotator,
    Role,
    Roster,
    annotator_of,
    read_roster,
    reviewer_of,
)
from histoloop.errors import AnnotationError


def test_a_table_says_roles_and_weights(tmp_path):
    path = tmp_path / "annotators.csv"
    path.write_text("annotator,role,weight\nanna,senior,\nbert,Student,0.5\n")
    roster = read_roster(path)
    assert roster.find("anna", said="student") == Annotator("anna", Role.SENIOR, 3.0)
    assert roster.find("bert") == Annotator("bert", Role.STUDENT, 0.5)
    assert roster.find("carl") == Annotator("carl", Role.UNKNOWN, 1.0)


def test_without_a_table_the_documents_word_counts():
    assert Roster().find("anna", said="Junior pathologists").role is Role.JUNIOR
    assert Role.said("Students of 2019") is Role.STUDENT
    assert Role.said("remodelling") is Role.UNKNOWN
    assert Roster().find("anna", said="admin") == Annotator("anna", Role.UNKNOWN, 1.0)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name,role\na,senior\n", "no column annotator or role"),
        ("annotator,role\na,boss\n", r"line 2.*'a' of role 'boss'.*senior, junior"),
        ("annotator,role\n,senior\n", "makes no sense"),
        ("annotator,role\na,senior\na,junior\n", "a stands there twice"),
        ("annotator,role,weight\na,senior,none\n", "weight 'none'"),
        ("annotator,role,weight\na,senior,-1\n", "weight '-1'"),
        ("annotator,role,weight\na,senior,inf\n", "weight 'inf'"),
    ],
)
def test_a_table_that_makes_no_sense_is_refused(tmp_path, text, said):
    path = tmp_path / "annotators.csv"
    path.write_text(text)
    with pytest.raises(AnnotationError, match=said):
        read_roster(path)
    with pytest.raises(AnnotationError, match="cannot be read"):
        read_roster(tmp_path / "missing.csv")


def test_who_drew_and_who_reviewed():
    record = {"creatorId": "u1", "updatedId": "u1"}
    assert annotator_of(record, {}) == "u1"
    assert reviewer_of(record, {}) == ""
    assert annotator_of(record, {"annotator": "anna"}) == "anna"
    assert reviewer_of(record | {"updatedId": "u2"}, {}) == "u2"
    assert reviewer_of(record, {"reviewed_by": "carl"}) == "carl"
    assert annotator_of(record, {"annotator": {"id": "u7", "created": "2020"}}) == "u7"
    assert annotator_of({}, {}) == "unknown"
