/// Git's own server program (git-http-backend(1)) behind TLS, on a loopback port that the system chooses.
package final class GitServer: Sendable {
    /// `127.0.0.1:PORT`.
    package let host: String
    /// The certificate that clients must trust.
    package let certificate: String
    private let server: PythonServer
    private let authority: CertificateAuthority

    /// - Parameter root: the folder below which the repositories lie.
    package init(_ root: String) throws {
        authority = try CertificateAuthority()
        certificate = authority.certificate
        let own = try authority.issue("IP:127.0.0.1")
        server = try PythonServer(Self.script, [root, own.certificate, own.key])
        host = "127.0.0.1:\(server.ports[0])"
    }

    private static let script = """
        import http.server, os, ssl, subprocess, sys, urllib.parse
        port, root, certificate, key = sys.argv[1:]
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'
            def answer(self):
                url = urllib.parse.urlsplit(self.path)
                if self.headers.get('Transfer-Encoding') == 'chunked':
                    body = b''
                    while size := int(self.rfile.readline(), 16):
                        body += self.rfile.read(size)
                        self.rfile.readline()
                    self.rfile.readline()
                else: body = self.rfile.read(int(self.headers.get('Content-Length', 0)))
                variables = dict(os.environ, GIT_PROJECT_ROOT=root, GIT_HTTP_EXPORT_ALL='1', PATH_INFO=url.path,
                    QUERY_STRING=url.query, REQUEST_METHOD=self.command, REMOTE_ADDR='127.0.0.1',
                    CONTENT_TYPE=self.headers.get('Content-Type', ''), CONTENT_LENGTH=str(len(body)),
                    HTTP_CONTENT_ENCODING=self.headers.get('Content-Encoding', ''),
                    GIT_PROTOCOL=self.headers.get('Git-Protocol', ''), GIT_CONFIG_NOSYSTEM='1',
                    GIT_CONFIG_COUNT='1', GIT_CONFIG_KEY_0='safe.directory', GIT_CONFIG_VALUE_0='*')
                made = subprocess.run(['git', 'http-backend'], input=body, env=variables, stdout=subprocess.PIPE)
                head, _, content = made.stdout.partition(b'\\r\\n\\r\\n')
                lines = [line.split(': ', 1) for line in head.decode().split('\\r\\n')]
                status = next((value for name, value in lines if name == 'Status'), '200 OK')
                self.send_response(int(status.split()[0]))
                for name, value in lines:
                    if name not in ('Status', 'Content-Length'): self.send_header(name, value)
                self.send_header('Content-Length', str(len(content)))
                self.end_headers()
                self.wfile.write(content)
            do_GET = do_POST = answer
        server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        with open(port + '.new', 'w') as file: file.write(str(server.server_address[1]))
        os.rename(port + '.new', port)
        server.serve_forever()
        """
}
