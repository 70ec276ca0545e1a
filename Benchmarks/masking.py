"""How fast the masking of secrets lets output pass: a step that prints 1 GB, with 1,000 secrets from a file.

    python3 Benchmarks/masking.py --ops FILE [--megabytes N] [--runs N]

Prints a table. `ops` runs beside `cat` and beside `sed` with one substitution for each secret (in the plain form only,
a tenth of what `ops` looks for, and on a hundredth of the input: it is that slow). All write to /dev/null.
"""

import argparse
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time

SECRETS = 1000
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
WORDS = (
    "info building compiling error: module 2026-11-26T06:43:56Z the Sources/Main/Connection.c took 12.5ms warning "
    "step [42/917] ok GET /api/v1/items 200 user-agent connection"
).split()


def write_log(path, size, secrets, chance):
    """Lines of a build's log; one in twenty holds a secret where there are any."""
    with open(path, "w") as file:
        block = []
        for number in range(40_000):
            line = " ".join(chance.choices(WORDS, k=9))
            block.append(line + " " + chance.choice(secrets) if secrets and number % 20 == 0 else line)
        text = "\n".join(block) + "\n"
        written = 0
        while written < size:
            part = text[: size - written]
            file.write(part)
            written += len(part)


def write_inputs(folder, size):
    """The recipe, its secrets, and a log without (`clean`) and one with secrets (`dirty`)."""
    chance = random.Random(5)
    secrets = ["".join(chance.choices(ALPHABET, k=32)) for _ in range(SECRETS)]
    write_log(os.path.join(folder, "clean"), size, [], chance)
    write_log(os.path.join(folder, "dirty"), size, secrets, chance)
    with open(os.path.join(folder, "dirty"), "rb") as source, open(os.path.join(folder, "part"), "wb") as part:
        part.write(source.read(size // 100))
    with open(os.path.join(folder, "secrets.json"), "w") as file:
        json.dump({f"s{index}": secret for index, secret in enumerate(secrets)}, file)
    with open(os.path.join(folder, "script.sed"), "w") as file:
        file.writelines(f"s/{secret}/[masked:many]/g\n" for secret in secrets)
    steps = "\n".join(
        f"  {name}:\n    run: [ cat, {name} ]\n    env: {{ SECRETS: '${{{{ secrets.many }}}}' }}"
        for name in ("clean", "dirty")
    )
    with open(os.path.join(folder, "ops.yaml"), "w") as file:
        file.write("ops: 1\nsecrets:\n  many: file://secrets.json\ntasks:\n")
        file.write(f"{steps}\n  none:\n    run: [ cat, clean ]\n")


def measure(command, folder, env, runs):
    """The median of the wall time, and of the CPU time of the command and of what it waited for, in seconds."""
    walls, cpus = [], []
    for _ in range(runs):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        begun = time.monotonic()
        result = subprocess.run(
            command, cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        walls.append(time.monotonic() - begun)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpus.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        if result.returncode != 0:
            sys.exit(f"error: {' '.join(command)} exited {result.returncode}: {result.stderr.decode()[-500:]}")
    return statistics.median(walls), statistics.median(cpus)


def check(ops, folder, env):
    """What is measured must work: no secret is left in the output."""
    output = subprocess.run(
        [ops, "run", "dirty"], cwd=folder, env=env, stdin=subprocess.DEVNULL, capture_output=True
    ).stdout
    with open(os.path.join(folder, "secrets.json")) as file:
        left = sum(secret.encode() in output for secret in json.load(file).values())
    if left or b"[masked:many]" not in output:
        sys.exit(f"error: {left} secrets are left in the output of a masked step")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--ops", required=True)
    parser.add_argument("--megabytes", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=5)
    chosen = parser.parse_args()
    ops, size = os.path.abspath(chosen.ops), chosen.megabytes * 1_000_000
    top = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="ops-masking.", dir=top) as folder:
        env = {"PATH": os.environ["PATH"], "HOME": folder, "OPS_STATE_DIR": os.path.join(folder, "state")}
        write_inputs(folder, min(size, 50_000_000))
        check(ops, folder, env)
        write_inputs(folder, size)
        rows = [
            ("cat, to /dev/null", ["cat", "clean"], size),
            ("cat, through a pipe", ["sh", "-c", "cat clean | cat"], size),
            ("ops, no secret", [ops, "run", "none"], size),
            ("ops, 1,000 secrets, none in the output", [ops, "run", "clean"], size),
            ("ops, 1,000 secrets, one in every 20th line", [ops, "run", "dirty"], size),
            ("sed, 1,000 substitutions, a hundredth of it", ["sed", "-f", "script.sed", "part"], size // 100),
        ]
        print("| work | wall | MB/s | CPU |\n| --- | ---: | ---: | ---: |")
        for title, command, count in rows:
            wall, cpu = measure(command, folder, env, chosen.runs)
            print(f"| {title} | {wall:.2f} s | {count / 1e6 / wall:,.0f} | {cpu:.2f} s |", flush=True)


if __name__ == "__main__":
    main()
