"""How soon a resumed run starts its first new step, when 10,000 steps are finished.

The last task always fails, so that the run can be resumed again and again; its command notes when it started.
"""

import os
import statistics
import subprocess
import time

STEPS = 10_000


def write_input(top):
    """`resume`: 10,000 no-op tasks, and one that needs them all."""
    folder = os.path.join(top, "resume")
    os.makedirs(folder, exist_ok=True)
    lines = ["ops: 1", "tasks:"]
    lines += [f'  t{i}: {{ run: [ "true" ] }}' for i in range(STEPS)]
    needs = ", ".join(f"t{i}" for i in range(STEPS))
    lines += ["  last:", f"    needs: [ {needs} ]", "    run: [ sh, -c, 'date +%s%N > started; exit 1' ]"]
    with open(os.path.join(folder, "ops.yaml"), "w") as file:
        file.write("\n".join(lines) + "\n")


def first_step(inputs, ops, env, runs):
    """The median in seconds from the start of `ops resume` to the start of the step."""
    folder = os.path.join(inputs, "resume")
    # A state of its own: the other runs would be pruned with it.
    env = env | {"OPS_STATE_DIR": os.path.join(folder, "state")}

    def call(*words):
        return subprocess.run([ops, *words], cwd=folder, env=env, stdin=subprocess.DEVNULL, capture_output=True)

    if call("last").returncode != 1:
        raise SystemExit("error: the run that is to be resumed did not fail as it should")
    delays = []
    for _ in range(runs):
        begun = time.time_ns()
        result = call("resume")
        if result.returncode != 1:
            raise SystemExit(f"error: ops resume exited {result.returncode}: {result.stderr.decode()[-500:]}")
        with open(os.path.join(folder, "started")) as file:
            delays.append((int(file.read()) - begun) / 1e9)
    return statistics.median(delays)
