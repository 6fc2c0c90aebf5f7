"""What stands behind an incident: each change leads to its row, and no figure is made up."""

import msgspec

from tests.site.bundles import incident
from voipwatch.model.incidents import Quality
from voipwatch.site.links import Here
from voipwatch.site.pages.evidence import phase_view, quality_figures
from voipwatch.site.pages.site import Site
from voipwatch.site.words import words

EN = words("en")
HERE = Here("en", "incidents/MA-2016-01-a/")


def test_a_changepoint_of_the_table_has_its_row(site: Site) -> None:
    change = next(iter(site.changes))
    told = site.incidents[0].incident
    phase = msgspec.structs.replace(told.phases[0], changepoints=(change, "gone"))
    [view] = phase_view(site, EN, HERE, told, phase).changes
    assert view.id == change
    assert view.href.startswith("../../countries/MA/series/AS36925/4g/whatsapp/#2016-01-")


def test_figures_that_nobody_has_are_left_out() -> None:
    told = incident(quality=Quality(5, 4, 3, 2, 1, 0, 7305.4, None))
    assert [value for _, value in quality_figures(EN, told)] == ["5", "4", "3", "2", "1", "0", "7,305"]
    told = incident(quality=Quality(5, 4, 3, 2, 1, 0, 7305.4, 1000.6))
    assert quality_figures(EN, told)[-1][1] == "1,001"
