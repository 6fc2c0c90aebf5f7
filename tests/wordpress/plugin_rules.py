"""The rules of WordPress's Plugin Check (1.2.0, October 2024) that need no PHP standard.

The tool itself needs WPCS by Composer, which cannot be had everywhere. Each rule takes the files, by their
path in the plugin, and returns what is wrong; the names in the docstrings are Plugin Check's.
"""

import gzip
import json
import re
from collections.abc import Callable, Iterator

Files = dict[str, bytes]
Rule = Callable[[Files], list[str]]

SLUG = "voipwatch-counter"
MAIN = f"{SLUG}.php"
FILE_TYPES = (".php", ".js", ".json", ".po", ".mo", ".pot", ".txt")
# Its list of trademarks, as far as a name like ours might touch it; a last hyphen forbids a beginning only.
TRADEMARKS = (
    "wordpress", "wp-", "woocommerce", "gutenberg", "facebook", "fb-", "whatsapp", "instagram", "skype-",
    "twitter-", "youtube-", "google-", "gmail-", "android", "apple-", "microsoft-", "telegram", "viber",
    "signal-", "zoom-",
)  # fmt: skip
# Addresses that are no request: licence, schema, namespaces of examples.
ADDRESSES = (
    "https://www.gnu.org/licenses/", "https://schemas.wp.org/", "https://observatory.example", "https://OBSERVATORY/",
    "https://fsf.org/",
)  # fmt: skip
TRANSLATE = re.compile(
    r"(?<![\w>$\\])(?P<name>(?:esc_(?:html|attr)_)?_[_enx]x?|esc_(?:html|attr)_[_ex])\((?=\s)"
)
ESCAPES = re.compile(r"(?:esc_(?:html|attr|url|html__|attr__)|wp_kses(?:_post)?|checked|selected)\(")
QUOTED = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")
LITERAL = re.compile(r"'(?:[^'\\]|\\.)*'\Z")


def text_of(files: Files, *suffixes: str) -> Iterator[tuple[str, str]]:
    """The text files that end so."""
    for name, data in sorted(files.items()):
        if name.endswith(suffixes):
            yield name, data.decode("utf-8")


def without_comments(code: str) -> str:
    """PHP or JavaScript without its comments; strings are kept, and so are the lines."""
    token = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|/\*.*?\*/|(?<!:)//[^\n]*", re.DOTALL)
    return token.sub(lambda found: found[0] if found[0][0] in "'\"" else "\n" * found[0].count("\n"), code)


def split_arguments(code: str, start: int, ends: str = ")", separators: str = ",") -> tuple[list[str], int]:
    """The top-level parts of `code` from `start` up to one of `ends`, and where that is."""
    parts: list[str] = []
    depth, at, begun = 0, start, start
    while at < len(code):
        quoted = QUOTED.match(code, at)
        if quoted:
            at = quoted.end()
            continue
        if depth == 0 and code[at] in ends:
            break
        depth += (code[at] in "([{") - (code[at] in ")]}")
        if depth == 0 and code[at] in separators:
            parts.append(code[begun:at].strip())
            begun = at + 1
        at += 1
    last = code[begun:at].strip()
    return [*parts, *([last] if last else [])], at


def header(files: Files) -> dict[str, str]:
    """The fields of the plugin's header."""
    return dict(re.findall(r"^ \* ([A-Z][\w ]+):\s+(.+)$", files[MAIN].decode(), re.MULTILINE))


def readme(files: Files) -> tuple[dict[str, str], str, str]:
    """readme.txt: its header's fields, the short description, the whole."""
    text = files["readme.txt"].decode()
    head, _, rest = text.partition("\n\n")
    return (
        dict(re.findall(r"^([A-Z][\w ]+): (.+)$", head, re.MULTILINE)),
        rest.partition("\n\n")[0].strip(),
        text,
    )


def readme_rules(files: Files) -> list[str]:
    """plugin_readme: no_stable_tag, stable_tag_mismatch, trunk_stable_tag, too_many_tags and more."""
    field, short, text = readme(files)
    own = header(files)
    needed = (
        "Contributors", "Tags", "Requires at least", "Tested up to", "Requires PHP", "Stable tag", "License",
        "License URI",
    )  # fmt: skip
    wrong = [f"no {name}" for name in needed if not field.get(name)]
    if wrong:
        return wrong
    if not text.startswith(f"=== {own.get('Plugin Name')} ===\n"):
        wrong.append("the name is not the header's")
    if field["Stable tag"] != own.get("Version") or field["Stable tag"] == "trunk":
        wrong.append("the stable tag is not the version")
    if not re.fullmatch(r"\d+\.\d+", field["Tested up to"]):
        wrong.append("tested up to no version")
    wrong.extend(
        f"{name} differs from the header"
        for name in ("Requires at least", "Requires PHP", "License", "License URI")
        if field[name] != own.get(name)
    )
    if len(field["Tags"].split(",")) > 5:
        wrong.append("too many tags")
    if not 0 < len(short) <= 150 or short.startswith("=") or re.search(r"[*`<\[]", short):
        wrong.append("no short description of 150 characters at most, without markup")
    if re.search(r"Plugin Name|Here is a short description|lorem ipsum|Tag1", text, re.IGNORECASE):
        wrong.append("default text")
    wrong.extend(
        "an upgrade notice of more than 300 characters"
        for notice in re.findall(r"== Upgrade Notice ==(.*?)(?:\n== |\Z)", text, re.DOTALL)
        if len(notice) > 300
    )
    return wrong


