"""Runs the benchmark's commands side by side and writes the table.

    python3 Benchmarks/measure.py --inputs FOLDER --ops FILE --tools FOLDER --out FILE [--quick]

Times are medians of hyperfine without a shell; memory is the largest resident set of a command and of what it
waited for, the median of five.
"""

import argparse
import json
import os
import platform
import shlex
import statistics
import subprocess
import sys
import tempfile

import caged
import resume

JOBS = 2


def commands(inputs, ops, tools):
    """Groups: title, the tool that ratios are against, target, runs, and (tool, command) pairs."""
    just, task = os.path.join(tools, "just"), os.path.join(tools, "task")

    def at(folder, **chosen):
        path = os.path.join(inputs, folder)
        forms = {
            "ops": [ops, "run", "-f", f"{path}/ops.yaml", "--jobs", str(JOBS), "all"],
            "just": [just, "-f", f"{path}/justfile", "all"],
            "Task": [task, "-t", f"{path}/Taskfile.yml", "-C", str(JOBS), "all"],
            "make": ["make", "-s", "-C", path, f"-j{JOBS}", "all"],
            "ninja": ["ninja", "--quiet", "-C", path, f"-j{JOBS}", "all"],
        }
        return [(tool, chosen.get(tool) or forms[tool]) for tool in chosen]

    shell = {tool: None for tool in ("ninja", "just", "Task")}
    listed = os.path.join(inputs, "list")

    def through_shell(folder):
        return at("sh-" + folder, ops=None) + at(folder, **shell)

    return [
        ("Start-up with one no-op", "just", 2.0, 200, at("noop", ops=None, just=None, Task=None, make=None, ninja=None)),
        ("1,000 independent no-ops, started directly", "make", 1.2, 10, at("independent", ops=None, make=None)),
        ("1,000 chained no-ops, started directly", "make", 1.2, 10, at("chain", ops=None, make=None)),
        ("1,000 independent no-ops, through a shell", "ninja", 1.0, 10, through_shell("independent")),
        ("1,000 chained no-ops, through a shell", "ninja", 1.0, 10, through_shell("chain")),
        (
            "10,000 tasks, all up to date", "ninja", 3.0, 10,
            at("up-to-date/ops", ops=None) + at("up-to-date/ninja", ninja=None) + at("up-to-date/make", make=None)
            + at("up-to-date/task", Task=None),
        ),
        (
            "Listing 2,000 tasks", "just", 0.5, 30,
            [
                ("ops", [ops, "list", "-f", f"{listed}/ops.yaml"]),
                ("just", [just, "-f", f"{listed}/justfile", "--list"]),
                ("Task", [task, "-t", f"{listed}/Taskfile.yml", "--list"]),
            ],
        ),
    ]


def environment(inputs):
    """State, caches and temporary files lie beside the inputs; nothing of the user's settings takes part."""
    state = os.path.join(inputs, "state")
    home = os.path.join(state, "home")
    os.makedirs(home, exist_ok=True)
    keep = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    return keep | {"HOME": home, "OPS_STATE_DIR": state, "XDG_CACHE_HOME": state, "TMPDIR": state}


def run(command, env):
    return subprocess.run(command, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True)


def times(group, runs, env):
    """Medians in seconds, in the order of the commands."""
    with tempfile.NamedTemporaryFile(suffix=".json") as out:
        command = ["hyperfine", "-N", "--style", "none", "--warmup", "3", "--runs", str(runs)]
        command += ["--export-json", out.name] + [shlex.join(c) for _, c in group]
        result = run(command, env)
        if result.returncode != 0:
            sys.exit(f"error: hyperfine failed:\n{result.stderr}")
        return [entry["median"] for entry in json.load(out)["results"]]


def memory(command, env, runs):
    """The median of the largest resident set in MiB. Measured by time(1): a child of Python counts Python's own."""
    peaks = []
    for _ in range(runs):
        if sys.platform == "darwin":
            result = run(["/usr/bin/time", "-l"] + command, env)
            line = next(line for line in result.stderr.splitlines() if "maximum resident set size" in line)
            peaks.append(int(line.split()[0]) / 1024**2)
        else:
            with tempfile.NamedTemporaryFile() as out:
                run(["/usr/bin/time", "-f", "%M", "-o", out.name] + command, env)
                peaks.append(int(out.read().split()[-1]) / 1024)
    return statistics.median(peaks)


def version(command):
    lines = run(command, dict(os.environ)).stdout.splitlines()
    return lines[0].strip() if lines else "unknown"


