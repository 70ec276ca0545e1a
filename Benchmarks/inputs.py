"""Writes the benchmark's inputs: the same graphs for every tool, one folder each.

    python3 Benchmarks/inputs.py FOLDER

noop, independent, chain   commands that a tool starts itself: ops, make
sh-independent, sh-chain   the same through a shell: ops, ninja, just, Task (whose shell is built in)
list                       2,000 tasks that are only listed: ops, just, Task
up-to-date                 10,000 copies of a file each, which the first run makes: ops, ninja, make, Task
resume                     10,000 finished steps and one that fails: ops
"""

import os
import sys

import resume

GRAPH = 1000
LISTED = 2000
# Ten tasks of a thousand instances for ops, whose matrix ends there.
GROUPS, COPIES = 10, 1000


def write(folder, name, lines):
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), "w") as file:
        file.write("\n".join(lines) + "\n")


def needs(index, chained):
    """The numbers of the tasks that task `index` waits for."""
    return [index - 1] if chained and index > 0 else []


def roots(count, chained):
    """The numbers of the tasks that the `all` task names."""
    return [count - 1] if chained else range(count)


def ops(folder, count, chained, shell):
    lines = ["ops: 1"]
    if shell:
        lines += ["defaults: { shell: sh }"]
    lines += ["tasks:", "  all: { needs: [ %s ] }" % ", ".join(f"t{i}" for i in roots(count, chained))]
    action = '"true"' if shell else '[ "true" ]'
    for i in range(count):
        need = "".join(f", needs: [ t{n} ]" for n in needs(i, chained))
        lines.append(f"  t{i}: {{ run: {action}{need} }}")
    write(folder, "ops.yaml", lines)


def make(folder, count, chained):
    names = " ".join(f"t{i}" for i in range(count))
    lines = [f".PHONY: all {names}", "all: " + " ".join(f"t{i}" for i in roots(count, chained))]
    for i in range(count):
        lines += [f"t{i}: " + " ".join(f"t{n}" for n in needs(i, chained)), "\t@true"]
    write(folder, "Makefile", lines)


def ninja(folder, count, chained):
    lines = ["rule noop", "  command = true"]
    for i in range(count):
        lines.append(f"build t{i}: noop " + " ".join(f"t{n}" for n in needs(i, chained)))
    lines += ["build all: phony " + " ".join(f"t{i}" for i in roots(count, chained)), "default all"]
    write(folder, "build.ninja", lines)


def just(folder, count, chained):
    # A chain in parallel overflows just's stack.
    lines = [] if chained else ["[parallel]"]
    lines.append("all: " + " ".join(f"t{i}" for i in roots(count, chained)))
    for i in range(count):
        lines += [f"t{i}: " + " ".join(f"t{n}" for n in needs(i, chained)), "    @true"]
    write(folder, "justfile", lines)


def task(folder, count, chained):
    lines = ["version: '3'", "silent: true", "tasks:"]
    lines += ["  all: { deps: [ %s ] }" % ", ".join(f"t{i}" for i in roots(count, chained))]
    for i in range(count):
        need = "".join(f", deps: [ t{n} ]" for n in needs(i, chained))
        lines.append(f"  t{i}: {{ cmds: [ 'true' ]{need} }}")
    write(folder, "Taskfile.yml", lines)


def listed(folder):
    recipe, justfile, taskfile = ["ops: 1", "tasks:"], [], ["version: '3'", "tasks:"]
    for i in range(LISTED):
        recipe += [f"  task-{i}:", f"    description: Build part {i}", '    run: [ "true" ]']
        justfile += [f"# Build part {i}", f"task-{i}:", "    @true"]
        taskfile += [f"  task-{i}:", f"    desc: Build part {i}", "    cmds: [ 'true' ]"]
    write(folder, "ops.yaml", recipe)
    write(folder, "justfile", justfile)
    write(folder, "Taskfile.yml", taskfile)


def up_to_date(top):
    """A folder for each tool, so that none sees what another made."""
    pairs = [(f"src/{g}/{i}", f"out/{g}/{i}") for g in range(GROUPS) for i in range(COPIES)]
    for tool in ("ops", "ninja", "make", "task"):
        for g in range(GROUPS):
            for part in ("src", "out"):
                os.makedirs(os.path.join(top, tool, part, str(g)), exist_ok=True)
        for source, _ in pairs:
            write(os.path.join(top, tool), source, [source])
    numbers = ", ".join(str(i) for i in range(COPIES))
    recipe = ["ops: 1", f"vars: {{ numbers: [ {numbers} ] }}", "tasks:"]
    recipe.append("  all: { needs: [ %s ] }" % ", ".join(f"copy{g}" for g in range(GROUPS)))
    for g in range(GROUPS):
        recipe += [
            f"  copy{g}:",
            '    matrix: { n: "${{ vars.numbers }}" }',
            f'    sources: "src/{g}/${{{{ matrix.n }}}}"',
            f'    produces: [ "out/{g}/${{{{ matrix.n }}}}" ]',
            f'    run: [ cp, "src/{g}/${{{{ matrix.n }}}}", "out/{g}/${{{{ matrix.n }}}}" ]',
        ]
    write(os.path.join(top, "ops"), "ops.yaml", recipe)
    lines = ["rule copy", "  command = cp $in $out"] + [f"build {out}: copy {source}" for source, out in pairs]
    lines += ["build all: phony " + " ".join(out for _, out in pairs), "default all"]
    write(os.path.join(top, "ninja"), "build.ninja", lines)
    lines = ["all: " + " ".join(out for _, out in pairs)]
    for source, out in pairs:
        lines += [f"{out}: {source}", f"\t@cp {source} {out}"]
    write(os.path.join(top, "make"), "Makefile", lines)
    lines = ["version: '3'", "silent: true", "tasks:"]
    lines.append("  all: { deps: [ %s ] }" % ", ".join(f"t{i}" for i in range(len(pairs))))
    for i, (source, out) in enumerate(pairs):
        lines.append(f"  t{i}: {{ sources: [ {source} ], generates: [ {out} ], cmds: [ 'cp {source} {out}' ] }}")
    write(os.path.join(top, "task"), "Taskfile.yml", lines)


def main():
    top = sys.argv[1]
    for name, count, chained in [("noop", 1, False), ("independent", GRAPH, False), ("chain", GRAPH, True)]:
        folder = os.path.join(top, name)
        ops(folder, count, chained, shell=False)
        for tool in (make, ninja, just, task):
            tool(folder, count, chained)
        if name != "noop":
            ops(os.path.join(top, "sh-" + name), count, chained, shell=True)
    listed(os.path.join(top, "list"))
    up_to_date(os.path.join(top, "up-to-date"))
    resume.write_input(top)


main()
