import OpsCore
import TestKit

/// A registry and token service that misbehave as real ones do, on two loopback ports; kept in memory.
///
/// Modes: `token`, `bare` (bare challenge values), `access-token`, `short` (tokens for one scope only are given,
/// whatever is asked), `loop` (every answer is a 401), `refresh` (only identity tokens are taken), `busy=N` (429 for
/// the first N requests), `flaky=N` (503 for the first N uploads), `truncate`, `corrupt`, `longer` (blobs),
/// `patch-only`, `elsewhere` (blobs and uploads are on the other port), `internal-realm`, `liar` (wrong
/// Docker-Content-Digest), `html` (errors are HTML pages), `no-mount`, `referrers` (lists what is
/// about a manifest, one a page).
final class RegistryDouble: Sendable {
    let host: String
    /// The second port, where `elsewhere` sends blobs and uploads.
    let otherHost: String
    private let server: PythonServer
    private let folder: TemporaryFolder

    init(_ modes: String...) throws {
        folder = try TemporaryFolder()
        server = try PythonServer(Self.script, [folder.path + "/requests"] + modes)
        host = "127.0.0.1:\(server.ports[0])"
        otherHost = "127.0.0.1:\(server.ports[1])"
    }

    /// `PORT-NUMBER METHOD PATH AUTHORIZATION` of each request: `1 GET /v2/ -`.
    func requests() throws -> [String] {
        guard folder.exists("requests") else { return [] }
        return try folder.text("requests").split(separator: "\n").map(String.init)
    }

