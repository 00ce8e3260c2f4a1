"""The server behind nginx and Caddy, with the configuration files of packaging/proxy: WebDAV with its absolute Destination,
S3 signatures, streams of events as they come, large uploads, who the client is, and a base URL with a path."""
import base64
import hashlib
import http.client
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time

import harness
from harness import SOURCE, AtollTest, wait_until

PROXIES = os.path.join(SOURCE, "packaging/proxy")
LARGE = 40 * 1024 * 1024


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class ProxyTest(AtollTest):
    """Clients speak TLS with the proxy, at self.url; what it passes on reaches the server at self.inner."""
    base_path = ""

    def setUp(self):
        super().setUp()
        self.inner, self.outer = free_port(), free_port()
        self.host = f"localhost:{self.outer}"
        self.url = f"https://{self.host}{self.base_path}"
        certificate, key = self.path("proxy.pem"), self.path("proxy.key")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key,
                        "-out", certificate, "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
                       check=True, stderr=subprocess.DEVNULL)
        self.certificate, self.key = certificate, key
        self.log = self.path("serve.log")
        with open(self.log, "wb") as log, open(self.path("serve.out"), "wb") as out:
            server = subprocess.Popen(
                [harness.ATOLL, "serve", "--listen", f"127.0.0.1:{self.inner}", "--trusted-proxy", "127.0.0.1", "--base-url", self.url],
                env=self.env, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=out, stderr=log)
        self.addCleanup(self.end, server)
        self.assertTrue(wait_until(lambda: self.is_ready(), 60), "the server does not answer")
        with open(self.path("serve.out")) as file:
            words = dict(line.strip().rsplit(None, 1) for line in file if line.startswith("  ") and len(line.split()) > 1)
        self.token = words["token"]
        self.access_key, self.secret = words["access key id"], words["secret access key"]
        self.start_proxy()
        self.assertTrue(wait_until(lambda: self.status("GET", "/livez") == 200, 30), self.proxy_words())

    def is_ready(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.inner, timeout=10)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def end(self, child):
        if child.poll() is None:
            child.send_signal(signal.SIGTERM)
            try:
                child.wait(30)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()

    def adapted(self, name, pairs):
        """A sample file, with the test's addresses in place of its own; each of them has to be there."""
        with open(os.path.join(PROXIES, name)) as file:
            text = file.read()
        for old, new in pairs:
            self.assertIn(old, text, f"{name} lacks what the test replaces")
            text = text.replace(old, new)
        return text

    def connect(self):
        context = ssl.create_default_context(cafile=self.certificate)
        return http.client.HTTPSConnection("localhost", self.outer, context=context, timeout=60)

    def ask(self, method, target, body=None, headers={}, token=True):
        connection = self.connect()
        sent = dict(headers)
        if token:
            sent.setdefault("Authorization", "Bearer " + self.token)
        connection.request(method, self.base_path + target, body=body, headers=sent)
        answer = connection.getresponse()
        answer.data = answer.read()
        connection.close()
        return answer

    def status(self, method, target, **options):
        try:
            return self.ask(method, target, **options).status
        except OSError:
            return None

    def logged(self, path, of=None):
        """The log's lines about requests for a path, the server's own view of who asked."""
        def found():
            with open(of or self.log) as file:
                lines = [json.loads(line) for line in file if line.startswith("{")]
            return [line for line in lines if line.get("url.path") == path]
        wait_until(found, 10)
        return found()

    # --- What has to work through every proxy

    def check_webdav(self):
        basic = {"Authorization": "Basic " + base64.b64encode(b"admin:" + self.token.encode()).decode()}
        dav = lambda method, path, body=None, **headers: self.ask(method, path, body, {**basic, **headers})
        self.assertEqual(201, dav("MKCOL", "/dav/letters").status)
        self.assertEqual(201, dav("PUT", "/dav/letters/one%20%C3%A4.txt", b"one").status)
        listed = dav("PROPFIND", "/dav/letters/", Depth="1")
        self.assertEqual(207, listed.status)
        self.assertIn(f"{self.base_path}/dav/letters/one%20%C3%A4.txt".encode(), listed.data)
        # An absolute address with the proxy's name, as Explorer and Finder send it.
        moved = dav("MOVE", "/dav/letters/one%20%C3%A4.txt", Destination=f"{self.url}/dav/letters/two.txt")
        self.assertEqual(201, moved.status, moved.data)
        self.assertEqual(b"one", dav("GET", "/dav/letters/two.txt").data)
        elsewhere = dav("MOVE", "/dav/letters/two.txt", Destination="https://elsewhere.example/dav/letters/x")
        self.assertGreaterEqual(elsewhere.status, 400)
        self.assertEqual(b"one", dav("GET", "/dav/letters/two.txt").data)

    def check_s3(self):
        env = {**self.env, "AWS_ACCESS_KEY_ID": self.access_key, "AWS_SECRET_ACCESS_KEY": self.secret,
               "AWS_DEFAULT_REGION": "us-east-1", "AWS_CA_BUNDLE": self.certificate}
        script = """
import sys, boto3, urllib.request, ssl
from botocore.config import Config
url, bundle = sys.argv[1:]
client = boto3.client("s3", endpoint_url=url, verify=bundle, config=Config(signature_version="s3v4", s3={"addressing_style": "path"}))
client.create_bucket(Bucket="signed")
body = bytes(range(256)) * 4096 * 9
client.upload_fileobj(__import__("io").BytesIO(body), "signed", "a b/\\u00e4+%20.bin")
assert client.get_object(Bucket="signed", Key="a b/\\u00e4+%20.bin")["Body"].read() == body
client.copy_object(Bucket="signed", Key="copy", CopySource={"Bucket": "signed", "Key": "a b/\\u00e4+%20.bin"})
assert [one["Key"] for one in client.list_objects_v2(Bucket="signed")["Contents"]] == ["a b/\\u00e4+%20.bin", "copy"]
link = client.generate_presigned_url("get_object", Params={"Bucket": "signed", "Key": "copy"}, ExpiresIn=60)
assert link.startswith(url + "/"), link
assert urllib.request.urlopen(link, context=ssl.create_default_context(cafile=bundle)).read() == body
"""
        done = subprocess.run(["python3", "-c", script, self.url, self.certificate], env=env, capture_output=True, timeout=120)
        self.assertEqual(0, done.returncode, done.stderr.decode())

    def check_large_upload_and_download(self):
        self.assertEqual(201, self.ask("PUT", "/api/v1/buckets/large").status)
        content = os.urandom(1 << 20) * (LARGE >> 20)
        stored = self.ask("PUT", "/api/v1/buckets/large/objects/one", content)
        self.assertEqual(201, stored.status, stored.data)
        got = self.ask("GET", "/api/v1/buckets/large/objects/one")
        self.assertEqual(hashlib.sha256(content).digest(), hashlib.sha256(got.data).digest())
        part = self.ask("GET", "/api/v1/buckets/large/objects/one", headers={"Range": "bytes=1048570-1048580"})
        self.assertEqual((206, content[1048570:1048581]), (part.status, part.data))

    def check_resumed_upload(self):
        made = self.ask("POST", "/api/v1/uploads?bucket=large&key=two", headers={"Tus-Resumable": "1.0.0", "Upload-Length": "6"})
        self.assertEqual(201, made.status, made.data)
        place = made.getheader("Location")
        self.assertTrue(place.startswith(self.url + "/api/v1/uploads/"), place)
        target = place[len(self.url):]
        patched = self.ask("PATCH", target, b"abcdef", {"Tus-Resumable": "1.0.0", "Upload-Offset": "0",
                                                       "Content-Type": "application/offset+octet-stream"})
        self.assertEqual(204, patched.status, patched.data)

    def check_events_are_not_held_back(self):
        connection = self.connect()
        connection.request("GET", self.base_path + "/api/v1/changes?since=0", headers={
            "Authorization": "Bearer " + self.token, "Accept": "text/event-stream"})
        stream = connection.getresponse()
        self.assertEqual(200, stream.status)
        seen, done = [], threading.Event()

        def read():
            while line := stream.readline():
                if b"late.txt" in line:
                    seen.append(time.monotonic())
                    done.set()
                    return
        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        time.sleep(0.5)
        self.assertEqual([], seen)
        stored = time.monotonic()
        self.assertEqual(201, self.ask("PUT", "/api/v1/buckets/large/objects/late.txt", b"late").status)
        self.assertTrue(done.wait(10), "the change is held back by the proxy")
        self.assertLess(seen[0] - stored, 8)
        connection.close()

    def check_who_the_client_is(self):
        spoofed = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Host": "evil.example", "Forwarded": "for=203.0.113.9",
                   "X-Forwarded-Proto": "http"}
        self.assertEqual(404, self.ask("GET", "/api/v1/buckets/through-proxy", headers=spoofed).status)
        through = self.logged("/api/v1/buckets/through-proxy")
        self.assertEqual(["127.0.0.1"], [line["address"] for line in through])
        # The session's cookie is for TLS alone, which the proxy does.
        answer = self.ask("POST", "/api/v1/session", json.dumps({"name": "admin", "password": "wrong"}),
                          {"Content-Type": "application/json", **spoofed}, token=False)
        self.assertEqual(401, answer.status)

    def check_everything(self):
        self.check_webdav()
        self.check_s3()
        self.check_large_upload_and_download()
        self.check_resumed_upload()
        self.check_events_are_not_held_back()
        self.check_who_the_client_is()


