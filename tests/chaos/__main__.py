"""`python -m tests.chaos`: run the whole system, hurt it, and check that nothing was lost and nothing charged twice.

The same as `make chaos`. Exits with 1 if anything was found wrong.
"""

import argparse
import asyncio
import random
import sys
import tempfile
from pathlib import Path

from tests.chaos.plan import SLOTS, Plan
from tests.chaos.run import run


def main() -> int:
    """Run, print the report, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--duration", type=float, default=120, help="seconds of trouble (default: 120)")
    parser.add_argument("--seed", type=int, help="reproduces a run's plan (default: a new one)")
    parser.add_argument("--lives", type=int, default=SLOTS, help=f"accounts at the same time (default: {SLOTS})")
    parser.add_argument("--data", type=Path, help="an empty directory where databases and logs stay")
    asked = parser.parse_args()
    seed = asked.seed if asked.seed is not None else random.SystemRandom().randrange(10**6)
    plan = Plan.of(seed, asked.duration, asked.lives)
    print(f"seed {seed}, plan {plan.digest}: {asked.duration:.0f} seconds of trouble", flush=True)
    told = asyncio.run(run(plan, data=asked.data, progress=lambda line: print(line, file=sys.stderr, flush=True)))
    print("\n".join(told.lines()))
    if not told.holds:
        case = Path(tempfile.gettempdir()) / f"reprise-chaos-{seed}.json"
        case.write_text(told.case())
        print(f"evidence         {case}")
    return 0 if told.holds else 1


if __name__ == "__main__":
    sys.exit(main())
