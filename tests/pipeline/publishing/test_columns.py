from tests.support.environment import REPOSITORY
from voipwatch.pipeline.publishing.columns import DOCUMENTS, TABLES, dictionary, page, schema_of


def test_the_page_is_made_of_the_table() -> None:
    assert (REPOSITORY / "docs/bundle.md").read_text("utf-8") == page()


def test_every_row_says_of_which_world_and_as_of_when() -> None:
    for table in TABLES:
        names = schema_of(table).names
        assert names[:2] == ["synthetic", "instance"]
        assert "as_of" in names
        assert all(field.metadata[b"meaning"] for field in schema_of(table))


def test_the_bundle_carries_it() -> None:
    told = dictionary()
    assert told["files"] == DOCUMENTS
    assert told["tables"]["cells"]["columns"][0]["name"] == "synthetic"
