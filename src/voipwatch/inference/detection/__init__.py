"""When a series of votes changes: an e-detector with its run length stated, one idea a file.

`detector` runs one series and `panel` those of a country together; `settings` is the one setting. `learning`
and `baseline` learn the quiet past and draw the null's border from it, with `rhythm` and `ramadan` for hours;
`votes` says which votes count, `evidence` what a block of them is worth, `judging` what follows from it;
`dating` gives the interval, `contrast` asks the probes seen on both sides; `regime` is interference that
comes and goes, `silence` a series that stops; `state` is all of the memory. `cells` takes many at once.
The method and what it promises: docs/methods/detection.md.
"""

from voipwatch.inference.detection.cells import receive_cells
from voipwatch.inference.detection.detector import Detector
from voipwatch.inference.detection.panel import Panel
from voipwatch.inference.detection.settings import Settings, daily
from voipwatch.inference.detection.state import State

__all__ = ["Detector", "Panel", "Settings", "State", "daily", "receive_cells"]
