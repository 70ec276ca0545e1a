#!/usr/bin/env python3
"""Measures what it costs to read and compare what a recipe includes from others: COUNT includes, each a tree of its own
with three files, listed warm, beside the same recipes as files of the project."""

import argparse
import os
import re
import subprocess
import tempfile
import time


def shell(folder, *command, environment=None):
    result = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    return result


def median(ops, folder, environment, runs):
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        result = shell(folder, ops, "list", environment=environment)
        times.append(time.perf_counter() - start)
        if result.returncode != 0:
            raise SystemExit(result.stderr)
    return sorted(times)[len(times) // 2] * 1000


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ops", required=True)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--runs", type=int, default=21)
    options = parser.parse_args()
    ops = os.path.abspath(options.ops)
    with tempfile.TemporaryDirectory() as root:
        environment = {"PATH": os.environ["PATH"], "HOME": root, "LC_ALL": "C.UTF-8"}
        repository = os.path.join(root, "recipes")
        project = os.path.join(root, "project")
        local = os.path.join(root, "local")
        for folder in (repository, project, local):
            os.mkdir(folder)
        git = ["git", "-c", "user.name=bench", "-c", "user.email=bench@example.com"]
        shell(repository, "git", "init", "-q", environment=environment)
        remote, files = "ops: 1\ninclude:\n", "ops: 1\ninclude:\n"
        for number in range(options.count):
            recipe = f"ops: 1\ntasks: {{ t{number}: {{ description: Number {number}, run: echo {number} }} }}\n"
            for name, text in (("ops.yaml", recipe), ("data", "x" * 2000), ("run.sh", f"echo {number}\n")):
                with open(os.path.join(repository, name), "w") as file:
                    file.write(text)
            with open(os.path.join(local, f"r{number}.yaml"), "w") as file:
                file.write(recipe)
            shell(repository, "git", "add", "-A", environment=environment)
            shell(repository, *git, "commit", "-qm", "change", environment=environment)
            shell(repository, "git", "tag", f"v{number}", environment=environment)
            remote += f"  i{number}: git+file://{repository}?ref=v{number}\n"
            files += f"  i{number}: r{number}.yaml\n"
        for folder, text in ((project, remote), (local, files)):
            with open(os.path.join(folder, "ops.yaml"), "w") as file:
                file.write(text + "tasks: { t: { run: echo own } }\n")
        start = time.perf_counter()
        asked = shell(project, ops, "lock", environment=environment)
        accept = [word for digest in re.findall(r"--accept (\S+)", asked.stderr) for word in ("--accept", digest)]
        locked = shell(project, ops, "lock", *accept, environment=environment)
        if locked.returncode != 0:
            raise SystemExit(locked.stderr)
        locking = time.perf_counter() - start
        median(ops, project, environment, 3)
        verified = median(ops, project, environment, options.runs)
        plain = median(ops, local, environment, options.runs)
        print(f"| {options.count} includes | list, median of {options.runs} |\n| --- | --- |")
        print(f"| locked, each tree read and compared | {verified:.1f} ms |")
        print(f"| as files of the project | {plain:.1f} ms |")
        print(f"| what it costs that they are locked (target: under 50 ms) | {verified - plain:.1f} ms |")
        print(f"\nLocking them twice over from a repository on this machine took {locking:.1f} s.")


if __name__ == "__main__":
    main()
