"""Plugins of ops in Python: protocol 1 of ops-plugin(7), in one file without dependencies. Copy it beside your program.

    plugin = Plugin("greet", version="1.0.0", summary="Greets")

    @plugin.action("hello", summary="Say hello", inputs={...}, outputs={...})
    def hello(call):
        return {"text": "Hello " + call.inputs["name"]}

    plugin.main()

The manifest is made from the declarations: `bin/greet manifest > plugin.yaml`. Importing this module moves the protocol
to descriptors of its own: print() goes to standard error, and programs that are started read an empty input.
"""

import base64
import json
import os
import re
import signal
import sys
import threading
import traceback

PROTOCOL = 1
LINE_LIMIT = 1 << 20


class Failure(Exception):
    """An error for the user. `at` is a JSON Pointer into the request, such as "/inputs/source"."""

    def __init__(self, code, message, hint=None, at=None, retryable=False):
        super().__init__(message)
        self.body = {"code": code, "message": message, "retryable": retryable}
        self.body.update({key: value for key, value in (("hint", hint), ("at", at)) if value})


class SecretFailure(Exception):
    """Why a secret was not to be had: missing, forbidden, unreachable, empty or invalid."""

    def __init__(self, reason, message, hint=None):
        super().__init__(message)
        self.body = {"failure": reason, "message": message}
        if hint:
            self.body["hint"] = hint


class Cancelled(BaseException):
    """Raised in the main thread when ops cancels the call or is gone. Not an Exception: `except Exception` lets it by."""


class Unknown:
    """A value that only a run can know; plans have them."""

    def __init__(self, source):
        self.source = source

    def __repr__(self):
        return "<unknown %s>" % self.source


class Secret:
    """A secret input. It prints as ***; in a plan it has no value."""

    def __init__(self, name, value=None):
        self.name, self._value = name, value

    def reveal(self):
        """The value: str, or bytes where it is not text."""
        if self._value is None:
            raise Failure("internal", "the secret '%s' has no value in a plan" % self.name)
        return self._value

    def __repr__(self):
        return "***"


