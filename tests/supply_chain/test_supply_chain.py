"""What is installed is what was locked, nothing more is asked for than is used, and nothing more is given away."""

import copy
import hashlib
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.supply_chain.lock import DEV, LOCAL, ROOT, pins
from tests.supply_chain.sbom import faults

PYPROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())


def asked(*groups: str) -> Iterator[Requirement]:
    """Return what the project asks for, with its extra `local` and some dependency groups."""
    project = PYPROJECT["project"]
    yield from map(Requirement, (*project["dependencies"], *project["optional-dependencies"]["local"]))
    for group in groups:
        yield from (Requirement(each) for each in PYPROJECT["dependency-groups"][group] if isinstance(each, str))


@pytest.mark.parametrize(
    ("lock", "groups"), [(LOCAL, ("build",)), (DEV, ("build", "dev", "docs"))], ids=["local", "dev"]
)
def test_the_lock_file_is_that_of_pyproject(lock: Path, groups: tuple[str, ...]) -> None:
    """Everything asked for is pinned to a version that is allowed, and nothing is pinned for the project but that."""
    wanted = {canonicalize_name(each.name): each for each in asked(*groups)}
    direct = {canonicalize_name(pin.name): pin.version for pin in pins(lock) if pin.direct}
    assert direct.keys() == wanted.keys(), "run `make lock`"
    wrong = [name for name, version in direct.items() if not wanted[name].specifier.contains(version)]
    assert not wrong, "run `make lock`"


@pytest.mark.parametrize("lock", [LOCAL, DEV], ids=["local", "dev"])
def test_every_pin_has_hashes(lock: Path) -> None:
    """And the file names no index of its own."""
    assert all(pin.hashes for pin in pins(lock))
    assert not re.search(r"^-|://", lock.read_text(), re.MULTILINE)


def test_what_runs_is_tested_in_the_versions_that_are_installed_to_run() -> None:
    """Both lock files pin the same."""
    assert {(pin.name, pin.version) for pin in pins(LOCAL)} <= {(pin.name, pin.version) for pin in pins(DEV)}


def test_the_environment_is_installed_from_the_lock_files_by_their_hashes() -> None:
    """Whatever make installs: pip is told the hashes, or installs the project itself without anything else."""
    installs = re.findall(r"\$\(PIP\) install (.*)", (ROOT / "Makefile").read_text())
    assert installs
    for arguments in installs:
        assert "--require-hashes -r requirements/" in arguments or "--no-deps --no-build-isolation -e ." in arguments


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's own wheel, built as a release is."""
    target = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(target)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (built,) = target.glob("*.whl")
    return built


def test_the_wheel_holds_the_package_and_nothing_else(wheel: Path) -> None:
    """No tests, no lock files, no histories."""
    names = zipfile.ZipFile(wheel).namelist()
    version = PYPROJECT["project"]["version"]
    assert {name.partition("/")[0] for name in names} == {"reprise", f"reprise-{version}.dist-info"}
    assert "reprise/worker.py" in names


def test_a_file_that_is_not_as_locked_is_refused(wheel: Path, tmp_path: Path) -> None:
    """By pip, with the Makefile's option: the right name and version with another file's hash."""
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()[::-1]
    lock = tmp_path / "lock.txt"
    lock.write_text(f"reprise=={PYPROJECT['project']['version']} --hash=sha256:{digest}\n")
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-index", "--no-deps", "--require-hashes"]
    places = ["-r", str(lock), "--find-links", str(wheel.parent), "-d", str(tmp_path)]
    done = subprocess.run([*command, *places], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "DO NOT MATCH THE HASHES" in done.stderr


SBOM: dict[str, Any] = {
    "bomFormat": "CycloneDX",
    "specVersion": "1.5",
    "metadata": {"component": {"bom-ref": "reprise", "name": "reprise"}},
    "components": [
        {
            "bom-ref": pin.name,
            "name": pin.name,
            "purl": f"pkg:pypi/{pin.name}@{pin.version}",
            "externalReferences": [{"hashes": [{"alg": "SHA-256", "content": min(pin.hashes)}]}],
        }
        for pin in pins(LOCAL)
    ],
    "dependencies": [{"ref": pin.name} for pin in pins(LOCAL)] + [{"ref": "reprise"}],
}


def test_an_sbom_that_differs_from_the_lock_file_is_not_written() -> None:
    """A package too many, too few, of another version, of another file."""
    assert faults(SBOM) == []
    more, fewer, other, foreign = (copy.deepcopy(SBOM) for _ in range(4))
    more["components"].append({**more["components"][0], "name": "left-pad", "bom-ref": "left-pad"})
    fewer["components"].pop()
    other["components"][0]["purl"] += ".1"
    foreign["components"][0]["externalReferences"][0]["hashes"][0]["content"] = "0" * 64
    assert all(faults(each) for each in (more, fewer, other, foreign))
