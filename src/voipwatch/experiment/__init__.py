"""The questions a check asks of a line, and when to stop asking: the near end's pure core.

Bytes and `now` in, datagrams and commands out; no socket, clock or dice. `check.LineCheck` is
the whole; `near_flow` plays one five-tuple, `session` speaks for one ticket, `pacing` keeps
within mappings, flow rate, line rate and budget, and each module of `questions` asks one
question. Nothing in here judges: decisions only say why no more was sent.
"""

from voipwatch.experiment.check import LineCheck as LineCheck
from voipwatch.experiment.config import CheckConfig as CheckConfig
