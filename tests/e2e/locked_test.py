"""A server whose home nothing unlocks at its start: what it answers, who may unlock it and how, and locking it again."""
import http.client
import json
import os
import re
import ssl
import time
import unittest
import urllib.parse

from harness import main, wait_until
from serve_test import ServeTest, free_port

PASSPHRASE = "nine lives of a cat"


class Locked(ServeTest):
    makes_home = False

    def setUp(self):
        super().setUp()
        self.secret = self.file("passphrase", PASSPHRASE + "\n", 0o600)
        self.wrong = self.file("wrong", "a dog's life\n", 0o600)
        self.atoll("init", "--new-password-file", self.secret)
        self.atoll("put", "-", "some-bucket/key", "--password-file", self.secret, input=b"content")
        # The vault of the accounts is made by the first start, with what opened the home.
        self.serve("--password-file", self.secret, is_locked=False)
        self.end(self.server)

    def serve(self, *more, is_locked=True, scheme=http.client.HTTPConnection, listen="127.0.0.1", **options):
        self.port = free_port()
        self.server = self.start("serve", "--listen", f"{listen}:{self.port}", "--log-format", "text", *more, **options)
        self.addCleanup(self.end, self.server)
        self.connect = lambda: scheme("127.0.0.1", self.port, timeout=90)
        wanted = (503, b"locked\n") if is_locked else (200, b"ok\n")

        def answers():
            self.assertIsNone(self.server.poll(), "the server ended")
            try:
                answer = self.ask("GET", "/readyz")
            except OSError:
                return False
            return (answer.status, answer.content) == wanted
        self.assertTrue(wait_until(answers, 60, 0.05), "the server does not answer")

    def ask(self, method, target, headers={}, body=None):
        connection = self.connect()
        connection.request(method, target, body=body, headers=headers)
        answer = connection.getresponse()
        answer.content = answer.read()
        connection.close()
        return answer

    def page(self, path="/", headers={}):
        """The page, its mark, and the fields with which a browser would send its form."""
        answer = self.ask("GET", path, {"Accept": "text/html", **headers})
        mark = re.search(rb'name="mark" value="([0-9a-f]+)"', answer.content)
        cookie = answer.getheader("Set-Cookie")
        sent = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": (cookie or "").split(";")[0],
                "Origin": f"http://127.0.0.1:{self.port}", **headers}
        return answer, mark and mark.group(1).decode(), sent

    def form(self, mark, passphrase=PASSPHRASE, **more):
        return urllib.parse.urlencode({"passphrase": passphrase, "mark": mark, **more})

    def test_it_starts_and_tells_nothing_but_that_it_is_locked(self):
        self.serve()
        self.assertEqual(200, self.ask("GET", "/livez").status)
        for target in ("/api/v1/buckets", "/some-bucket/key", "/dav/", "/metrics", "/openapi.json", "/"):
            answer = self.ask("GET", target)
            self.assertEqual(503, answer.status, target)
            self.assertEqual("server.locked", json.loads(answer.content)["id"])
            self.assertTrue(answer.getheader("Retry-After"))
            self.assertNotIn(b"some-bucket", answer.content.replace(target.encode(), b""))
        answer, mark, _ = self.page("/anywhere")
        self.assertEqual(503, answer.status)
        self.assertTrue(mark)
        policy = answer.getheader("Content-Security-Policy")
        self.assertIn("default-src 'none'", policy)
        self.assertNotIn("unsafe", policy)
        self.assertNotIn(b"<script", answer.content)
        self.assertEqual("no-store", answer.getheader("Cache-Control"))
        self.assertIn("HttpOnly", answer.getheader("Set-Cookie"))
        self.assertIn("SameSite=Strict", answer.getheader("Set-Cookie"))
        locked = self.atoll("ls", code=11)
        self.assertIn("locked", locked.errors)
        self.assertIn("takes no requests now: locked", self.atoll("ready", code=24).errors)
        self.assertEqual(0, self.end(self.server))

    def test_the_page_takes_the_passphrase_and_the_server_goes_on(self):
        self.serve()
        process = self.server.pid
        _, mark, sent = self.page()
        wrong = self.ask("POST", "/unlock", sent, self.form(mark, "a dog's life"))
        self.assertEqual(403, wrong.status)
        self.assertIn(b"opens nothing", wrong.content)
        _, mark, sent = self.page()
        done = self.ask("POST", "/unlock", sent, self.form(mark))
        self.assertEqual(200, done.status, done.content)
        self.assertIn(b"Unlocked", done.content)
        self.assertEqual(200, self.ask("GET", "/readyz").status)
        self.assertEqual(b"content", self.atoll("cat", "some-bucket/key").out)
        self.assertEqual(process, self.server.pid)
        self.end(self.server)
        for secret in (PASSPHRASE, "dog's life"):
            self.assertNotIn(secret, self.err)
        self.assertIn("was refused", self.err)

    def test_the_page_goes_back_to_where_one_was(self):
        self.serve()
        where = "/ui/files/some-bucket?in=a%2Fb%2F&as_of=2026"
        _, mark, sent = self.page(where)
        self.assertIn(b'name="back" value="/ui/files/some-bucket?in=a%2Fb%2F&amp;as_of=2026"',
                      self.ask("GET", where, {"Accept": "text/html"}).content)
        for elsewhere in ("//evil.example/", "https://evil.example/", '/"><b>', "/a\r\nSet-Cookie: x=y"):
            again = self.ask("POST", "/unlock", sent, self.form(mark, "", back=elsewhere))
            self.assertEqual(400, again.status)
            self.assertIn(b'name="back" value=""', again.content)
        done = self.ask("POST", "/unlock", sent, self.form(mark, back=where))
        self.assertEqual((303, where), (done.status, done.getheader("Location")))

    def test_a_form_of_another_page_is_not_taken(self):
        self.serve()
        _, mark, sent = self.page()
        for change in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Cookie": ""},
                       {"Cookie": "atoll_unlock=" + "0" * 32}):
            self.assertEqual(403, self.ask("POST", "/unlock", {**sent, **change}, self.form(mark)).status, change)
        self.assertEqual(403, self.ask("POST", "/unlock", sent, self.form("0" * 64)).status)
        body = json.dumps({"passphrase": PASSPHRASE})
        for headers in ({}, {"Content-Type": "application/json", "Origin": "https://evil.example"}):
            self.assertEqual(403, self.ask("POST", "/api/v1/unlock", headers, body).status)
        self.assertEqual(415, self.ask("POST", "/api/v1/unlock", {"Content-Type": "text/plain"}, body).status)
        self.assertEqual(503, self.ask("GET", "/readyz").status)

    def test_who_guesses_waits(self):
        self.serve()
        statuses = []
        for i in range(8):
            body = json.dumps({"passphrase": f"guess {i}"})
            answer = self.ask("POST", "/api/v1/unlock", {"Content-Type": "application/json"}, body)
            statuses.append(answer.status)
        self.assertEqual(401, statuses[0])
        self.assertEqual(429, statuses[-1])
        self.assertGreaterEqual(int(answer.getheader("Retry-After")), 1)
        # The right one has to wait, too; the home's owner on the machine itself has not.
        right = json.dumps({"passphrase": PASSPHRASE})
        self.assertEqual(429, self.ask("POST", "/api/v1/unlock", {"Content-Type": "application/json"}, right).status)
        self.atoll("unlock", "--password-file", self.secret)
        self.assertEqual(200, self.ask("GET", "/readyz").status)

    def test_a_proxy_that_nobody_vouches_for_brings_no_passphrase(self):
        self.serve()
        answer, mark, sent = self.page(headers={"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https"})
        self.assertEqual((503, None), (answer.status, mark))
        self.assertIn(b"over https", answer.content)
        body = json.dumps({"passphrase": PASSPHRASE})
        headers = {"Content-Type": "application/json", "X-Forwarded-For": "203.0.113.9"}
        self.assertEqual(403, self.ask("POST", "/api/v1/unlock", headers, body).status)
        self.end(self.server)
        self.serve("--trusted-proxy", "127.0.0.1")
        headers["X-Forwarded-Proto"] = "https"
        self.assertEqual(200, self.ask("POST", "/api/v1/unlock", headers, body).status)

    def test_over_tls_from_elsewhere(self):
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        self.serve(listen="0.0.0.0", scheme=lambda host, port, timeout: http.client.HTTPSConnection(
            host, port, timeout=timeout, context=context))
        answer, _, _ = self.page()
        self.assertIn("; Secure", answer.getheader("Set-Cookie"))
        pem = ssl.get_server_certificate(("127.0.0.1", self.port))
        import hashlib
        fingerprint = hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()
        elsewhere = {"ATOLL_HOME": self.path("nowhere"), "ATOLL_URL": f"https://127.0.0.1:{self.port}",
                     "ATOLL_SERVER_FINGERPRINT": fingerprint}
        self.atoll("unlock", "--password-file", self.wrong, env=elsewhere, code=12)
        self.atoll("unlock", "--password-file", self.secret, env=elsewhere)
        self.assertEqual(200, self.ask("GET", "/readyz").status)
        self.end(self.server)
        self.assertIn(fingerprint, self.err)
        # In clear it is not even sent.
        clear = {**elsewhere, "ATOLL_URL": "http://192.0.2.1:7070"}
        self.assertIn("in clear", self.atoll("unlock", "--password-file", self.secret, env=clear, code=2).errors)

    def test_locked_again_and_unlocked_by_a_command(self):
        self.serve("--password-file", self.secret, is_locked=False)
        self.assertEqual(401, self.ask("POST", "/api/v1/lock", {"Content-Type": "application/json"}, "{}").status)
        self.atoll("lock")
        self.assertTrue(wait_until(lambda: self.ask("GET", "/readyz").content == b"locked\n", 30, 0.05))
        self.assertTrue(wait_until(lambda: self.atoll("ls", code=None).code == 11, 30, 0.1))
        # The passphrase of the start is forgotten: nothing of this machine opens it.
        self.atoll("unlock", code=12)
        self.atoll("unlock", "--password-command", f"cat {self.secret}")
        self.assertEqual(b"content", self.atoll("cat", "some-bucket/key").out)
        self.atoll("unlock")  # nothing to do is no error
        self.assertEqual(0, self.end(self.server))
        self.atoll("verify", "--data", "--password-file", self.secret)

    def test_locking_ends_streams_and_waits_for_requests(self):
        self.serve("--password-file", self.secret, is_locked=False)
        self.atoll("user", "add", "ann", "--no-password", "--role", "owner")
        token = self.atoll("token", "create", "ann").text.strip()
        stream = self.connect()
        stream.request("GET", "/api/v1/changes?since=0", headers={"Authorization": "Bearer " + token, "Accept": "text/event-stream"})
        events = stream.getresponse()
        self.assertEqual(200, events.status)
        began = time.monotonic()
        self.atoll("lock")
        while events.readline():
            pass
        self.assertTrue(wait_until(lambda: self.ask("GET", "/readyz").content == b"locked\n", 30, 0.05))
        self.assertLess(time.monotonic() - began, 10)
        stream.close()

    def test_a_key_file_that_comes_later_opens_it(self):
        key = self.path("late.key")
        self.atoll("key", "add", "--new-key-file", key, "--password-file", self.secret)
        self.serve()
        vaults = os.listdir(os.path.join(self.home, "vaults"))
        os.makedirs(os.path.join(self.config, "atoll/keys"), exist_ok=True)
        self.atoll("unlock", code=12)
        for vault in vaults:
            with open(key, "rb") as source, open(os.path.join(self.config, f"atoll/keys/{vault}.key"), "wb") as target:
                target.write(source.read())
        # One of the two vaults has that key; the other one still wants the passphrase.
        self.atoll("unlock", code=3)
        self.atoll("unlock", "--password-file", self.secret)
        self.assertEqual(200, self.ask("GET", "/readyz").status)

    def test_a_vault_with_a_passphrase_of_its_own_is_opened_while_everything_goes_on(self):
        second = self.file("second", "a parrot on each shoulder\n", 0o600)
        third = self.file("third", "an owl in every tree\n", 0o600)
        for name, secret in (("archive", second), ("diary", third)):
            self.atoll("vault", "create", name, "--new-password-file", secret)
            self.atoll("--vault", name, "put", "-", f"of-{name}/key", "--password-file", secret, input=name.encode())
        self.serve("--password-file", self.secret, is_locked=False)
        self.assertEqual(b"content", self.atoll("cat", "some-bucket/key").out)
        self.assertIn("atoll unlock", self.atoll("--vault", "archive", "ls", code=20).errors)
        self.atoll("unlock", "--password-file", self.wrong, code=12)
        self.atoll("unlock", code=12)
        # Nothing stops meanwhile: a stream of changes stays open.
        self.atoll("user", "add", "ann", "--no-password", "--role", "owner")
        token = {"Authorization": "Bearer " + self.atoll("token", "create", "ann").text.strip()}
        stream = self.connect()
        stream.request("GET", "/api/v1/changes?since=0", headers={**token, "Accept": "text/event-stream"})
        self.assertEqual(200, stream.getresponse().status)
        self.atoll("unlock", "--password-file", second, code=3)  # one is locked still
        self.assertEqual(b"archive", self.atoll("--vault", "archive", "cat", "of-archive/key").out)
        self.assertEqual(b"archive", self.ask("GET", "/api/v1/buckets/of-archive/objects/key?vault=archive", token).content)
        self.atoll("--vault", "diary", "ls", code=20)
        self.atoll("unlock", "--password-file", third)
        self.assertEqual(b"diary", self.atoll("--vault", "diary", "cat", "of-diary/key").out)
        self.atoll("--vault", "diary", "put", "-", "of-diary/words", input=b"of a pelican")
        self.assertTrue(wait_until(lambda: self.atoll("--vault", "diary", "find", "pelican").lines, 30, 0.2))
        def is_warned():
            alarms = json.loads(self.ask("GET", "/api/v1/alarms", token).content)["alarms"]
            return any(one["name"] == "vault_locked" and one["level"] != "good" for one in alarms)
        self.assertTrue(wait_until(lambda: not is_warned(), 30, 0.5))
        self.atoll("unlock")  # nothing is locked any more
        stream.close()
        self.assertEqual(0, self.end(self.server))
        self.atoll("--vault", "diary", "verify", "--data", "--password-file", third)

    def test_what_is_locked_is_not_replaced_by_the_only_one_that_is_open(self):
        second = self.file("second", "a parrot on each shoulder\n", 0o600)
        self.atoll("vault", "create", "archive", "--new-password-file", second)
        # The accounts open with the first one's passphrase, too: taken from the key of this machine here.
        key = self.path("control.key")
        self.atoll("--vault", "control", "key", "add", "--new-key-file", key, "--password-file", self.secret)
        control = [one["id"] for one in self.atoll("--json", "vault", "list", "--all", "--password-file", self.secret).json()
                   if one["name"] == "control"][0]
        os.makedirs(os.path.join(self.config, "atoll/keys"), exist_ok=True)
        os.rename(key, os.path.join(self.config, f"atoll/keys/{control}.key"))
        self.serve("--password-file", second, is_locked=False)
        told = self.atoll("put", "-", "some-bucket/other", input=b"not into the archive", code=20)
        self.assertIn("atoll unlock", told.errors)
        self.assertEqual([], self.atoll("--vault", "archive", "ls").lines)
        self.atoll("unlock", "--password-file", self.secret)
        self.atoll("put", "-", "some-bucket/other", input=b"into main")
        self.assertEqual([], self.atoll("--vault", "archive", "ls").lines)

    def test_no_server_to_unlock(self):
        self.assertIn("no server", self.atoll("unlock", "--password-file", self.secret, code=24).errors)


class AtTheEnd(ServeTest):
    def test_streams_end_at_once_when_the_server_is_to_end(self):
        secret = self.token()
        server = self.serve()
        with open(secret) as file:
            token = file.read().strip()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("GET", "/api/v1/changes?since=0", headers={"Authorization": "Bearer " + token, "Accept": "text/event-stream"})
        events = connection.getresponse()
        began = time.monotonic()
        self.assertEqual(0, self.end(server))
        self.assertLess(time.monotonic() - began, 10, "a stream held the end up")
        events.read()
        connection.close()


if __name__ == "__main__":
    main()
