"""Write the SBOM of what is installed to run Reprise: `make sbom`. CycloneDX 1.5, from the lock file, by uv.

uv exports from its own form of a lock. So it is given a project that asks for exactly what is locked, and what it wrote
is held against the lock: the same packages, the same versions, and no file that the lock does not know by its hash.
"""

import json
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any

from tests.supply_chain.lock import LOCAL, ROOT, pins

UV = Path(sys.executable).with_name("uv")


def written() -> dict[str, Any]:
    """Return the SBOM of the lock file."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    requirements = json.dumps([pin.requirement for pin in pins(LOCAL)])
    with tempfile.TemporaryDirectory() as directory:
        exact = Path(directory) / "pyproject.toml"
        exact.write_text(
            f'[project]\nname = "{project["name"]}"\nversion = "{project["version"]}"\n'
            f'requires-python = "{project["requires-python"]}"\ndependencies = {requirements}\n'
        )
        _uv(directory, "lock", "--quiet")
        export = ("export", "--frozen", "--format", "cyclonedx1.5", "--preview-features", "sbom-export")
        return dict(json.loads(_uv(directory, *export)))


def _uv(directory: str, *arguments: str) -> str:
    done = subprocess.run([UV, *arguments], cwd=directory, check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout


def faults(sbom: dict[str, Any]) -> list[str]:
    """Return how an SBOM differs from the lock file: nothing, if it can be trusted."""
    if (sbom.get("bomFormat"), sbom.get("specVersion")) != ("CycloneDX", "1.5"):
        return ["it is not a CycloneDX 1.5 document"]
    found = []
    locked = {pin.name: pin for pin in pins(LOCAL)}
    components = {each["name"]: each for each in sbom["components"]}
    found += [f"{name} is locked and not listed" for name in locked.keys() - components.keys()]
    found += [f"{name} is listed and not locked" for name in components.keys() - locked.keys()]
    for name in locked.keys() & components.keys():
        pin, component = locked[name], components[name]
        if component["purl"] != f"pkg:pypi/{name}@{pin.version}":
            found.append(f"{component['purl']} is listed, and {pin.version} locked")
        hashes = {
            each["content"] for reference in component["externalReferences"] for each in reference.get("hashes", ())
        }
        if not hashes or not hashes <= pin.hashes:
            found.append(f"{name} is listed with files that the lock file does not know")
    references = {each["bom-ref"] for each in (*sbom["components"], sbom["metadata"]["component"])}
    if {each["ref"] for each in sbom["dependencies"]} != references:
        found.append("its graph of dependencies does not name every component")
    return found


def main(target: Path) -> int:
    """Write the SBOM, if it is right."""
    sbom = written()
    if wrong := faults(sbom):
        sys.stderr.write("The SBOM is wrong: " + "; ".join(wrong) + ".\n")
        return 1
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(sbom, indent=2) + "\n")
    sys.stdout.write(f"{target}: CycloneDX 1.5, {len(sbom['components'])} components, as locked.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
