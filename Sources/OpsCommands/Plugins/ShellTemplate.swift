/// What `ops plugin new --language sh` writes.
enum ShellTemplate {
    static let program = #"""
        #!/bin/sh
        # A plugin without a JSON parser. A quote within JSON text is escaped, so [{,]"KEY": can only be a key, and ops writes
        # its own keys first. That is enough for whole numbers and plain words; for other text take another language.
        set -eu
        export LC_ALL=C
        [ -n "${OPS_PLUGIN_PROTOCOL-}" ] || { echo "hello is a plugin of ops: see 'ops plugin test'" >&2; exit 2; }
        stop() { echo "hello: $1" >&2; exit 2; }
        IFS= read -r request || stop 'the input ended before the request'
        [ ${#request} -le 1048576 ] || stop 'the request is larger than 1 MiB'
        field() { printf '%s\n' "$request" | awk -v key="\"$1\"" 'match($0, "[{,] *" key " *: *\"?[A-Za-z0-9._-]*[\",}]") {
            text = substr($0, RSTART, RLENGTH - 1); sub(/^[^:]*: *"?/, "", text); print text }'; }
        id=$(field id)
        case "$id $(field type)" in ?*' request') ;; *) stop 'the first line is no request' ;; esac
        result() { printf '{"type":"result","id":"%s",%s}\n' "$id" "$1"; exit 0; }
        fail() { result '"status":"error","error":{"code":"'"$1"'","message":"'"$2"'","retryable":false}'; }
        [ "$(field ops)" = 1 ] || fail unsupported "hello speaks protocol 1, ops speaks protocol $(field ops)"
        case $1 in
        describe) result '"status":"ok","manifest":'"$(tr '\n' ' ' <"$(dirname "$0")/../plugin.yaml")" ;;
        apply)
            word=$(field word)
            [ -n "$word" ] || fail invalid-input "'word' is no plain word"
            echo "this goes to the debug log" >&2
            printf '{"type":"output","stream":"stdout","text":"Hello %s\\n"}\n' "$word"
            printf '{"type":"outputs","outputs":{"text":"Hello %s"}}\n' "$word"
            result '"status":"ok"'
            ;;
        *) fail unsupported "hello does not know the verb '$1'" ;;
        esac

        """#

    /// In JSON, which is YAML: the program sends it as it stands.
    static let manifest = #"""
        {
          "apiVersion": "ops/plugin/v1",
          "name": "hello",
          "version": "0.1.0",
          "summary": "Greets",
          "protocol": [1],
          "run": "bin/hello",
          "actions": {
            "greet": {
              "summary": "Greet somebody",
              "plan": "none",
              "cancel": "kill",
              "inputs": {
                "type": "object",
                "required": ["word"],
                "properties": {
                  "word": { "type": "string", "description": "Who is greeted", "pattern": "^[A-Za-z0-9._-]+$" }
                }
              },
              "outputs": {
                "type": "object",
                "required": ["text"],
                "properties": { "text": { "type": "string", "description": "The greeting" } }
              },
              "examples": [ { "title": "Greet the world", "with": { "word": "world" } } ]
            }
          },
          "permissions": { "read": [], "net": "none", "exec": [] }
        }

        """#
}