def processor():
    try:
        with open("/proc/cpuinfo") as file:
            return next(line.split(":", 1)[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.machine()


def milliseconds(seconds):
    value = seconds * 1000
    return f"{value:.1f} ms" if value < 100 else f"{value:,.0f} ms"


def shown(command, inputs, ops, tools):
    text = shlex.join(command)
    for path, name in ((inputs, "$INPUTS"), (ops, "ops"), (tools + "/", "")):
        text = text.replace(path, name)
    return text


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--inputs", required=True)
    parser.add_argument("--ops", required=True)
    parser.add_argument("--tools", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--quick", action="store_true", help="three runs of each, to see that all work")
    chosen = parser.parse_args()
    inputs, ops, tools = (os.path.abspath(p) for p in (chosen.inputs, chosen.ops, chosen.tools))
    env = environment(inputs)
    groups = commands(inputs, ops, tools)

    # Every command must work before any is timed.
    for title, _, _, _, group in groups:
        for tool, command in group:
            result = run(command, env)
            if result.returncode != 0:
                sys.exit(
                    f"error: {tool} failed ({title}): {shlex.join(command)} exited {result.returncode}\n"
                    + (result.stderr or result.stdout)[-2000:]
                )

    lines = [
        "# Results",
        "",
        "Written by `scripts/bench`. Times are medians; compare within a row's group only, as ratios of one run.",
        "",
        "| work | tool | median | ratio | peak memory | target |",
        "| --- | --- | ---: | ---: | ---: | --- |",
    ]
    missed = []
    for title, reference, target, runs, group in groups:
        print(f"{title} …", file=sys.stderr)
        measured = times(group, 3 if chosen.quick else runs, env)
        base = measured[[tool for tool, _ in group].index(reference)]
        for index, ((tool, command), seconds) in enumerate(zip(group, measured)):
            peak = memory(command, env, 1 if chosen.quick else 5)
            goal = ""
            if tool == "ops":
                met = seconds <= target * base
                goal = f"≤ {target:g} × {reference}: {'met' if met else 'missed'}"
                if not met:
                    missed.append(f"{title}: {seconds / base:.2f} × {reference}")
                peers = dict(zip((tool for tool, _ in group), measured))
                if title.endswith("up to date"):
                    is_fast = seconds * 5 <= peers["Task"]
                    goal += f"; 5 × faster than Task: {'met' if is_fast else 'missed'}"
                    if not is_fast:
                        missed.append(f"{title}: {peers['Task'] / seconds:.1f} × faster than Task")
                if title.startswith("Start-up"):
                    goal += f"; < 24 MiB: {'met' if peak < 24 else 'missed'}"
                    if peak >= 24:
                        missed.append(f"peak memory of the no-op: {peak:.1f} MiB")
            ratio = f"{seconds / base:.2f}"
            name = title if index == 0 else ""
            lines.append(f"| {name} | {tool} | {milliseconds(seconds)} | {ratio} | {peak:.1f} MiB | {goal} |")
    print("A resumed run …", file=sys.stderr)
    resumed = resume.first_step(inputs, ops, env, 3 if chosen.quick else 15)
    if resumed > 0.1:
        missed.append(f"a resumed run's first new step: {milliseconds(resumed)}")
    print("Steps held to permissions …", file=sys.stderr)
    held = caged.cost(inputs, ops, JOBS, lambda group: times(group, 3 if chosen.quick else 10, env))
    if held["files and ports"] > 0.0002:
        missed.append(f"Landlock adds {held['files and ports'] * 1e6:.0f} µs to a step")
    size = os.path.getsize(ops) / 1e6
    if size >= 35:
        missed.append(f"the executable: {size:.1f} MB")
    lines += [
        "",
        f"The stripped executable is {size:.1f} MB (target: under 35 MB, {'met' if size < 35 else 'missed'}).",
        f"A resumed run of {resume.STEPS:,} finished steps starts its first new step {milliseconds(resumed)} after"
        f" `ops resume` (target: 100 ms, {'met' if resumed <= 0.1 else 'missed'}).",
        f"Landlock adds {held['files and ports'] * 1e6:.0f} µs to a step (target: 200 µs,"
        f" {'met' if held['files and ports'] <= 0.0002 else 'missed'}); a network namespace besides it makes that"
        f" {held['no network'] * 1e6:.0f} µs. With {JOBS} steps at a time.",
        "Ratios are against the tool that the target names. Task runs commands in a shell of its own, in its process;",
        "make starts them itself; ninja and just start a shell for each.",
        "",
        "## Machine and versions",
        "",
        f"- {os.cpu_count()} cores, {processor()}; {platform.system()} {platform.release()}; inputs and state on "
        + ("tmpfs" if inputs.startswith("/dev/shm") else "a temporary folder"),
        f"- {version([ops, '--version'])}; {version([tools + '/just', '--version'])};"
        f" Task {version([tools + '/task', '--version'])}; {version(['make', '--version'])};"
        f" ninja {version(['ninja', '--version'])}; {version(['hyperfine', '--version'])}",
        "",
        "## Commands",
        "",
        "`$INPUTS` is what `Benchmarks/inputs.py` writes. Each runs under `hyperfine -N --warmup 3 --runs N`.",
        "",
        "```",
    ]
    for title, _, _, runs, group in groups:
        lines.append(f"# {title} ({runs} runs)")
        lines += [shown(command, inputs, ops, tools) for _, command in group]
    lines.append("```")
    text = "\n".join(lines) + "\n"
    with open(chosen.out + ".new", "w") as file:
        file.write(text)
    os.replace(chosen.out + ".new", chosen.out)
    print("\n".join(line for line in lines if line.startswith("|")))
    for line in missed:
        print(f"missed: {line}")


main()
