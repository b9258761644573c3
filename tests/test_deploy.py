"""What deploy/ tells a machine to do exists: commands, settings, addresses."""

import re
from pathlib import Path

import yaml
from typer.main import get_command

from sojourn.cli import app
from sojourn.clinic import settings

DEPLOY = Path(__file__).resolve().parents[1] / "deploy"
COMMANDS = set(get_command(app).commands)  # type: ignore[attr-defined]


def texts() -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(DEPLOY.iterdir())}


def test_every_command_of_the_units_and_containers_exists():
    asked = {
        word
        for text in texts().values()
        for word in re.findall(
            r"(?:bin/sojourn|do sojourn|entrypoint: \[\"sojourn\",) ([a-z-]+)", text
        )
    }
    assert {"serve", "remind", "backup"} <= asked <= COMMANDS


def test_every_setting_of_the_containers_is_one_of_ours():
    composed = yaml.safe_load(texts()["compose.yaml"])
    for service in ("sojourn", "reminders"):
        for name in composed["services"][service]["environment"]:
            assert re.search(rf"\b{name}\b", settings.__doc__ or ""), name


def test_nobody_but_the_proxy_reaches_the_server_in_its_container():
    services = yaml.safe_load(texts()["compose.yaml"])["services"]
    assert services["sojourn"]["network_mode"] == "service:proxy"
    assert {name for name, each in services.items() if "ports" in each} == {"proxy"}


def test_the_container_installs_from_the_locks_and_does_not_run_as_root():
    dockerfile = texts()["Dockerfile"]
    assert dockerfile.count("--require-hashes") == dockerfile.count("-r requirements/")
    assert "\nUSER sojourn\n" in dockerfile
    assert '\nCMD ["serve"' in dockerfile