class Call:
    """What an action is given."""

    def __init__(self, request, wire):
        self._wire = wire
        secrets = {name: _secret_value(value) for name, value in request.get("secrets", {}).items()}
        self.verb = request["verb"]
        self.step = request.get("step", {})
        self.directory = request.get("directory", os.getcwd())
        self.temporary = request.get("temporary")
        self.online = request.get("online", False)
        self.features = request.get("features", [])
        self.inputs = _decode(request.get("inputs", {}), secrets)
        self.planned = _decode(request.get("planned", {}).get("outputs", {}), secrets)
        self.effects = []
        self.cancelled = wire.cancelled
        """Set when the call is cancelled: for threads of your own; the main thread gets Cancelled."""

    def path(self, text):
        """A path of an input made absolute."""
        return os.path.join(self.directory, text)

    def write(self, path, data):
        """Writes a file, str or bytes, that appears whole or not at all."""
        path = self.path(path)
        temporary = "%s.ops-%d" % (path, os.getpid())
        try:
            with open(temporary, "wb") as file:
                file.write(data.encode("utf-8") if isinstance(data, str) else data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        finally:
            if os.path.exists(temporary):
                os.remove(temporary)

    def effect(self, kind, target, detail=None):
        """Says in a plan what a run would do: read, write, execute, fetch, request or publish."""
        effect = {"kind": kind, "target": target}
        if detail:
            effect["detail"] = detail
        self.effects.append(effect)

    def log(self, message, level="info", **fields):
        """Tells people something: debug, info, notice, warning or error."""
        self._wire.send({"type": "log", "level": level, "message": message, "fields": _encode(fields)})

    def progress(self, done, total=None, unit="steps"):
        line = {"type": "progress", "done": done, "unit": unit}
        if total is not None:
            line["total"] = total
        self._wire.send(line)

    def output(self, text, stream="stdout"):
        """The step's own output. A text that is longer than a line may be goes in pieces."""
        for start in range(0, len(text), LINE_LIMIT // 16):
            self._wire.send({"type": "output", "stream": stream, "text": text[start : start + LINE_LIMIT // 16]})

    def secret(self, name, value):
        """Masks a secret that was found at run time; to be called before its first use."""
        self._wire.send({"type": "secret", "name": name, "value": _secret_json(value)})

    def outputs(self, outputs):
        """Sends outputs before the end; what the action returns is sent as well."""
        self._wire.send({"type": "outputs", "outputs": _encode(outputs)})


class Plugin:
    def __init__(self, name, version, summary, permissions=None):
        self.name, self.version, self.summary, self.permissions = name, version, summary, permissions
        self._actions, self._fetchers = {}, {}

    def action(self, name, summary, inputs, outputs, plan="none", cancel="graceful", examples=()):
        """Declares an action; `inputs` and `outputs` are JSON Schemas of objects. The decorated function runs it and
        returns its outputs. Where `plan` is "full" or "partial", another is decorated with its `.plan`."""
        manifest = {"summary": summary, "plan": plan, "cancel": cancel, "inputs": inputs, "outputs": outputs}
        if examples:
            manifest["examples"] = list(examples)

        def declare(run):
            entry = self._actions[name] = {"manifest": manifest, "run": run, "plan": lambda call: {}}

            def declare_plan(function):
                entry["plan"] = function
                return function

            run.plan = declare_plan
            return run

        return declare

    def secret(self, scheme):
        """Declares the source of a scheme. The function is given the call and one reference ("path", "field",
        "options", "text") and returns str or bytes, or raises SecretFailure."""

        def declare(fetch):
            self._fetchers[scheme] = fetch
            return fetch

        return declare

    def manifest(self):
        manifest = {"apiVersion": "ops/plugin/v1", "name": self.name, "version": self.version, "summary": self.summary}
        manifest.update({"protocol": [PROTOCOL], "run": "bin/" + self.name})
        manifest["actions"] = {name: entry["manifest"] for name, entry in self._actions.items()}
        if self._fetchers:
            manifest["secrets"] = list(self._fetchers)
        if self.permissions:
            manifest["permissions"] = self.permissions
        return manifest

    def main(self):
        """Answers one call and exits."""
        if sys.argv[1:] == ["manifest"]:
            sys.stdout.write(_yaml(self.manifest()) + "\n")
            sys.exit(0)
        if _wire is None:
            sys.stderr.write("%s is a plugin of ops: see 'ops plugin test'\n" % self.name)
            sys.exit(2)
        try:
            request = _wire.request()
        except ValueError as error:
            sys.stderr.write("%s: cannot read the request: %s\n" % (self.name, error))
            sys.exit(2)
        body = self._answer(request)
        _wire.finish(dict({"type": "result", "id": request.get("id")}, **body))
        sys.exit(0)

    def _answer(self, request):
        try:
            with _wire:
                return dict(self._perform(request), status="ok")
        except Cancelled:
            return {"status": "cancelled"}
        except Failure as failure:
            return {"status": "error", "error": failure.body}
        except Exception as error:
            traceback.print_exc()
            message = "%s: %s" % (type(error).__name__, error)
            return {"status": "error", "error": {"code": "internal", "message": message}}

    def _perform(self, request):
        if request.get("ops") != PROTOCOL:
            theirs = json.dumps(request.get("ops"))
            message = "'%s' speaks protocol %d, ops speaks protocol %s" % (self.name, PROTOCOL, theirs)
            raise Failure("unsupported", message, hint="take a version of the plugin that speaks it")
        verb = request.get("verb")
        if verb == "describe":
            return {"manifest": self.manifest()}
        if verb not in ("plan", "apply", "fetch"):
            raise Failure("unsupported", "'%s' does not know the verb %s" % (self.name, json.dumps(verb)))
        call = Call(request, _wire)
        if verb == "fetch":
            return {"values": [self._fetch(call, reference) for reference in request.get("references", [])]}
        action = self._actions.get(request.get("action"))
        if action is None:
            raise Failure("unsupported", "'%s' has no action '%s'" % (self.name, request.get("action")))
        outputs = action["plan" if verb == "plan" else "run"](call)
        if outputs:
            call.outputs(outputs)
        return {"effects": call.effects} if verb == "plan" else {}

    def _fetch(self, call, reference):
        fetch = self._fetchers.get(reference.get("scheme"))
        if fetch is None:
            return {"failure": "invalid", "message": "'%s' has no scheme '%s'" % (self.name, reference.get("scheme"))}
        try:
            value = fetch(call, reference)
        except SecretFailure as failure:
            return failure.body
        value = _secret_json(value)
        return value if isinstance(value, dict) else {"value": value}


class _Wire:
    """The two pipes to ops."""

    def __init__(self):
        self._output, self._input = os.dup(1), os.fdopen(os.dup(0), "rb")
        os.dup2(2, 1)
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, 0)
        os.close(null)
        self._lock = threading.Lock()
        self._main = threading.get_ident()
        self._is_armed = self._is_sending = False
        self.cancelled = threading.Event()

    def request(self):
        line = self._input.readline(LINE_LIMIT + 1)
        if not line.endswith(b"\n"):
            raise ValueError("it is larger than 1 MiB" if len(line) > LINE_LIMIT else "the input ended")
        request = json.loads(line.decode("utf-8"))
        if not isinstance(request, dict) or request.get("type") != "request":
            raise ValueError("it is no object of the type 'request'")
        for number in (signal.SIGTERM, signal.SIGUSR1):
            signal.signal(number, self._interrupt)
        threading.Thread(target=self._listen, daemon=True).start()
        return request

    def _listen(self):
        """Waits for a cancel line or the end of input. What else comes is for a later version."""
        while True:
            line = self._input.readline(LINE_LIMIT)
            try:
                if not line or json.loads(line.decode("utf-8")).get("type") == "cancel":
                    break
            except (ValueError, AttributeError):
                pass
        # A signal also ends a call that waits in the system, such as a read or a sleep.
        signal.pthread_kill(self._main, signal.SIGUSR1)

    def _interrupt(self, *_):
        self.cancelled.set()
        if not self._is_sending:
            self._raise()

    def _raise(self):
        if self._is_armed and self.cancelled.is_set():
            self._is_armed = False
            raise Cancelled()

    def __enter__(self):
        """Within it a cancellation is raised in the main thread."""
        self._is_armed = True
        self._raise()

    def __exit__(self, *_):
        self._is_armed = False

    def finish(self, line):
        self._is_armed = False
        self.send(line)

    def send(self, line):
        text = json.dumps(line, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        data = text.encode("utf-8", "replace")
        if len(data) > LINE_LIMIT:
            raise ValueError("a line of the protocol is larger than 1 MiB: hand large data over in a file")
        data += b"\n"
        is_main = threading.get_ident() == self._main
        # A line is written whole, whatever interrupts.
        self._is_sending = self._is_sending or is_main
        try:
            with self._lock:
                while data:
                    data = data[os.write(self._output, data) :]
        except BrokenPipeError:
            os._exit(1)
        if is_main:
            self._is_sending = False
            self._raise()


def _secret_value(value):
    return base64.b64decode(value["base64"]) if isinstance(value, dict) else value


def _secret_json(value):
    return {"base64": base64.b64encode(value).decode()} if isinstance(value, bytes) else value


def _decode(value, secrets):
    if isinstance(value, list):
        return [_decode(item, secrets) for item in value]
    if not isinstance(value, dict):
        return value
    key = next(iter(value)) if len(value) == 1 else None
    if key == "$unknown":
        return Unknown(value[key])
    if key == "$secret":
        return Secret(value[key], secrets.get(value[key]))
    members = value[key] if key == "$map" else value
    return {name: _decode(item, secrets) for name, item in members.items()}


def _encode(value):
    if isinstance(value, Unknown):
        return {"$unknown": value.source}
    if isinstance(value, (list, tuple)):
        return [_encode(item) for item in value]
    if not isinstance(value, dict):
        return value
    members = {name: _encode(item) for name, item in value.items()}
    return {"$map": members} if len(members) == 1 and next(iter(members)).startswith("$") else members


def _yaml(value, indent=""):
    """A manifest as YAML: maps in lines, all else as JSON, which YAML reads."""
    lines = []
    for key, item in value.items():
        name = key if re.fullmatch(r"[A-Za-z][A-Za-z0-9-]*", key) else json.dumps(key, ensure_ascii=False)
        if isinstance(item, dict) and item:
            lines.append("%s%s:\n%s" % (indent, name, _yaml(item, indent + "  ")))
        else:
            lines.append("%s%s: %s" % (indent, name, json.dumps(item, ensure_ascii=False)))
    return "\n".join(lines)


_wire = _Wire() if os.environ.get("OPS_PLUGIN_PROTOCOL") else None
