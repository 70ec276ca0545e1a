"""What it costs to hold a step to permissions: the same no-ops with them and without, side by side."""

import os

STEPS = 1000
LINES = {
    "files and ports": 'permissions: { read: [ . ], write: [ out ], net: [ "localhost:443" ] }\n',
    "no network": "permissions: { read: [ . ], net: none }\n",
}


def cost(inputs, ops, jobs, measure):
    """Seconds that a step takes longer, by what it is held to. `measure` gives the medians of commands."""
    source = os.path.join(inputs, "independent", "ops.yaml")
    with open(source) as file:
        first, rest = file.read().split("\n", 1)
    forms = {"free": ""} | LINES
    group = []
    for number, (name, line) in enumerate(forms.items()):
        folder = os.path.join(inputs, f"caged-{number}")
        os.makedirs(folder, exist_ok=True)
        path = os.path.join(folder, "ops.yaml")
        with open(path, "w") as file:
            file.write(f"{first}\n{line}{rest}")
        group.append((name, [ops, "run", "-f", path, "--jobs", str(jobs), "all"]))
    free, *held = measure(group)
    return {name: (seconds - free) / STEPS for (name, _), seconds in zip(group[1:], held)}
