"""Pledges of boycotts on the web: `section` answers, `desk` knows who pledged, `office` what keepers do.

Nothing here asks for a name or an address. Whoever pledges gets a link of his own, which is shown to him
once and of which a digest is kept; with it he reports afterwards, or takes the pledge back.
"""
