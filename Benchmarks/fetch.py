"""One secret from AWS Secrets Manager: `ops run` of a step that gets it, beside the AWS command-line tool.

    python3 Benchmarks/fetch.py --ops FILE --tools FOLDER [--runs N]

Both ask one moto server on loopback. Prints a table.
"""

import argparse
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time

RECIPE = """\
ops: 1
secrets: { password: "aws-sm://bench#password" }
tasks:
  show: { run: 'test -n "$PASSWORD"', shell: sh, env: { PASSWORD: "${{ secrets.password }}" } }
  nothing: { run: 'test -n "$HOME"', shell: sh }
"""


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def run(command, folder, env):
    result = subprocess.run(command, cwd=folder, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"error: {' '.join(command)} exited {result.returncode}: {result.stderr[-500:]}{result.stdout[-500:]}")


def median(command, folder, env, runs):
    times = []
    for _ in range(runs):
        begun = time.monotonic()
        run(command, folder, env)
        times.append(time.monotonic() - begun)
    return statistics.median(times)


def wait_for(port, server):
    for _ in range(300):
        if server.poll() is not None:
            sys.exit(f"error: moto_server exited {server.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.1)
    sys.exit("error: moto_server does not listen")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--ops", required=True)
    parser.add_argument("--tools", required=True, help="the folder of aws and moto_server")
    parser.add_argument("--runs", type=int, default=15)
    chosen = parser.parse_args()
    ops, tools, port = os.path.abspath(chosen.ops), os.path.abspath(chosen.tools), free_port()
    aws = [os.path.join(tools, "aws"), "secretsmanager"]
    with tempfile.TemporaryDirectory(prefix="ops-fetch.") as folder:
        with open(os.path.join(folder, "ops.yaml"), "w") as file:
            file.write(RECIPE)
        env = {
            "PATH": os.environ["PATH"], "HOME": folder, "OPS_STATE_DIR": os.path.join(folder, "state"),
            "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "testtest", "AWS_REGION": "eu-central-1",
            "AWS_DEFAULT_REGION": "eu-central-1", "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        }
        server = subprocess.Popen(
            [os.path.join(tools, "moto_server"), "-H", "127.0.0.1", "-p", str(port)], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait_for(port, server)
            value = '{"password":"a-secret-of-some-length"}'
            run(aws + ["create-secret", "--name", "bench", "--secret-string", value], folder, env)
            rows = [
                ("aws secretsmanager get-secret-value", aws + ["get-secret-value", "--secret-id", "bench"]),
                ("ops run, a step with the secret", [ops, "run", "-q", "show"]),
                ("ops run, a step without one", [ops, "run", "-q", "nothing"]),
            ]
            print("| one secret from AWS Secrets Manager | median | ratio |\n| --- | ---: | ---: |")
            base = None
            for title, command in rows:
                seconds = median(command, folder, env, chosen.runs)
                base = base or seconds
                print(f"| {title} | {seconds * 1000:.1f} ms | {seconds / base:.2f} |", flush=True)
        finally:
            server.terminate()
            server.wait()


if __name__ == "__main__":
    main()
