#!/usr/bin/env python3
"""Applies, plans and destroys a stack of resources in layers, and says what each costs.

Usage: python3 benches/layers.py [RESOURCES ...]      (default: 1000)

Builds evstack in release mode, then runs it as a user would: each figure is one whole process, its
CPU time (user and system) and its peak memory as the kernel counts them. Every call to the embedded
local cloud goes through the AWS SDK. Commands that don't change anything run several times; the
median is shown.
"""

import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
EVSTACK = ROOT / "target/release/evstack"
WIDTH = 100


def stack(count):
    """Layers of WIDTH queues; each carries the ARNs of two of the layer before in its tags."""
    lines = ["name: layers", "resources:"]
    for i in range(count):
        lines += [
            f"  r{i}:",
            "    type: AWS::SQS::Queue",
            "    properties:",
            f"      VisibilityTimeout: {i % 600}",
        ]
        if i >= WIDTH:
            one, other = i - WIDTH, i - WIDTH + (1 if (i + 1) % WIDTH else 1 - WIDTH)
            lines += [
                "      Tags:",
                f"        - {{Key: one, Value: '${{resource.r{one}.Arn}}'}}",
                f"        - {{Key: other, Value: '${{resource.r{other}.QueueUrl}}'}}",
            ]
    return "\n".join(lines) + "\n"


def run(folder, *arguments):
    """Wall seconds, CPU seconds, peak MiB, output."""
    started = time.monotonic()
    process = subprocess.Popen(
        [EVSTACK, *arguments],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=(folder / "out").open("wb"),
        stderr=subprocess.STDOUT,
        env={**os.environ, "NO_COLOR": "1"},
    )
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - started
    output = (folder / "out").read_text()
    if status:
        sys.exit(f"evstack {' '.join(arguments)} ended with {status}:\n{output[-2000:]}")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, output


def show(name, runs):
    wall, cpu, memory = (statistics.median(r[i] for r in runs) for i in range(3))
    print(f"{name:28} {cpu:8.3f} s CPU {wall:8.3f} s wall {memory:8.1f} MiB", flush=True)


def expect(text, output):
    if text not in output:
        sys.exit(f"expected {text!r} in:\n{output[-2000:]}")


def measure(count):
    print(f"{count} resources in layers of {WIDTH}")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "evstack.yaml").write_text(stack(count))
        (folder / ".evstack").mkdir()
        show("evstack --version", [run(folder, "--version") for _ in range(9)])
        applied = run(folder, "apply", "--yes")
        expect(f"Resources: {count} added, 0 changed, 0 destroyed.", applied[3])
        show("apply", [applied])
        planned = [run(folder, "plan") for _ in range(5)]
        expect("No changes.", planned[0][3])
        show("plan, nothing changed", planned)
        offline = [run(folder, "plan", "--refresh=false") for _ in range(5)]
        expect("No changes.", offline[0][3])
        show("plan, without reads", offline)
        destroyed = run(folder, "destroy", "--yes")
        expect(f"Destroy complete! Resources: {count} destroyed.", destroyed[3])
        show("destroy", [destroyed])


def main():
    subprocess.run(["cargo", "build", "--release", "--locked", "--quiet"], cwd=ROOT, check=True)
    for count in [int(a) for a in sys.argv[1:]] or [1000]:
        measure(count)


if __name__ == "__main__":
    main()
