"""Real WordPress on loopback: Debian's on a private MariaDB, and newer ones on SQLite."""

import getpass
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.environment import REPOSITORY, require

PLUGIN = REPOSITORY / "wordpress/voipwatch-counter"
PLUGIN_FILE = "voipwatch-counter/voipwatch-counter.php"
PASSWORD = "correct horse battery staple"
DEBIAN = Path("/usr/share/wordpress")
HERE = Path(__file__).parent

DEBIAN_VERSION = "6.1"
NEWER_VERSIONS = ("6.5", "nightly")
VERSIONS = (DEBIAN_VERSION, *NEWER_VERSIONS)


def free_port() -> int:
    """A port of 127.0.0.1 that nobody holds right now: WordPress must know it before its server starts."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Page:
    """What a request got."""

    status: int
    url: str
    text: str


@dataclass
class Site:
    """One WordPress: its folder, its address, and a browser without JavaScript."""

    folder: Path
    url: str
    php_options: tuple[str, ...]

    def run(self, code: str) -> str:
        """Run PHP inside the running server; what it echoes."""
        request = urllib.request.Request(self.url + "/", code.encode(), {"X-Test-Code": "1"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return str(answer.read().decode("utf-8"))

    def run_apart(self, code: str, **environment: str) -> str:
        """Run PHP inside this WordPress, as one process of its own; what it echoes."""
        ran = subprocess.run(
            ["php", *self.php_options, str(HERE / "inside.php"), str(self.folder), self.url],
            input=code, capture_output=True, text=True, check=False, env={**os.environ, **environment},
        )  # fmt: skip
        assert ran.returncode == 0, f"{code}\n{ran.stdout}\n{ran.stderr}"
        return ran.stdout

    def ask(self, code: str) -> Any:
        """The value of a PHP expression."""
        return json.loads(self.run(f"echo json_encode( {code} );"))

    def configure(self, observatory: str = "", *, fetch: bool = False, **other: Any) -> None:
        """Set the plugin's settings and forget what it fetched; no counter is chosen unless said."""
        settings = {
            "observatory": observatory,
            "fetch": fetch,
            "id": "",
            "lang": "auto",
            "link": False,
            **other,
        }
        self.run(
            "foreach ( array( 'data', 'lock' ) as $each ) delete_option( 'voipwatch_counter_' . $each );"
            f"update_option( 'voipwatch_counter_settings', json_decode( '{json.dumps(settings)}', true ) );"
        )

    def make_due(self) -> None:
        """As if the time to ask again had come for every counter."""
        self.run(
            "$data = get_option( 'voipwatch_counter_data' );"
            "foreach ( $data as &$each ) $each['ask_at'] = 0; unset( $each );"
            "update_option( 'voipwatch_counter_data', $data );"
        )

    def get(self, path: str = "/", **headers: str) -> Page:
        """A page as a stranger sees it."""
        request = urllib.request.Request(self.url + path, headers=headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return Page(answer.status, answer.url, answer.read().decode("utf-8"))

    def post_with(self, content: str) -> str:
        """Publish a page with this content; its path."""
        code = (
            "echo wp_insert_post( wp_slash( array( 'post_type' => 'page', 'post_status' => 'publish',"
            " 'post_title' => 'Counter',"
            f" 'post_content' => base64_decode( '{b64encode(content.encode()).decode()}' ) ) ) );"
        )
        return f"/?page_id={int(self.run(code))}"

    def complaints(self) -> list[str]:
        """The lines of the debug log that name our plugin's files or options."""
        log = self.folder / "wp-content/debug.log"
        text = log.read_text("utf-8") if log.exists() else ""
        return [line for line in text.splitlines() if "voipwatch" in line.lower()]

    def requests_out(self) -> list[str]:
        """Every address that this WordPress's own HTTP client was told to ask."""
        log = self.folder / "wp-content/requests.log"
        return log.read_text("utf-8").split() if log.exists() else []


def require_wordpress(version: str) -> None:
    """Skip, or fail in CI, where this WordPress or its PHP is not installed."""
    require(shutil.which("php"), "php is not installed: make system")
    if version == DEBIAN_VERSION:
        require(DEBIAN.is_dir() and shutil.which("mariadbd"), "Debian's WordPress and MariaDB: make system")
    else:
        require(builds_folder(), "the newer WordPress builds: scripts/wordpress_builds.sh")


def builds_folder() -> Path | None:
    """Where scripts/wordpress_builds.sh keeps the newer versions; fetched now where they are absent."""
    ran = subprocess.run(
        [REPOSITORY / "scripts/wordpress_builds.sh"], capture_output=True, text=True, check=False
    )
    return Path(ran.stdout.strip()) if ran.returncode == 0 else None


@contextmanager
def group(*command: str | Path, **how: Any) -> Iterator[subprocess.Popen[bytes]]:
    """A server in a process group of its own, ended as a group: php's workers would outlive their master."""
    process = subprocess.Popen(
        command, start_new_session=True, stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **how,
    )  # fmt: skip
    try:
        yield process
    finally:
        os.killpg(process.pid, signal.SIGKILL)  # nothing of theirs is kept
        process.wait()


@contextmanager
def run_mariadb(folder: Path) -> Iterator[Path]:
    """A MariaDB that listens on a socket file only; yields the socket."""
    user, data, at = getpass.getuser(), folder / "db", folder / "s.sock"
    subprocess.run(
        ["mariadb-install-db", "--no-defaults", f"--user={user}", f"--datadir={data}", "--skip-test-db",
         "--auth-root-authentication-method=normal"],
        check=True, capture_output=True,
    )  # fmt: skip
    with group(
        "mariadbd", "--no-defaults", f"--user={user}", f"--datadir={data}", f"--socket={at}",
        "--skip-networking", "--innodb-buffer-pool-size=64M", f"--pid-file={folder / 'pid'}",
    ) as server:  # fmt: skip
        wait_until(lambda: connects(at), server)
        yield at


def connects(at: Path | tuple[str, int]) -> bool:
    """Whether somebody listens there."""
    family = socket.AF_UNIX if isinstance(at, Path) else socket.AF_INET
    with socket.socket(family) as probe:
        return probe.connect_ex(str(at) if isinstance(at, Path) else at) == 0


def wait_until(ready: Any, server: subprocess.Popen[bytes]) -> None:
    """Wait for a server to listen, 30 s at most."""
    for _ in range(600):
        if ready():
            return
        assert server.poll() is None, f"{server.args!r} ended with {server.returncode}"
        time.sleep(0.05)  # a real process starts in real time
    raise AssertionError(f"{server.args!r} did not begin to listen")


NETWORK = """
$table_prefix = getenv( 'VOIPWATCH_NETWORK' ) ? 'network_' : 'wp_';
if ( 'made' === getenv( 'VOIPWATCH_NETWORK' ) ) {
	define( 'MULTISITE', true ); define( 'SUBDOMAIN_INSTALL', false ); define( 'PATH_CURRENT_SITE', '/' );
	define( 'DOMAIN_CURRENT_SITE', 'network.example' );
	define( 'SITE_ID_CURRENT_SITE', 1 ); define( 'BLOG_ID_CURRENT_SITE', 1 );
}
"""


def config(url: str, database: dict[str, str]) -> str:
    """A wp-config.php: nothing is asked of the internet, nothing runs by itself, everything is logged."""
    constants: dict[str, str | bool] = {
        **database, "DB_CHARSET": "utf8mb4", "WP_HOME": url, "WP_SITEURL": url,
        "DISABLE_WP_CRON": True, "AUTOMATIC_UPDATER_DISABLED": True, "WP_HTTP_BLOCK_EXTERNAL": True,
        "WP_DEBUG": True, "WP_DEBUG_LOG": True, "WP_DEBUG_DISPLAY": False, "FS_METHOD": "direct",
        **{name: name.lower() for name in (
            "AUTH_KEY", "SECURE_AUTH_KEY", "LOGGED_IN_KEY", "NONCE_KEY",
            "AUTH_SALT", "SECURE_AUTH_SALT", "LOGGED_IN_SALT", "NONCE_SALT",
        )},
    }  # fmt: skip
    lines = [f"define( {name!r}, {json.dumps(value)} );" for name, value in constants.items()]
    return "\n".join([
        "<?php", *lines, NETWORK,
        "defined( 'ABSPATH' ) || define( 'ABSPATH', __DIR__ . '/' );",
        "require_once ABSPATH . 'wp-settings.php';", "",
    ])  # fmt: skip


def prepare(version: str, folder: Path, url: str, database_socket: Path | None) -> None:
    """Copy a WordPress into `folder` and write its configuration."""
    if database_socket is not None:
        subprocess.run(["cp", "-aL", f"{DEBIAN}/.", folder], check=True)
        subprocess.run(
            ["mariadb", "--no-defaults", "-u", "root", "-S", database_socket, "-e", "CREATE DATABASE wp"],
            check=True,
        )
        database = {
            "DB_NAME": "wp",
            "DB_USER": "root",
            "DB_PASSWORD": "",
            "DB_HOST": f"localhost:{database_socket}",
        }
    else:
        builds = builds_folder()
        assert builds is not None
        subprocess.run(["cp", "-a", f"{builds / version}/.", folder], check=True)
        sqlite = folder / "wp-content/plugins/sqlite-database-integration"
        shutil.copytree(builds / "sqlite-database-integration", sqlite)
        drop_in = (sqlite / "db.copy").read_text("utf-8")
        drop_in = drop_in.replace("{SQLITE_IMPLEMENTATION_FOLDER_PATH}", str(sqlite))
        drop_in = drop_in.replace("{SQLITE_PLUGIN}", "sqlite-database-integration/load.php")
        (folder / "wp-content/db.php").write_text(drop_in, "utf-8")
        database = {"DB_NAME": "wp", "DB_USER": "", "DB_PASSWORD": "", "DB_HOST": ""}
    (folder / "wp-config.php").write_text(config(url, database), "utf-8")
    shutil.copytree(PLUGIN, folder / "wp-content/plugins/voipwatch-counter")


def add_helpers(folder: Path, *, certificate: Path, port: int) -> None:
    """Let this WordPress reach the fake observatory, and note every request it is told to send."""
    must_use = folder / "wp-content/mu-plugins"
    must_use.mkdir()
    text = (HERE / "helpers.php").read_text("utf-8")
    text = text.replace("OBSERVATORY_CERTIFICATE", str(certificate)).replace("OBSERVATORY_PORT", str(port))
    (must_use / "helpers.php").write_text(text, "utf-8")


INSTALL = f"""
wp_install( 'Test', 'admin', 'admin@example.org', true, '', '{PASSWORD}' );
wp_create_user( 'editor', '{PASSWORD}', 'editor@example.org' );
get_user_by( 'login', 'editor' )->set_role( 'editor' );
update_option( 'permalink_structure', '' );
"""


@contextmanager
def run_site(version: str, *, certificate: Path, port: int) -> Iterator[Site]:
    """An installed WordPress with our plugin copied in but not activated, for the time of a `with`."""
    # A folder of its own right under the system's: a socket's path holds 107 bytes. In memory where there is
    # some: 100 MB of small files are copied and deleted for each version.
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="vw-wp-", dir=memory if os.access(memory, os.W_OK) else None))
    here = free_port()
    site = Site(
        folder / "site", f"http://127.0.0.1:{here}", ("-d", "memory_limit=256M", "-d", "opcache.enable_cli=0")
    )
    site.folder.mkdir()
    try:
        with maybe_mariadb(folder if version == DEBIAN_VERSION else None) as database_socket:
            prepare(version, site.folder, site.url, database_socket)
            add_helpers(site.folder, certificate=certificate, port=port)
            site.run_apart(INSTALL, VOIPWATCH_INSTALLING="1")
            with group(
                "php", *site.php_options, "-S", f"127.0.0.1:{here}", "-t", site.folder, HERE / "router.php",
                env={**os.environ, "PHP_CLI_SERVER_WORKERS": "4"},
            ) as server:  # fmt: skip
                wait_until(lambda: connects(("127.0.0.1", here)), server)
                yield site
    finally:
        shutil.rmtree(folder)


@contextmanager
def maybe_mariadb(folder: Path | None) -> Iterator[Path | None]:
    """A MariaDB where a folder for it is given."""
    if folder is None:
        yield None
    else:
        with run_mariadb(folder) as at:
            yield at
