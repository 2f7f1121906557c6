"""`python -m tests.mutants`: change the code in one place after another, and see that the tests notice.

The same as `make mutants`. Prints what survived, and exits with 1 if more did than a part may lose. A change counts as
caught when a test fails, or hangs for longer than it may.
"""

import argparse
import difflib
import os
import signal
import sys
import time
from pathlib import Path

from tests.mutants.equivalent import LIST, as_entry, listed, told_apart
from tests.mutants.hunt import HANGING, KEPT, Hunt
from tests.mutants.parts import PARTS, ROOT, Mutant, counts, draw, mutants_of


def diff(mutant: Mutant) -> str:
    """Return the lines that a mutant changes, as a diff has them."""
    lines = difflib.unified_diff(mutant.source.splitlines(), mutant.after.splitlines(), n=0, lineterm="")
    return "\n".join(f"    {line}" for line in lines if line[:3] not in {"---", "+++"} and line[:2] != "@@")


def _chosen(asked: argparse.Namespace) -> list[Mutant]:
    """Return the mutants to try, and say which entries of the list mean none any more."""
    everything = [mutant for part in PARTS for mutant in mutants_of(part, asked.project)]
    kept, stale = told_apart(everything, listed(asked.project / LIST))
    print(f"{len(everything)} changes can be made, {len(everything) - len(kept)} of them are listed as equivalent")
    for entry in stale:
        print(f"{LIST.name}: nothing is meant any more by {entry.file}, {entry.function or 'module'}: {entry.mutated}")
    if asked.again:
        last = asked.project / KEPT / "survivors"
        asked.ids = [*asked.ids, *(last.read_text().split() if last.exists() else ())]
        return [mutant for mutant in kept if mutant.id in asked.ids]
    if asked.ids:
        return [mutant for mutant in everything if mutant.id in asked.ids]
    parts = [part for part in PARTS if asked.part in {None, part.name}]
    shares = counts(parts, asked.count)
    drawn: list[Mutant] = []
    for part in parts:
        there = [each for each in kept if each.part is part and asked.within in f"{each.file} {each.function}"]
        drawn += draw(there, shares[part.name], asked.seed)
    return drawn


def _verdict(hunt: Hunt, project: Path, seed: int, *, sampled: bool) -> int:
    """Print what survived and how each part did; return the exit code."""
    for mutant, why in hunt.survivors.items():
        where = f"{mutant.file}:{mutant.line} {mutant.function}".rstrip()
        print(f"\nsurvived {mutant.id}: {where} ({mutant.change.operator}; {why})\n{diff(mutant)}")
    kept = project / KEPT
    kept.mkdir(exist_ok=True)
    (kept / "survivors.toml").write_text("\n".join(as_entry(mutant) for mutant in hunt.survivors))
    (kept / "survivors").write_text("\n".join(mutant.id for mutant in hunt.survivors))
    caught = [f"{mutant.id} {mutant.file}:{mutant.line} {how}\n{diff(mutant)}" for mutant, how in hunt.caught.items()]
    (kept / "caught").write_text("\n".join(caught))
    print()
    failed = not sampled and bool(hunt.survivors)
    shares: list[str] = []
    for part in PARTS:
        whole = sum(mutant.part is part for mutant in hunt.mutants)
        if not whole:
            continue
        share = 100 * (many := sum(mutant.part is part for mutant in hunt.caught)) / whole
        said = f"{part.name}: {many} of {whole} caught, {share:.1f} %"
        if sampled and part.least is not None:
            enough = share >= part.least
            said += f"; wanted: {part.least:g} %{'' if enough else ', NOT ENOUGH'}"
            failed |= not enough
        print(said)
        shares.append(f"{part.name} {share:.1f} %")
    hanging = sum(how.endswith(HANGING) for how in hunt.caught.values())
    print(f"{hanging} of those caught hung; which test caught which change: {KEPT}/caught")
    if hunt.survivors:
        print(f"entries for {LIST.name}, to be given a reason: {KEPT}/survivors.toml; once more: make mutants AGAIN=1")
    print(f"{len(hunt.mutants)} changes, {', '.join(shares)}; seed {seed}")
    return int(failed)


def main() -> int:
    """Change the code, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--seed", type=int, help="of the sample (default: another one each time)")
    parser.add_argument("--count", type=int, default=300, help="how many changes (default: 300)")
    parser.add_argument("--part", choices=[part.name for part in PARTS], help="of the code; by default all")
    parser.add_argument("--within", default="", help="only in files and functions whose names have this in them")
    parser.add_argument("--again", action="store_true", help="only what survived the last time")
    parser.add_argument("--quick", action="store_true", help="ask only the tests of the part itself, no others")
    parser.add_argument("--processes", type=int, default=min(2, os.cpu_count() or 1), help="at the same time")
    parser.add_argument("--patience", type=float, default=20, help="seconds by which a test may be late (default: 20)")
    parser.add_argument("--project", type=Path, default=ROOT, help="another project of this layout")
    parser.add_argument("ids", nargs="*", help="only these changes, as named before")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # what runs is ended first
    if asked.seed is None:
        asked.seed = time.time_ns() % 10_000
    print(f"seed {asked.seed}")
    mutants = _chosen(asked)
    if not mutants:
        print("There is nothing to change.")
        return 0 if asked.again else 1
    hunt = Hunt(asked.project, mutants, asked.processes, quick=asked.quick, patience=asked.patience)
    began = time.monotonic()
    try:
        hunt.run()
    except RuntimeError as error:
        print(error)
        return 2
    print(f"\n{len(mutants)} changes tried in {time.monotonic() - began:.0f} s")
    return _verdict(hunt, asked.project, asked.seed, sampled=not asked.ids)


if __name__ == "__main__":
    sys.exit(main())
