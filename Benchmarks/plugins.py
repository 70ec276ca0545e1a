"""What a step of an external plugin costs beside the start of the plugin's own program.

One task of many steps, each a call of a plugin in sh or in Python; beside it a shell that starts the same program as
often with the same request. What `ops` needs for a task without a step is taken off.
"""

import argparse
import os
import statistics
import subprocess
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

PYTHON = """#!/usr/bin/env python3
import json, sys
json.loads(sys.stdin.readline())
print('{"type":"result","id":"r1","status":"ok"}')
"""

REQUEST = '{"ops":1,"type":"request","id":"r1","verb":"apply","action":"wait","inputs":{"source":"dist"}}\n'


def write(folder, name, text, mode=0o644):
    path = os.path.join(folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(text)
    os.chmod(path, mode)


def median(command, folder, env, runs):
    times = []
    for _ in range(runs):
        begun = time.perf_counter()
        result = subprocess.run(command, cwd=folder, env=env, stdin=subprocess.DEVNULL, capture_output=True)
        times.append(time.perf_counter() - begun)
        if result.returncode != 0:
            raise SystemExit(f"error: {command} exited {result.returncode}: {result.stderr.decode()[-500:]}")
    return statistics.median(times)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ops", required=True)
    parser.add_argument("--runs", type=int, default=11)
    options = parser.parse_args()
    ops = os.path.abspath(options.ops)
    with tempfile.TemporaryDirectory() as top:
        env = {"PATH": os.environ["PATH"], "HOME": top, "OPS_STATE_DIR": os.path.join(top, "state")}
        write(top, ".ops/plugins/acme/plugin.yaml", MANIFEST)
        write(top, "request", REQUEST)
        steps = "".join("      - { acme.wait: { source: dist } }\n" for _ in range(STEPS))
        write(top, "ops.yaml", f"ops: 1\ntasks:\n  none: {{}}\n  many:\n    steps:\n{steps}")
        loop = f"i=0; while [ $i -lt {STEPS} ]; do .ops/plugins/acme/bin/acme apply <request >/dev/null; i=$((i+1)); done"
        print("| plugin in | the program alone, started by sh | a step of ops | factor (target: at most 1.5) |")
        print("| --- | ---: | ---: | ---: |")
        for language, program in (("sh", PROGRAM), ("Python", PYTHON)):
            write(top, ".ops/plugins/acme/bin/acme", program, 0o755)
            own = median(["sh", "-c", loop], top, env, options.runs) / STEPS
            whole = median([ops, "many"], top, env, options.runs)
            base = median([ops, "none"], top, env, options.runs)
            step = (whole - base) / STEPS
            print(f"| {language} | {own * 1000:.2f} ms | {step * 1000:.2f} ms | {step / own:.2f} |")


if __name__ == "__main__":
    main()
