"""The public site: a function of a bundle. `docs/design/0023-site.md` is the map."""
