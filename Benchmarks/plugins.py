"""What a step of an external plugin costs beside the start of the plugin's own program.

One task of many steps, each a call of a plugin in sh or in Python; beside it a shell that starts the same program as
often with the request that `ops` sends. What `ops` needs for a task without a step is taken off.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time

STEPS = 100

MANIFEST = """apiVersion: ops/plugin/v1
name: acme
version: 1.0.0
summary: Does nothing
protocol: [1]
run: bin/acme
actions:
  wait: { summary: Wait for nothing, inputs: { type: object, properties: { source: { type: string } } } }
"""

PROGRAM = """#!/bin/sh
read -r request
echo '{"type":"result","id":"r1","status":"ok"}'
"""

PYTHON = f"""#!{os.path.realpath(sys.executable)}
import json, sys
json.loads(sys.stdin.readline())
print('{{"type":"result","id":"r1","status":"ok"}}')
"""

KEEPING = """#!/bin/sh
read -r request
printf '%s\\n' "$request" >request
echo '{"type":"result","id":"r1","status":"ok"}'
"""


def write(folder, name, text, mode=0o644):
    path = os.path.join(folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(text)
    os.chmod(path, mode)


def seconds(command, folder, env):
    begun = time.perf_counter()
    result = subprocess.run(command, cwd=folder, env=env, stdin=subprocess.DEVNULL, capture_output=True)
    taken = time.perf_counter() - begun
    if result.returncode != 0:
        raise SystemExit(f"error: {command} exited {result.returncode}: {result.stderr.decode()[-500:]}")
    return taken


def medians(commands, folder, env, runs):
    """Of each command in seconds. They take turns: what else the machine does is shared."""
    rounds = [[seconds(command, folder, env) for command in commands] for _ in range(runs)]
    return [statistics.median(times) for times in zip(*rounds)]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ops", required=True)
    parser.add_argument("--runs", type=int, default=11)
    options = parser.parse_args()
    ops = os.path.abspath(options.ops)
    # A file system in memory, as for the other measurements of steps.
    place = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=place) as top:
        env = {"PATH": os.environ["PATH"], "HOME": top, "TMPDIR": top, "OPS_STATE_DIR": os.path.join(top, "state")}
        write(top, ".ops/plugins/acme/plugin.yaml", MANIFEST)
        steps = "".join("      - { acme.wait: { source: dist } }\n" for _ in range(STEPS))
        one = "  one: { acme.wait: { source: dist } }\n"
        write(top, "ops.yaml", f"ops: 1\ntasks:\n  none: {{}}\n{one}  many:\n    steps:\n{steps}")
        write(top, ".ops/plugins/acme/bin/acme", KEEPING, 0o755)
        seconds([ops, "one"], top, env)
        loop = f"i=0; while [ $i -lt {STEPS} ]; do .ops/plugins/acme/bin/acme apply <request >/dev/null; i=$((i+1)); done"
        print("| plugin in | the program alone, started by sh | a step of ops | factor (target: at most 1.5) |")
        print("| --- | ---: | ---: | ---: |")
        for language, program in (("sh", PROGRAM), ("Python", PYTHON)):
            write(top, ".ops/plugins/acme/bin/acme", program, 0o755)
            commands = [["sh", "-c", loop], [ops, "many"], [ops, "none"]]
            own, whole, base = medians(commands, top, env, options.runs)
            own /= STEPS
            step = (whole - base) / STEPS
            print(f"| {language} | {own * 1000:.2f} ms | {step * 1000:.2f} ms | {step / own:.2f} |")


if __name__ == "__main__":
    main()
