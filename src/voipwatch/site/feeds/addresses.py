"""Addresses in files that are read apart from the site: absolute where the site's own address is known."""

from posixpath import dirname, relpath
from urllib.parse import quote


class Addresses:
    """How one file names the others."""

    def __init__(self, file: str, base_url: str) -> None:
        """`file`: its own path from the site's root. `base_url`: of that root, or empty."""
        self._folder = f"/{dirname(file)}"
        self._base = f"{base_url.rstrip('/')}/" if base_url else ""

    def __call__(self, path: str) -> str:
        """Of a file or folder of the site, by its path from the root."""
        quoted = quote(path)
        if self._base:
            return self._base + quoted
        link = relpath(f"/{quoted}", quote(self._folder))
        return f"{link}/" if path.endswith("/") and not link.endswith("/") else link
