"""A published bundle as the chronicle's commands read it: by itself, and no file that it does not name.

`voipwatch verify` checks the whole; here each file that is read has the digest that the manifest says.
"""

from pathlib import Path

from voipwatch.chronicle import manifests
from voipwatch.chronicle.log import LogError, complete_lines
from voipwatch.chronicle.state import ChronicleState
from voipwatch.cli.errors import Misuse
from voipwatch.cli.values import shown, shown_path
from voipwatch.model.bundle import MANIFEST_FILE, Manifest, PublicRow

CELLS = "tables/cells/"


class PublishedBundle:
    """One bundle on disk. Methods raise Misuse."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            self.content = (folder / MANIFEST_FILE).read_bytes()
            self.manifest: Manifest = manifests.read_manifest(self.content)
        except (OSError, ValueError) as error:
            raise self._none(error) from error
        self._digests = {entry.path: entry.sha256 for entry in self.manifest.files}

    @property
    def digest(self) -> str:
        """Of the bundle, hex."""
        return manifests.digest_of(self.content)

    def has(self, path: str) -> bool:
        """Whether the manifest names it."""
        return path in self._digests

    def revisions(self, name: str) -> int:
        """Of an incident; 0 where it is not in the bundle."""
        return sum(path.startswith(f"incidents/{name}/r") for path in self._digests)

    def incidents(self) -> list[str]:
        """Ids, sorted."""
        paths = (Path(path) for path in self._digests)
        return sorted(
            path.stem for path in paths if path.parent == Path("incidents") and path.stem != "index"
        )

    def file(self, path: str) -> bytes:
        """A file's bytes, as the manifest has them."""
        if path not in self._digests:
            raise self._none(ValueError(f"{path} is not in it"))
        try:
            content = (self.folder / path).read_bytes()
        except OSError as error:
            raise self._none(error) from error
        if manifests.digest_of(content) != self._digests[path]:
            raise Misuse("chronicle.not_the_bundles", path=shown_path(self.folder / path))
        return content

    def state(self) -> ChronicleState:
        """The published log replayed: without what is under embargo."""
        from voipwatch.pipeline.publishing import chronology  # noqa: PLC0415 -- an extra

        try:
            lines, _ = complete_lines(self.file(chronology.LOG_FILE))
            return chronology.read_public_log(lines).state
        except LogError as error:
            raise self._none(ValueError(f"log, line {error.line}: {error.reason}")) from error

    def rows(self) -> list[PublicRow]:
        """All published rows."""
        from voipwatch.pipeline.publishing.tables import read_cells  # noqa: PLC0415 -- an extra

        months = [path for path in self._digests if path.startswith(CELLS) and path.endswith(".parquet")]
        return [row for path in months for row in read_cells(self.file(path))]

    def _none(self, error: Exception) -> Misuse:
        detail = (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
        return Misuse("bundle.none", path=shown_path(self.folder), reason=shown(detail, longest=200))
