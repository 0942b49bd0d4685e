"""The official JavaScript client: the integration suites that its packages ship, unchanged."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.clients import platform

NPM = Path(__file__).parent / "npm"

COMPILER = {"TS_NODE_COMPILER_OPTIONS": '{"module":"commonjs","moduleResolution":"node"}'}

# 5.1.0 expects that a new stream cannot be archived, 4.0.7 that it can.
SETTINGS: dict[str, dict[str, str]] = {"4": {}, "5": {"MIN_STREAM_AGE_S": "3600"}}

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def suite(version: str) -> Path:
    """The package of this version, laid out so that its tests find the compiled client as their source."""
    platform.require("npm")
    installed = platform.CACHE / "npm"
    installed.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(NPM / name, installed / name)
    platform.install(
        "npm",
        NPM / "package-lock.json",
        ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"],
    )
    package = installed / f"suite-{version}"
    shutil.rmtree(package, ignore_errors=True)
    shutil.copytree(installed / "node_modules" / f"postmark-{version}", package)
    nested = package / "node_modules"
    (package / "src").symlink_to("dist")
    assert (package / "test" / "integration").is_dir(), list(nested.glob("*"))
    return package


def run(package: Path, target: platform.Platform) -> dict[str, list[str]]:
    """Titles of the tests that passed, failed and were skipped."""
    mocha = str(package.parent / "node_modules" / ".bin" / "mocha")
    command = [mocha, "--timeout", "30000", "--exit", "--reporter", "json"]
    command += ["-r", "ts-node/register/transpile-only", "-r", str(NPM / "preset.js")]
    done = subprocess.run(
        [*command, "test/integration/**/*test.ts"],
        cwd=package,
        env={"PATH": os.environ["PATH"], "HOME": str(package)} | COMPILER | target.environment(),
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    start = done.stdout.find("{\n")
    assert start >= 0, done.stdout[-2000:] + done.stderr[-2000:]
    report = json.loads(done.stdout[start:])
    return {
        outcome: [
            f"{test['fullTitle']} {test['err'].get('message', '')}" for test in report[outcome]
        ]
        for outcome in ("passes", "failures", "pending")
    }


@pytest.mark.parametrize("version", SETTINGS)
def test_the_suite_of_the_package(tmp_path: Path, database_url: str | None, version: str) -> None:
    settings = SETTINGS[version]
    with platform.running(tmp_path, DATABASE_URL=database_url or "", **settings) as target:
        found = run(suite(version), target)
    assert found["failures"] == []
    assert len(found["passes"]) > 60