def header_rules(files: Files) -> list[str]:
    """plugin_header_fields and plugin_header_text_domain."""
    own = header(files)
    needed = (
        "Plugin Name", "Description", "Version", "Requires at least", "Requires PHP", "Author", "License",
        "License URI", "Text Domain", "Domain Path",
    )  # fmt: skip
    wrong = [f"no {name}" for name in needed if not own.get(name)]
    if wrong:
        return wrong
    if own["Text Domain"] != SLUG:
        wrong.append("the text domain is not the slug")
    if not re.fullmatch(r"\d+\.\d+\.\d+", own["Version"]):
        wrong.append("no version")
    if "GPL-2.0-or-later" not in own["License"]:
        wrong.append("not the licence of WordPress")
    if not any(name.startswith(own["Domain Path"].strip("/") + "/") for name in files):
        wrong.append("no such folder of languages")
    said = re.findall(r"const VERSION = '([^']+)'", files[MAIN].decode())
    said += [json.loads(files["block/block.json"])["version"]]
    said += re.findall(r"'version'\s*=>\s*'([^']+)'", files["block/editor.asset.php"].decode())
    if set(said) != {own["Version"]} or len(said) != 3:
        wrong.append(f"versions differ: {said}")
    return wrong


def translation_rules(files: Files) -> list[str]:
    """i18n_usage: a literal text, our domain as a literal, and a word to translators of placeholders."""
    wrong = []
    for name, text in text_of(files, ".php", ".js"):
        for call in TRANSLATE.finditer(text):
            arguments, _ = split_arguments(text, call.end())
            texts = 2 if "_n" in call["name"] else 1
            if not all(LITERAL.match(each) for each in arguments[:texts]) or arguments[-1] != f"'{SLUG}'":
                wrong.append(f"{name}: {call['name']}( {', '.join(arguments)} )")
            if re.search(r"%(?:\d+\$)?[sd]", arguments[0]) and name.endswith(".php"):
                line = text[: text.rindex("\n", 0, call.start())].rpartition("\n")[2]
                if "translators:" not in line:
                    wrong.append(f"{name}: nothing said to translators of {arguments[0]}")
    return wrong


def is_escaped(part: str) -> bool:
    """Whether a piece of what is echoed is a literal or comes out of an escaping function."""
    pieces, _ = split_arguments(part, 0, ends="", separators=".")
    return all(LITERAL.match(piece) or ESCAPES.match(piece) for piece in pieces)


def escaping_rules(files: Files) -> list[str]:
    """late_escaping: whatever is echoed or printed is escaped in that very statement."""
    wrong = []
    for name, text in text_of(files, ".php"):
        code = without_comments(text)
        for found in re.finditer(r"\b(echo|print)\s(?!\w*=)|\bprintf\(", code):
            ends = ")" if found[0].startswith("printf") else ";"
            parts, _ = split_arguments(code, found.end(), ends)
            wrong += [f"{name}: {part}" for part in parts if not is_escaped(part)]
        if "<?=" in code or "?>" in code:
            wrong.append(f"{name}: HTML outside of PHP")
    return wrong


def without_lock(code: str) -> str:
    """All but `take_lock`, the one place that asks the database itself, as core's `WP_Upgrader::create_lock`
    does: a cache would tell two processes that each was first. Every value there goes through `prepare`.
    """
    found = re.search(r"function take_lock\(.*?\n\}\n", code, re.DOTALL)
    assert found is not None
    lock = found[0]
    assert lock.count("$wpdb->prepare( $") == 3
    assert not re.search(r"->(?:query|get_var)\((?! \$wpdb->prepare\()", lock)
    return code.replace(lock, "")


