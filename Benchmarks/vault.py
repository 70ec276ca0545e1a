"""Fifty secrets of one Vault: `ops run` of a step that gets them, beside the server's own tool called once for each.

    python3 Benchmarks/vault.py --ops FILE --tools FOLDER [--runs N]

Both ask one OpenBao development server on loopback, whose audit log counts the requests. Prints a table.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

from fetch import free_port, median, run

COUNT = 50
TOKEN = "bench-root-token"


def call(address, path, body=None, method=None):
    request = urllib.request.Request(
        f"{address}/v1/{path}", None if body is None else json.dumps(body).encode(), {"X-Vault-Token": TOKEN},
        method=method or ("GET" if body is None else "POST"))
    with urllib.request.urlopen(request, timeout=10) as answer:
        text = answer.read()
        return json.loads(text) if text else {}


def wait_for(address, server):
    for _ in range(600):
        if server.poll() is not None:
            sys.exit(f"error: bao exited {server.returncode}")
        try:
            return call(address, "sys/health")
        except (OSError, urllib.error.URLError):
            time.sleep(0.1)
    sys.exit("error: bao does not answer")


def requests(log, start):
    """By path, the requests that the audit log has from a place on."""
    counts = {}
    with open(log) as file:
        file.seek(start)
        for line in file:
            entry = json.loads(line)
            if entry["type"] == "request":
                path = entry["request"]["path"]
                counts[path] = counts.get(path, 0) + 1
    return counts


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--ops", required=True)
    parser.add_argument("--tools", required=True, help="the folder of bao")
    parser.add_argument("--runs", type=int, default=7)
    chosen = parser.parse_args()
    ops, bao = os.path.abspath(chosen.ops), os.path.join(os.path.abspath(chosen.tools), "bao")
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory(prefix="ops-vault.") as folder:
        log = os.path.join(folder, "audit.log")
        config = os.path.join(folder, "audit.hcl")
        with open(config, "w") as file:
            file.write(f'audit "file" "log" {{ options {{ file_path = "{log}" }} }}\n')
        server = subprocess.Popen(
            [bao, "server", "-dev", "-dev-no-store-token", f"-dev-root-token-id={TOKEN}",
             f"-dev-listen-address=127.0.0.1:{port}", f"-config={config}"],
            cwd=folder, env={"PATH": os.environ["PATH"], "HOME": folder}, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait_for(address, server)
            for number in range(COUNT):
                call(address, f"secret/data/bench/{number}", {"data": {"value": f"value-of-number-{number:04}"}})
            call(address, "sys/policies/acl/bench", {"policy": 'path "*" { capabilities = ["read", "update"] }'})
            call(address, "sys/auth/approle", {"type": "approle"})
            call(address, "auth/approle/role/bench", {"token_policies": ["bench"], "token_ttl": "10m"})
            role = call(address, "auth/approle/role/bench/role-id")["data"]["role_id"]
            secret = call(address, "auth/approle/role/bench/secret-id", {})["data"]["secret_id"]
            names = [f"s{number}" for number in range(COUNT)]
            lines = ["ops: 1", "secrets:"]
            lines += [f'  {name}: "vault://secret/bench/{name[1:]}#value"' for name in names]
            lines += ["tasks:", "  all:", "    run: 'test -n \"$S49\"'", "    shell: sh", "    env:"]
            lines += [f'      {name.upper()}: "${{{{ secrets.{name} }}}}"' for name in names]
            with open(os.path.join(folder, "ops.yaml"), "w") as file:
                file.write("\n".join(lines) + "\n")
            env = {
                "PATH": os.environ["PATH"], "HOME": folder, "OPS_STATE_DIR": os.path.join(folder, "state"),
                "VAULT_ADDR": address, "VAULT_ROLE_ID": role, "VAULT_SECRET_ID": secret,
            }
            start = os.path.getsize(log)
            run([ops, "run", "-q", "all"], folder, env)
            counts = requests(log, start)
            own = median([ops, "run", "-q", "all"], folder, env, chosen.runs)
            tool = {"PATH": os.environ["PATH"], "HOME": folder, "BAO_ADDR": address, "BAO_TOKEN": TOKEN}
            times = []
            for _ in range(3):
                begun = time.monotonic()
                for number in range(COUNT):
                    run([bao, "kv", "get", "-mount=secret", "-field=value", f"bench/{number}"], folder, tool)
                times.append(time.monotonic() - begun)
            peer = statistics.median(times)
        finally:
            server.terminate()
            server.wait()
    logins = counts.pop("auth/approle/login", 0)
    most = max((count for path, count in counts.items() if path.startswith("secret/data/")), default=0)
    print(f"| {COUNT} secrets of one Vault | median | ratio |\n| --- | ---: | ---: |")
    print(f"| `bao kv get`, {COUNT} times | {peer * 1000:.0f} ms | 1.00 |")
    print(f"| ops run, a step with all of them | {own * 1000:.0f} ms | {own / peer:.3f} |")
    print(f"\nLogins: {logins}. Most requests for one path: {most}. Requests in all: {sum(counts.values()) + logins}.")


if __name__ == "__main__":
    main()