    private static let script = """
        import base64, hashlib, json, os, sys, threading, urllib.parse
        from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
        ports, log = sys.argv[1:3]
        modes = dict((m.split('=') + ['1'])[:2] for m in sys.argv[3:])
        counts = {k: int(v) for k, v in modes.items() if v.isdigit()}
        blobs, manifests, uploads, tokens, lock = {}, {}, {}, {}, threading.Lock()
        def digest(b): return 'sha256:' + hashlib.sha256(b).hexdigest()
        def spend(mode):
            with lock:
                if counts.get(mode, 0) > 0:
                    counts[mode] -= 1
                    return True
                return False
        class Handler(BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'
            def log_message(self, *a): pass
            def answer(self, status, body=b'', **headers):
                self.send_response(status)
                headers.setdefault('Content_Length', str(len(body)))
                for k, v in headers.items(): self.send_header(k.replace('_', '-'), v)
                self.end_headers()
                if self.command != 'HEAD': self.wfile.write(body)
            def refuse(self, status, code):
                if 'html' in modes: return self.answer(status, b'<html><h1>Go away</h1></html>')
                self.answer(status, json.dumps({'errors': [{'code': code, 'message': 'because'}]}).encode(), Content_Type='application/json')
            def challenge(self, scope):
                realm = 'http://127.0.0.1:%d/token' % port
                if 'internal-realm' in modes: realm = 'http://169.254.169.254/token'
                form = 'Bearer realm=%s,service=double,scope=%s' if 'bare' in modes else 'Negotiate, Bearer realm="%s" , service="double",scope="%s",error="invalid_token"'
                self.answer(401, WWW_Authenticate=form % (realm, scope))
            def allowed(self, name, action):
                if 'loop' in modes:
                    self.challenge('repository:%s:%s' % (name, action)); return False
                if not {'token', 'bare', 'access-token', 'refresh', 'internal-realm', 'short'} & modes.keys(): return True
                granted = tokens.get(self.headers.get('Authorization', '').removeprefix('Bearer '), [])
                for g in granted:
                    kind, repo, actions = g.split(':')
                    if repo == name and action in actions.split(','): return True
                self.challenge('repository:%s:%s' % (name, action)); return False
            def token(self):
                query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
                if self.command == 'POST':
                    form = urllib.parse.parse_qs(self.body.decode())
                    if form.get('refresh_token') != ['refresh-me'] or form.get('grant_type') != ['refresh_token']: return self.refuse(401, 'UNAUTHORIZED')
                    scopes = form['scope'][0].split(' ')
                else:
                    if 'refresh' in modes: return self.refuse(401, 'UNAUTHORIZED')
                    want = 'Basic ' + base64.b64encode(b'ops:s3cret-pass').decode()
                    if self.headers.get('Authorization') != want: return self.refuse(401, 'UNAUTHORIZED')
                    scopes = query.get('scope', [])
                if 'short' in modes: scopes = scopes[:1]
                with lock:
                    name = 'tok%d' % len(tokens)
                    tokens[name] = scopes
                key = 'access_token' if 'access-token' in modes else 'token'
                self.answer(200, json.dumps({key: name}).encode())
            def handle_one(self):
                first = self.server.server_port == port
                auth = self.headers.get('Authorization', '-')
                if self.headers.get('Transfer-Encoding') == 'chunked': self.body = None
                else: self.body = self.rfile.read(int(self.headers.get('Content-Length', 0)))
                with lock:
                    with open(log, 'a') as f: f.write('%d %s %s %s\\n' % (1 if first else 2, self.command, self.path, auth.split(' ')[0]))
                url = urllib.parse.urlsplit(self.path)
                query = urllib.parse.parse_qs(url.query)
                if url.path == '/token': return self.token()
                if spend('busy'): return self.answer(429, b'slow down', Retry_After='0')
                parts = url.path.strip('/').split('/')
                if 'manifests' in parts: at = parts.index('manifests')
                elif 'blobs' in parts: at = parts.index('blobs')
                elif 'referrers' in parts: return self.referrers(parts, query)
                else: return self.answer(200)
                name, kind, rest = '/'.join(parts[1:at]), parts[at], parts[at + 1:]
                action = 'pull' if self.command in ('GET', 'HEAD') else 'push'
                if first and not self.allowed(name, action): return
                if kind == 'manifests': return self.manifest(name, rest[0])
                if rest[0] == 'uploads': return self.upload(name, rest[1:], query)
                self.blob(name, rest[0], first)
            def manifest(self, name, selector):
                if self.command == 'PUT':
                    d = digest(self.body)
                    entry = (self.headers['Content-Type'], self.body)
                    manifests[(name, selector)] = manifests[(name, d)] = entry
                    if 'referrers' in modes and 'subject' in json.loads(self.body):
                        return self.answer(201, OCI_Subject=json.loads(self.body)['subject']['digest'])
                    return self.answer(201, Docker_Content_Digest='sha256:' + '0' * 64 if 'liar' in modes else d)
                entry = manifests.get((name, selector))
                if not entry: return self.refuse(404, 'MANIFEST_UNKNOWN')
                headers = {} if self.command == 'HEAD' and 'quiet' in modes else {'Docker_Content_Digest': digest(entry[1])}
                self.answer(200, entry[1], Content_Type=entry[0], **headers)
            def referrers(self, parts, query):
                if 'referrers' not in modes: return self.refuse(404, 'UNSUPPORTED')
                name, subject, page = '/'.join(parts[1:parts.index('referrers')]), parts[-1], int(query.get('page', ['0'])[0])
                about = []
                for (repo, selector), (kind, body) in manifests.items():
                    about_it = json.loads(body).get('subject', {}).get('digest') == subject
                    if repo == name and selector == digest(body) and about_it:
                        about.append({'mediaType': kind, 'digest': selector, 'size': len(body), 'artifactType': json.loads(body)['artifactType']})
                index = {'schemaVersion': 2, 'mediaType': 'application/vnd.oci.image.index.v1+json', 'manifests': about[page:page + 1]}
                more = {'Link': '</v2/%s/referrers/%s?page=%d>; rel="next"' % (name, subject, page + 1)} if page + 1 < len(about) else {}
                self.answer(200, json.dumps(index).encode(), Content_Type=index['mediaType'], **more)
            def blob(self, name, d, first):
                body = blobs.get((name, d))
                if body is None: return self.refuse(404, 'BLOB_UNKNOWN')
                if first and 'elsewhere' in modes and self.command == 'GET':
                    return self.answer(307, Location='http://127.0.0.1:%d%s?signature=x' % (other, self.path))
                if self.command == 'GET':
                    if spend('truncate'):
                        self.answer(200, body[:len(body) // 2], Content_Length=str(len(body))); self.close_connection = True; return
                    if 'corrupt' in modes: body = bytes([body[0] ^ 1]) + body[1:]
                    if 'longer' in modes: body += b'more'
                self.answer(200, body)
            def upload(self, name, rest, query):
                if self.command == 'POST':
                    if 'mount' in query:
                        if 'no-mount' in modes: return self.refuse(405, 'UNSUPPORTED')
                        source = (query['from'][0], query['mount'][0])
                        if source in blobs:
                            blobs[(name, source[1])] = blobs[source]
                            return self.answer(201, Location='/v2/%s/blobs/%s' % (name, source[1]))
                    with lock: session = 's%d' % len(uploads); uploads[session] = b''
                    where = '/v2/%s/blobs/uploads/%s?state=a%%2Fb' % (name, session)
                    if 'elsewhere' in modes: where = 'http://127.0.0.1:%d%s' % (other, where)
                    return self.answer(202, Location=where)
                if query.get('state') != ['a/b']: return self.refuse(400, 'BLOB_UPLOAD_INVALID')
                if self.command == 'PATCH':
                    uploads[rest[0]] += self.body
                    return self.answer(202, Location='/v2/%s/blobs/uploads/%s?state=a%%2Fb' % (name, rest[0]), Range='0-%d' % (len(self.body) - 1))
                if spend('flaky'): return self.answer(503)
                if 'patch-only' in modes and self.body: return self.refuse(405, 'UNSUPPORTED')
                body = uploads[rest[0]] + self.body
                if digest(body) != query['digest'][0]: return self.refuse(400, 'DIGEST_INVALID')
                blobs[(name, query['digest'][0])] = body
                self.answer(201, Location='/x')
            do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = handle_one
        servers = [ThreadingHTTPServer(('127.0.0.1', 0), Handler) for _ in range(2)]
        port, other = [server.server_port for server in servers]
        for server in servers:
            server.daemon_threads = True
            threading.Thread(target=server.serve_forever).start()
        with open(ports + '.new', 'w') as file: file.write('%d %d' % (port, other))
        os.rename(ports + '.new', ports)
        """
}
