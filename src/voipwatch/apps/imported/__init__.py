"""A user's own capture of a call becomes a private profile: pure, bytes in and TOML text out.

`flows` keeps what a capture says, in bounded memory, and ranks which flow looks like a call; `items` says
what each packet is; `roles` finds what the bytes of an unknown protocol do. `tables` and its three neighbours
(`stuntables`, `dtlstables`, `siptext`) turn messages into tables of the profile language and scrub them;
`exchanges` makes the set-up of them, `media` and `streams` what comes after; `draft` puts it all together.
"""

from voipwatch.apps.imported.draft import Draft, NoCallError, draft_profile
from voipwatch.apps.imported.flows import Candidate, Capture, Flow, Sample
from voipwatch.apps.imported.scrub import KINDS

__all__ = ["KINDS", "Candidate", "Capture", "Draft", "Flow", "NoCallError", "Sample", "draft_profile"]
