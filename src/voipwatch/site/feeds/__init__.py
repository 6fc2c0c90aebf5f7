"""What other programs read of a bundle: feeds, calendars, badges, JSON-LD, a timeline.

Every function here is of the bundle alone: no clock, no network. `files.feed_files` gives all of them.
"""
