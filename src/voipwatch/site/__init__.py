"""The public site: a function of a bundle, which anybody can mirror (docs/design/0023-site.md)."""
