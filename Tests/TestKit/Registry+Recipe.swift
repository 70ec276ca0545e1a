import OpsCore

extension Registry {
    /// Pushes an artifact of one layer, a tar archive; returns the manifest's digest. The registry speaks TLS.
    ///
    /// - Parameter entries: lines of the archive: `file PATH TEXT`, `link PATH TARGET`, or `zeros PATH SIZE`, a file of
    ///   so many zero bytes.
    package func push(recipe entries: [String], to repository: String, tag: String) throws -> String {
        guard let certificate else { throw OpsError(.invalid, "the registry has no certificate") }
        let result = try run(
            ["python3", "-c", Self.script, host, certificate, repository, tag],
            input: Array(entries.joined(separator: "\n").utf8))
        guard result.status == 0 else { throw OpsError(.command, result.errorText) }
        return String(result.text.prefix { !$0.isNewline })
    }

    private static let script = """
        import gzip, hashlib, io, json, ssl, sys, tarfile, urllib.request
        host, certificate, repository, tag = sys.argv[1:]
        context = ssl.create_default_context(cafile=certificate)
        base = f"https://{host}/v2/{repository}/"
        def send(method, url, data=None, kind="application/octet-stream"):
            request = urllib.request.Request(url, data=data, method=method, headers={"Content-Type": kind})
            return urllib.request.urlopen(request, context=context)
        def put(data):
            digest = "sha256:" + hashlib.sha256(data).hexdigest()
            url = send("POST", base + "blobs/uploads/", b"").headers["Location"]
            send("PUT", url + ("&" if "?" in url else "?") + "digest=" + digest, data)
            return {"digest": digest, "size": len(data)}
        tar = io.BytesIO()
        with tarfile.open(fileobj=tar, mode="w") as archive:
            for line in sys.stdin.read().split("\\n"):
                kind, path, text = line.split(" ", 2)
                member = tarfile.TarInfo(path)
                if kind == "link":
                    member.type, member.linkname = tarfile.SYMTYPE, text
                    archive.addfile(member)
                    continue
                data = bytes(int(text)) if kind == "zeros" else (text.replace("\\\\n", "\\n")).encode()
                member.size = len(data)
                archive.addfile(member, io.BytesIO(data))
        layer = put(gzip.compress(tar.getvalue(), mtime=0))
        layer["mediaType"] = "application/vnd.ops.recipe.content.v1.tar+gzip"
        config = put(b"{}")
        config["mediaType"] = "application/vnd.oci.empty.v1+json"
        kind = "application/vnd.oci.image.manifest.v1+json"
        manifest = json.dumps({"schemaVersion": 2, "mediaType": kind, "config": config, "layers": [layer],
            "artifactType": "application/vnd.ops.recipe.v1+json"}).encode()
        send("PUT", base + "manifests/" + tag, manifest, kind)
        print("sha256:" + hashlib.sha256(manifest).hexdigest())
        """
}
