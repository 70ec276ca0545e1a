extension VaultProvider {
    var manual: String {
        """
        A reference names a field of a secret: `vault://secret/ci/registry#password` is the field `password` of \
        `ci/registry` in the key-value engine at `secret`, of version 1 or 2. The server is asked, once for each \
        mount, where the mount ends and which version it is; `?kv=1` or `?kv=2` states it instead (the mount is \
        then the first part of the path). `?version=3` reads an older version. A field's name is taken whole \
        first, then by parts at its dots; a number keeps its digits; nothing is trimmed. A deleted version, a \
        version that never was, a path without a secret and a path without a mount are told apart.

        `?read=static` reads any other path as it is: its answer's `data`, or `auth`. `?write=static` posts to it. \
        `?read=dynamic` and `?write=dynamic` are for paths where each request makes a secret of its own, such as \
        `vault://database/creds/ci#password?read=dynamic` and \
        `vault://pki/issue/web#private_key?write=dynamic&common_name=web.example.com&ttl=1h`: it is fetched when \
        it is needed, not before the first task, and two references with the same path and options share one. All \
        other options are the request's parameters, percent-decoded: of the query, or of the body as text, from \
        which the server reads numbers, durations and lists. Without `#field` the secret is the whole answer as \
        JSON.

        A lease or a token that was made so is renewed at about two thirds of its time and revoked when the run \
        ends, however it ends; the journal keeps the ids, from which a later run revokes what a killed one left. A \
        certificate that `pki` issues without a lease is not revoked. Where `VAULT_TOKEN` was given, its policy \
        needs `sys/leases/revoke` for that.

        `?wrap=5m` asks for the answer in a wrapping token, which is then the secret, to be handed on. \
        `vault://secret/data/ci#password?unwrap=WRAPPED` is a field of what the wrapping token in the environment \
        variable `WRAPPED` opens, if it came from a request to that path. Each is opened once a run. A wrapping \
        token that was opened before is an alarm, and the reference is refused. `?namespace=team/a` takes the \
        place of `VAULT_NAMESPACE` (servers without namespaces ignore both). `?decode=base64` decodes the field.

        The token is, in this order: `VAULT_TOKEN`; what the wrapping token in `VAULT_WRAPPED_TOKEN` opens; a \
        login with `VAULT_ROLE_ID`; with `VAULT_USERNAME`; where `VAULT_AUTH_ROLE` is set, a login with the job's \
        identity token or the pod's service account; the file `~/.vault-token` (`BAO_TOKEN_PATH` names another), \
        which `vault login` writes. `VAULT_AUTH_METHOD` chooses instead: `token`, `agent` (an agent adds its own), \
        `approle`, `userpass`, `ldap`, `jwt`, `kubernetes`, `aws`, `cert`. `VAULT_AUTH_PATH` is where the method \
        is mounted (by default at its name), `VAULT_AUTH_NAMESPACE` in which namespace. One login serves a run; it \
        is renewed, made once more if its token dies, and revoked at the end. A token that was given is never \
        revoked.

        `approle` takes `VAULT_ROLE_ID` and `VAULT_SECRET_ID`, `VAULT_SECRET_ID_FILE` or, wrapped, \
        `VAULT_WRAPPED_SECRET_ID`. `userpass` and `ldap` take `VAULT_USERNAME` and `VAULT_PASSWORD` or \
        `VAULT_PASSWORD_FILE`. `jwt` takes `VAULT_AUTH_ROLE` and the token in `VAULT_ID_TOKEN` (GitLab's \
        `id_tokens`), in the file `VAULT_ID_TOKEN_FILE`, or of GitHub's and Forgejo's token service (`id-token: \
        write`) for the audience `VAULT_AUTH_AUDIENCE`. `kubernetes` takes `VAULT_AUTH_ROLE` and the service \
        account's token, read at each login. `aws` signs `sts:GetCallerIdentity` with the credentials that \
        `aws-sm://` would use; `VAULT_AUTH_REGION` chooses a regional endpoint, `VAULT_AUTH_HEADER` is the \
        `X-Vault-AWS-IAM-Server-ID`. `cert` takes the client certificate. A wrapped login must come from its usual \
        path, or from the one in `VAULT_WRAPPING_PATH`.

        The variables of the official clients are read, `BAO_X` before `VAULT_X` even where it is empty: \
        `VAULT_ADDR` or `VAULT_AGENT_ADDR`, `VAULT_NAMESPACE`, `VAULT_CACERT`, `VAULT_CACERT_BYTES`, \
        `VAULT_CAPATH`, `VAULT_CLIENT_CERT` and `VAULT_CLIENT_KEY` (or both with `_BYTES`), \
        `VAULT_TLS_SERVER_NAME`, `VAULT_PROXY_ADDR` and `VAULT_HTTP_PROXY`, `VAULT_CLIENT_TIMEOUT` (60s), \
        `VAULT_MAX_RETRIES` (2), `VAULT_RATE_LIMIT`, `VAULT_MFA`, `VAULT_DISABLE_REDIRECTS`. `VAULT_WRAP_TTL` has \
        answers wrapped on their way and opened here. `VAULT_SKIP_VERIFY` is refused, and so is `VAULT_SRV_LOOKUP` \
        for an address without a port. A redirect to another server is followed only where the recipe's \
        `secret-hosts` names it.
        """
    }
}
