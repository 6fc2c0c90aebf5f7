"""A user's own capture of a call becomes a private profile: pure, bytes in and TOML text out.

`flows` keeps what a capture says, in bounded memory, and ranks which flow looks like a call; `roles` finds what
the bytes of an unknown protocol do; `shapes` and `siptext` turn messages into tables of the profile language and
scrub them; `streams` measures sizes and rhythm; `draft` puts the profile together.
"""

from voipwatch.apps.imported.draft import Draft, NoCallError, draft_profile
from voipwatch.apps.imported.flows import Candidate, Capture, Flow, Sample
from voipwatch.apps.imported.scrub import KINDS

__all__ = ["KINDS", "Candidate", "Capture", "Draft", "Flow", "NoCallError", "Sample", "draft_profile"]
