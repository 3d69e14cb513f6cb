"""Generated plans and what was planted in them, for scripts/check-findings and scripts/bench."""

import json
import subprocess
import sys
from pathlib import Path

GENERATOR = Path(__file__).resolve().parent / "gen-plan"


def differences(report, truth):
    """Lines that say what was missed or found too much."""
    lines = []
    for policy, expected in truth.items():
        for outcome in ("fail", "unknown"):
            found = {r["resource_address"] for r in report["results"] if r["policy_id"] == policy and r["outcome"] == outcome}
            planted = set(expected[outcome])
            for word, addresses in (("missed", planted - found), ("too many", found - planted)):
                if addresses:
                    lines.append(f"{policy} {outcome}: {len(addresses)} {word}, e.g. {sorted(addresses)[0]}")
    return lines


def count(truth):
    return sum(len(expected["fail"]) + len(expected["unknown"]) for expected in truth.values())


def generate(folder, size, seed):
    """Makes a plan; gives its path, its number of resources and what was planted."""
    plan, truth = Path(folder) / "plan.json", Path(folder) / "truth.json"
    command = [sys.executable, GENERATOR, "-n", str(size), "--seed", str(seed), "-o", plan, "--truth", truth]
    made = subprocess.run(command, check=True, capture_output=True, text=True)
    return plan, int(made.stderr.split()[0]), json.loads(truth.read_text())