def forbidden_code(files: Files) -> list[str]:
    """direct_db_queries, code_obfuscation, and what a plugin that asks one server for data has no use for."""
    forbidden = {
        r"\$wpdb|\bmysqli?_|\bPDO\b|->query\(": "a query of its own",
        r"\b(?:eval|create_function|base64_decode|assert)\s*\(": "code that is data",
        r"\b(?:exec|system|passthru|shell_exec|popen|proc_open)\s*\(": "a program",
        r"\b(?:curl_\w+|fsockopen|file_get_contents|fopen|file_put_contents)\s*\(": "its own way out",
        r"\bwp_remote_(?:get|post|request|head)\s*\(": "a request to anywhere",
        r"\bwp_safe_remote_(?:post|request)\s*\(": "another request",
        r"\$_(?:GET|POST|REQUEST|COOKIE|SERVER|FILES)\b": "raw input",
        r"<\?(?!php)": "a short open tag",
        r"\b(?:wp_schedule_\w+|set_(?:site_)?transient|(?:add|update)_site_option)\s*\(": "left by uninstall",
    }
    wrong = []
    for name, text in text_of(files, ".php"):
        code = without_comments(text)
        asked = without_lock(code) if name == "includes/store.php" else code
        wrong += [f"{name}: {why}" for pattern, why in forbidden.items() if re.search(pattern, asked)]
        guard = "WP_UNINSTALL_PLUGIN" if name == "uninstall.php" else "ABSPATH"
        if f"defined( '{guard}' ) || exit;" not in code:
            wrong.append(f"{name}: runs when it is asked for by its address")
        if "namespace VoipWatch\\Counter;" not in code and name != "block/editor.asset.php":
            wrong.append(f"{name}: no namespace")
    asks = sum(code.count("wp_safe_remote_get(") for _, code in text_of(files, ".php"))
    return [*wrong, *([] if asks == 1 else [f"{asks} places that ask somebody"])]


def address_rules(files: Files) -> list[str]:
    """Localhost and offloading_files: no address of this machine, no script, style or picture from afar."""
    wrong = []
    for name, text in text_of(files, ".php", ".js", ".json", ".txt"):
        if re.search(r"localhost|127\.0\.0\.1|\[::1\]", text):
            wrong.append(f"{name}: this machine")
        if name == "LICENSE.txt":
            continue
        wrong.extend(
            f"{name}: {address}"
            for address in re.findall(r"https?://\w[^\s'\"`)]*", text)
            if not address.startswith(ADDRESSES)
        )
        if re.search(
            r"<(?:script|link|img|iframe)\b", re.sub(r"'/[^']*/'|'<script type=\"module\" '", "", text)
        ):
            wrong.append(f"{name}: an element that loads something")
    return wrong


def file_rules(files: Files) -> list[str]:
    """file_type: no archive, no binary but the compiled languages, nothing hidden, no odd name."""
    wrong = [name for name in files if not name.endswith(FILE_TYPES)]
    wrong += [name for name in files if not re.fullmatch(r"[\w-][\w.-]*(?:/[\w-][\w.-]*)*", name)]
    wrong += [name for name, data in files.items() if b"\0" in data and not name.endswith(".mo")]
    return wrong + [
        name for name in ("readme.txt", "LICENSE.txt", "uninstall.php", MAIN) if name not in files
    ]


def trademark_rules(files: Files) -> list[str]:
    """trademarks: neither slug nor name uses one."""
    name = re.sub(r"\W+", "-", header(files)["Plugin Name"].lower())
    return [
        mark
        for mark in TRADEMARKS
        for ours in (SLUG, name)
        if (ours.startswith(mark) if mark.endswith("-") else mark in ours)
    ]


def script_rules(files: Files) -> list[str]:
    """enqueued_scripts_size, in_footer, non_blocking strategy; and our own promise of 4 kB."""
    script = files["assets/counter.js"]
    code = without_comments(files[MAIN].decode())
    wrong = []
    if len(gzip.compress(script, mtime=0)) >= 4096:
        wrong.append("more than 4 kB on the wire")
    if not re.search(r"'in_footer' => true,\s*'strategy'\s*=> 'defer'", code):
        wrong.append("blocks the page")
    everywhere = r"wp_enqueue_script\("
    if re.search(everywhere, code) or "wp_enqueue_scripts" in code:
        wrong.append("on every page")
    if re.search(
        r"\b(?:eval|Function|importScripts)\(|\bimport\s*[({*'\"]|innerHTML|document\.write", script.decode()
    ):
        wrong.append("runs what it did not bring")
    return wrong


def consent_rules(files: Files) -> list[str]:
    """Guidelines 7 and 10: nothing is fetched and nothing credited unless somebody ticks a box."""
    defaults = re.search(
        r"function default_settings\(\) \{(.*?)\n\}", files["includes/settings.php"].decode(), re.DOTALL
    )
    assert defaults
    needed = ("'observatory' => ''", "'fetch'       => false", "'link'        => false")
    return [each for each in needed if each not in defaults[1]]


RULES: tuple[Rule, ...] = (
    readme_rules, header_rules, translation_rules, escaping_rules, forbidden_code, address_rules, file_rules,
    trademark_rules, script_rules, consent_rules,
)  # fmt: skip
