"""The picture of an incident that is shown where it is shared, and the text that goes with it."""

from voipwatch.site.links import part_of


def card_path(lang: str, incident: str, revision: int) -> str:
    """Of the picture of one revision, from the site's root."""
    return f"cards/{lang}/{part_of(incident)}-r{revision}.png"
