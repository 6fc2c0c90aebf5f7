"""From store and chronicle to the signed bundle: a folder of public files that anybody can mirror and check.

`publish` puts it together. `releasing` takes votes out of the store as rows of three probes; `memory` keeps
what is out; `rowdetector` says when the published rows themselves changed, `changes` sets that beside the
detector's word; `columns` is the data dictionary, `tables` and `documents` the files, `chronology` what
people and machine said of incidents, `embargo` what is not told of them yet; `world` keeps emulated and real
apart; `signing` and `folder` write it whole or not at all. `checking` reads a bundle as a stranger does.
docs/design/0021-bundle.md.
"""
