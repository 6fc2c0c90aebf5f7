"""The counter that other sites embed: one document, and every tier shows what it says.

`civic.daycount` finds the number, `subjects` which counters there are, `document` says it in three languages;
`svg` (a badge), `frame`, `module` (the custom element of `site/assets/element.js`) and `selfhost` (a zip)
show it; `oembed` and `embed` hand out the code to put it into a page; `answers` keeps all of them ready for a
server, and `files` writes them for a mirror.
"""