class Nginx(ProxyTest):
    sample, own_host = "nginx.conf", "files.example"

    def start_proxy(self):
        site = self.adapted(self.sample, [
            ("server 127.0.0.1:7070;", f"server 127.0.0.1:{self.inner};"), ("listen 443 ssl http2;", f"listen 127.0.0.1:{self.outer} ssl http2;"),
            (f"server_name {self.own_host};", "server_name localhost;"),
            (f"/etc/ssl/{self.own_host}.pem", self.certificate), (f"/etc/ssl/{self.own_host}.key", self.key)])
        self.file("site.conf", site)
        os.makedirs(self.path("nginx"), exist_ok=True)
        user = "user root;" if os.geteuid() == 0 else ""
        main = self.file("nginx.conf", f"""daemon off; {user} pid {self.path("nginx.pid")}; error_log {self.path("nginx.log")};
events {{}} http {{ access_log off; client_body_temp_path {self.path("nginx")}; proxy_temp_path {self.path("nginx")};
fastcgi_temp_path {self.path("nginx")}; uwsgi_temp_path {self.path("nginx")}; scgi_temp_path {self.path("nginx")};
include {self.path("site.conf")}; }}
""")
        nginx = shutil.which("nginx") or "/usr/sbin/nginx"
        proxy = subprocess.Popen([nginx, "-c", main, "-p", self.folder, "-e", self.path("nginx.log")],
                                 stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.addCleanup(proxy.stderr.close)
        self.addCleanup(self.end, proxy)

    def proxy_words(self):
        if not os.path.exists(self.path("nginx.log")):
            return "nginx has no log"
        with open(self.path("nginx.log")) as file:
            return file.read()

    def test_everything_goes_through_nginx(self):
        self.check_everything()


class NginxBelowAPath(Nginx):
    base_path, sample, own_host = "/files", "nginx-path.conf", "home.example"

    def test_everything_goes_through_nginx(self):
        self.check_everything()
        # And to the server itself without the path.
        connection = http.client.HTTPConnection("127.0.0.1", self.inner, timeout=30)
        connection.request("GET", "/api/v1/buckets", headers={"Authorization": "Bearer " + self.token})
        self.assertEqual(200, connection.getresponse().status)


class Caddy(ProxyTest):
    def start_proxy(self):
        site = self.adapted("Caddyfile", [
            ("files.example {", f"https://localhost:{self.outer} {{\n\ttls {self.certificate} {self.key}\n\tbind 127.0.0.1"),
            ("127.0.0.1:7070", f"127.0.0.1:{self.inner}")])
        path = self.file("Caddyfile", "{\n\tadmin off\n\tauto_https off\n}\n" + site)
        environment = {**self.env, "XDG_DATA_HOME": self.path("caddy")}
        with open(self.path("caddy.log"), "wb") as log:
            proxy = subprocess.Popen(["caddy", "run", "--config", path, "--adapter", "caddyfile"], env=environment,
                                     stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.addCleanup(self.end, proxy)

    def proxy_words(self):
        with open(self.path("caddy.log")) as file:
            return file.read()

    def test_everything_goes_through_caddy(self):
        self.check_everything()


class Strangers(AtollTest):
    """Fields of somebody who is no trusted proxy."""

    def test_their_forwarding_fields_do_not_count(self):
        port = free_port()
        server = self.start("serve", "--listen", f"127.0.0.1:{port}", "--trusted-proxy", "192.0.2.1", "--log-format", "json")
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

        def asked():
            try:
                connection.request("GET", "/api/v1/buckets/x", headers={
                    "X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example"})
                answer = connection.getresponse()
                answer.read()
                return answer.status == 401
            except OSError:
                connection.close()
                return False
        self.assertTrue(wait_until(asked, 60, 0.1))
        connection.close()
        server.send_signal(signal.SIGTERM)
        _, err = server.communicate(timeout=60)
        lines = [json.loads(line) for line in err.decode().splitlines() if line.startswith("{")]
        addresses = {line["address"] for line in lines if line.get("url.path") == "/api/v1/buckets/x"}
        self.assertEqual({"127.0.0.1"}, addresses)


del ProxyTest  # the common part is no test of its own

if __name__ == "__main__":
    harness.main()
