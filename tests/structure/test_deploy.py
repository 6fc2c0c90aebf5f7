"""deploy/: what cannot be run here is checked by its makers' tools, and its commands by our own."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # it comes without annotations

from tests.cli.doubles import run_line
from tests.site.asked import write_site
from tests.support.environment import require
from voipwatch.cli.serve_run import Plan, Serving

DEPLOY = Path(__file__).parents[2] / "deploy"
COMPOSE, KUBERNETES = DEPLOY / "compose.yaml", DEPLOY / "kubernetes.yaml"
STREAM = "nats://nats:4222?partitions=16&replicas=3"
FILLED = {
    "$(STORE)": "http://u:p@clickhouse:8123/voipwatch",
    "$(STREAM)": STREAM,
    "$(REGISTER)": "postgresql://u:p@postgresql:5432/register",
    "${DATABASE_PASSWORD:-change-me}": "change-me",
    "${REFLECTOR_KEY:-" + "0" * 64 + "}": "0" * 64,
}


def test_compose_takes_its_file() -> None:
    require(shutil.which("docker-compose"), "docker-compose is not installed: scripts/system.sh installs it")
    checked = subprocess.run(
        ["docker-compose", "-f", str(COMPOSE), "config", "--quiet"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stderr


def test_kubernetes_takes_its_documents() -> None:
    kubernetes_validate = pytest.importorskip("kubernetes_validate")
    for document in yaml.safe_load_all(KUBERNETES.read_text("utf-8")):
        kubernetes_validate.validate(document, "1.37", strict=True)
    document["spec"]["replicas"] = "one"
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(document, "1.37", strict=True)


def containers() -> list[dict[str, Any]]:
    """Of Kubernetes, with the arguments of `serve`."""
    documents = yaml.safe_load_all(KUBERNETES.read_text("utf-8"))
    workloads = [each for each in documents if "template" in each.get("spec", {})]
    pods = [each["spec"]["template"]["spec"] for each in workloads]
    return [container for pod in pods for container in pod["containers"]]


def commands(source: str) -> dict[str, list[str]]:
    """Name -> what comes after `voipwatch`."""
    if source == "kubernetes":
        return {str(number): each["args"] for number, each in enumerate(containers())}
    services = yaml.safe_load(COMPOSE.read_text("utf-8"))["services"]
    return {name: each["command"] for name, each in services.items() if each["image"] == "voipwatch"}


@pytest.fixture
def plans(monkeypatch: pytest.MonkeyPatch) -> list[Plan]:
    """Plans of the runs that would have been."""
    seen: list[Plan] = []

    async def run(self: Serving) -> int:
        seen.append(self._plan)
        return 0

    monkeypatch.setattr(Serving, "run", run)
    return seen


@pytest.mark.parametrize("source", ["compose", "kubernetes"])
def test_every_command_is_one_of_ours_and_all_the_work_is_shared_out(
    source: str, plans: list[Plan], tmp_path: Path
) -> None:
    write_site(tmp_path / "site", {"index.html": b""})
    for name, words in commands(source).items():
        line = [
            word.replace("/var/lib/voipwatch", str(tmp_path / name)).replace(
                "/srv/site", str(tmp_path / "site")
            )
            for word in words
        ]
        for old, new in FILLED.items():
            line = [word.replace(old, new) for word in line]
        ran = run_line(*line)
        assert ran.status == 0, (name, ran.err)
    for role in ("reflector", "collector", "site", "detector"):
        assert any(plan.share.has(role) for plan in plans), role
    for role in ("loader", "detector"):
        own = [plan.share.partitions or tuple(range(16)) for plan in plans if plan.share.has(role)]
        assert sorted(partition for partitions in own for partition in partitions) == list(range(16)), role
    assert {plan.health_port for plan in plans} == {8483}
    assert all(plan.register for plan in plans if plan.share.has("collector"))


def test_health_is_asked_where_it_is_answered() -> None:
    for container in containers():
        assert container["readinessProbe"]["httpGet"] == {"path": "/ready", "port": 8483}
        assert container["livenessProbe"]["httpGet"] == {"path": "/live", "port": 8483}
    assert "option httpchk GET /ready" in (DEPLOY / "haproxy.cfg").read_text("utf-8")
