"""WebDAV with real clients against the real server: litmus whole, rclone there and back, a kill, locks over a restart."""
import base64
import http.client
import os
import re
import signal
import subprocess
import unittest

import harness
from harness import AtollTest, wait_until

PASSWORD = "correct horse battery"


class WebDav(AtollTest):
    def setUp(self):
        super().setUp()
        self.server = None
        self.addCleanup(self.kill)
        self.atoll("put", "-", "docs/first.txt", input=b"first")
        self.add_user("anna", "owner")
        self.serve()

    def add_user(self, name, role, *place):
        self.atoll("user", "add", name, "--password-holds", "--new-password-file", self.file(f"{name}.password", PASSWORD))
        self.atoll("grant", "add", name, role, *place)

    def serve(self):
        log = open(self.path("server.log"), "wb")
        self.addCleanup(log.close)
        self.server = subprocess.Popen([harness.ATOLL, "serve", "--listen", "127.0.0.1:0", "--log-format", "text"], env=self.env, stdout=log,
                                       stderr=log, stdin=subprocess.DEVNULL, cwd=self.folder)
        self.assertTrue(wait_until(lambda: self.address() or self.server.poll() is not None), self.log())
        self.assertIsNone(self.server.poll(), self.log())
        self.port = self.address()

    def log(self):
        with open(self.path("server.log"), encoding="utf-8", errors="replace") as file:
            return file.read()

    def address(self):
        found = re.search(r"http://127\.0\.0\.1:(\d+)", self.log())
        return found and int(found.group(1))

    def kill(self, number=signal.SIGKILL):
        if self.server:
            self.server.send_signal(number)
            self.server.wait(timeout=60)
            self.server = None

    def ask(self, method, path, body=None, user="anna", password=PASSWORD, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if user:
            headers["Authorization"] = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        try:
            connection.request(method, path, body, headers, encode_chunked=not isinstance(body, (bytes, str, type(None))))
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()

    def rclone(self, *arguments, code=0):
        obscured = subprocess.run(["rclone", "obscure", PASSWORD], env=self.env, capture_output=True, check=True).stdout.decode().strip()
        environment = dict(self.env, RCLONE_CONFIG="/dev/null", RCLONE_WEBDAV_URL=f"http://127.0.0.1:{self.port}/dav", RCLONE_WEBDAV_USER="anna",
                           RCLONE_WEBDAV_VENDOR="owncloud", RCLONE_WEBDAV_PASS=obscured)
        ran = subprocess.run(["rclone", *arguments], env=environment, cwd=self.folder, capture_output=True, timeout=180)
        self.assertEqual(code, ran.returncode, f"rclone {arguments}\n{ran.stdout[-2000:]}\n{ran.stderr[-2000:]}\n{self.log()[-2000:]}")
        return ran.stdout.decode(), ran.stderr.decode()

    def tree(self, name):
        """Names and sizes that make trouble, and times of their own."""
        for number in range(30):
            self.file(f"{name}/many/{number}.txt", f"{number}\n" * number)
        self.file(f"{name}/ä b+c/%20 #?&;'.txt", "odd")
        self.file(f"{name}/empty.txt", "")
        self.file(f"{name}/big.bin", os.urandom(9_000_000))
        for top, _, names in os.walk(self.path(name)):
            for number, one in enumerate(names):
                os.utime(os.path.join(top, one), (981_173_106 + number, 981_173_106 + number))
        return self.path(name)

    def test_litmus_passes_whole(self):
        ran = subprocess.run(["litmus", "-k", f"http://127.0.0.1:{self.port}/dav/docs/", "anna", PASSWORD], cwd=self.folder, env=self.env,
                             capture_output=True, timeout=180)
        said = ran.stdout.decode(errors="replace")
        suites = re.findall(r"summary for `(\w+)': of (\d+) tests run: (\d+) passed, (\d+) failed", said)
        self.assertEqual({"basic", "copymove", "props", "locks", "http"}, {name for name, *_ in suites}, said + ran.stderr.decode())
        for name, all_of, passed, failed in suites:
            self.assertEqual((all_of, "0"), (passed, failed), f"{name}\n{said}")
        self.assertNotIn("SKIPPED", said)
        self.assertNotIn("WARNING", said)
        self.assertEqual(0, ran.returncode)

    def test_rclone_there_and_back(self):
        tree = self.tree("source")
        self.rclone("sync", tree, ":webdav:docs/copy")
        self.rclone("check", "--download", tree, ":webdav:docs/copy")
        said = self.rclone("sync", "-v", "--stats-one-line", tree, ":webdav:docs/copy")[1]
        self.assertNotIn("Copied", said)
        listed = self.rclone("lsl", ":webdav:docs/copy")[0]
        self.assertEqual(33, len(listed.splitlines()))
        self.assertIn("2001-02-03", listed)
        self.rclone("moveto", ":webdav:docs/copy/big.bin", ":webdav:docs/elsewhere/bigger.bin")
        self.rclone("copyto", ":webdav:docs/elsewhere/bigger.bin", ":webdav:docs/copy/big.bin")
        self.rclone("copy", ":webdav:docs/copy", self.path("back"))
        self.assert_same_tree(tree, self.path("back"), ignore=("mode", "mtime"))
        os.remove(os.path.join(tree, "empty.txt"))
        self.rclone("sync", tree, ":webdav:docs/copy")
        self.assertNotIn("empty.txt", self.rclone("lsf", ":webdav:docs/copy")[0])
        self.kill(signal.SIGTERM)
        # The home tells the same, times included; what was removed is in the history.
        restored = self.restored("docs/copy")
        for top, _, names in os.walk(tree):
            for name in names:
                here = os.path.join(top, name)
                there = os.path.join(restored, os.path.relpath(here, tree))
                self.assertEqual(harness.hash_file(here), harness.hash_file(there), name)
                self.assertEqual(int(os.stat(here).st_mtime), int(os.stat(there).st_mtime), name)
        self.assertIn("anna", self.atoll("log", "docs/copy/empty.txt").text)
        self.atoll("verify", "--data")

    def test_what_put_stored_is_the_same_to_rclone(self):
        tree = self.tree("stored")
        self.kill(signal.SIGTERM)
        self.atoll("put", tree, "stored")
        self.serve()
        said = self.rclone("sync", "-v", "--stats-one-line", tree, ":webdav:stored")[1]
        self.assertNotIn("Copied", said)
        self.assertNotIn("Deleted", said)

    def test_names_and_passwords_open_what_was_granted_and_nothing_else(self):
        self.kill(signal.SIGTERM)
        self.add_user("ben", "reader", "docs")
        self.atoll("put", "-", "secret/x", input=b"x")
        self.serve()
        self.assertEqual(401, self.ask("GET", "/dav/docs/first.txt", user=None)[0])
        status, headers, _ = self.ask("GET", "/dav/docs/first.txt", password="wrong")
        self.assertEqual(401, status)
        self.assertTrue(headers["WWW-Authenticate"].startswith("Basic "))
        self.assertEqual((200, b"first"), self.ask("GET", "/dav/docs/first.txt", user="ben")[::2])
        self.assertEqual(403, self.ask("PUT", "/dav/docs/new", b"x", user="ben")[0])
        self.assertEqual(403, self.ask("DELETE", "/dav/docs/first.txt", user="ben")[0])
        self.assertEqual(403, self.ask("GET", "/dav/secret/x", user="ben")[0])
        listed = self.ask("PROPFIND", "/dav/", user="ben", Depth="1")[2]
        self.assertIn(b"/dav/docs/", listed)
        self.assertNotIn(b"secret", listed)

    def test_what_was_answered_survives_a_kill_and_locks_do_not(self):
        for number in range(40):
            self.assertEqual(201, self.ask("PUT", f"/dav/docs/n{number}", b"%d" % number)[0])
        self.assertEqual(201, self.ask("MKCOL", "/dav/docs/folder")[0])
        self.assertEqual(201, self.ask("MOVE", "/dav/docs/n0", Destination="/dav/docs/folder/moved")[0])
        lock = (b"<lockinfo xmlns='DAV:'><lockscope><exclusive/></lockscope><locktype><write/></locktype></lockinfo>")
        token = self.ask("LOCK", "/dav/docs/n1", lock)[1]["Lock-Token"]
        self.assertEqual(423, self.ask("PUT", "/dav/docs/n1", b"other")[0])
        self.assertEqual(204, self.ask("PUT", "/dav/docs/n1", b"mine", If=f"({token})")[0])
        self.kill()
        self.serve()
        for number in range(2, 40):
            self.assertEqual((200, b"%d" % number), self.ask("GET", f"/dav/docs/n{number}")[::2])
        self.assertEqual((200, b"0"), self.ask("GET", "/dav/docs/folder/moved")[::2])
        self.assertEqual(404, self.ask("GET", "/dav/docs/n0")[0])
        self.assertEqual((200, b"mine"), self.ask("GET", "/dav/docs/n1")[::2])
        self.assertEqual(412, self.ask("PUT", "/dav/docs/n1", b"late", If=f"({token})")[0], "nothing is known of the lock")
        self.assertEqual(204, self.ask("PUT", "/dav/docs/n1", b"new")[0])

    def test_one_undo_takes_a_whole_move_back(self):
        for number in range(1_500):
            self.file(f"many/{number % 7}/{number}.txt", f"{number}")
        self.kill(signal.SIGTERM)
        self.atoll("put", self.path("many"), "many")
        self.serve()
        self.assertEqual(201, self.ask("MKCOL", "/dav/many/all")[0])
        self.assertEqual(403, self.ask("MOVE", "/dav/many/", Destination="/dav/many/all/of")[0])
        self.assertEqual(201, self.ask("COPY", "/dav/many/", Destination="/dav/docs/copied")[0])
        self.assertEqual(201, self.ask("MOVE", "/dav/docs/copied", Destination="/dav/docs/moved")[0])
        self.kill(signal.SIGTERM)
        self.assertEqual([], [line for line in self.atoll("ls", "-r", "docs").lines if "copied" in line])
        self.atoll("undo", "last", "--yes")
        listed = self.atoll("ls", "-r", "docs").lines
        self.assertEqual([], [line for line in listed if "moved" in line])
        self.assertEqual(1_500, len([line for line in listed if "copied" in line and line.endswith(".txt")]))

    def test_a_large_file_goes_through_in_bounded_memory(self):
        piece = os.urandom(1 << 20)
        pieces = 300
        status, _, said = self.ask("PUT", "/dav/docs/large.bin", (piece for _ in range(pieces)), X_Expected_Entity_Length=str(pieces << 20))
        self.assertEqual(201, status, said)
        status, headers, body = self.ask("GET", "/dav/docs/large.bin", Range=f"bytes={(200 << 20) - 10}-{(200 << 20) + 9}")
        self.assertEqual((206, f"bytes {(200 << 20) - 10}-{(200 << 20) + 9}/{pieces << 20}"), (status, headers["Content-Range"]))
        self.assertEqual(piece[-10:] + piece[:10], body)
        with open(f"/proc/{self.server.pid}/status", encoding="ascii") as file:
            peak_kib = int(re.search(r"VmHWM:\s+(\d+)", file.read()).group(1))
        self.assertLess(peak_kib, 250 << 10)


if __name__ == "__main__":
    harness.main()
