"""The home as a server: commands find it, accounts count, health and figures, and an end that loses nothing."""
import base64
import http.client
import os
import signal
import socket
import time
import unittest

from harness import AtollTest


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class ServeTest(AtollTest):
    """A server of the test's own home."""

    def serve(self, *more, home=None):
        self.port = free_port()
        environment = {"ATOLL_HOME": home} if home else {}
        server = self.start("serve", "--listen", f"127.0.0.1:{self.port}", *more, env=environment)
        self.addCleanup(self.end, server)
        deadline = time.monotonic() + 30
        while True:
            try:
                if self.ask("GET", "/readyz").status == 200:
                    return server
            except OSError:
                pass
            self.assertIsNone(server.poll(), "the server ended")
            self.assertLess(time.monotonic(), deadline, "the server does not answer")
            time.sleep(0.05)

    def end(self, server):
        if server.poll() is None:
            server.send_signal(signal.SIGTERM)
        out, err = server.communicate(timeout=60)
        self.out, self.err = out.decode(), err.decode()
        return server.returncode

    def ask(self, method, target, headers={}, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request(method, target, body=body, headers=headers)
        answer = connection.getresponse()
        answer.content = answer.read()
        connection.close()
        return answer

    def token(self, name="ann", role="owner"):
        self.atoll("user", "add", name, "--no-password", "--role", role)
        secret = self.path(f"{name}.token")
        with open(secret, "wb") as file:
            file.write(self.atoll("token", "create", name).out)
        os.chmod(secret, 0o600)
        return secret


class Serve(ServeTest):
    def test_commands_go_to_the_server_that_has_the_home(self):
        tree = self.path("tree")
        os.makedirs(tree)
        for i in range(20):
            with open(os.path.join(tree, f"f{i}"), "wb") as file:
                file.write(os.urandom(5000))
        server = self.serve()
        self.atoll("put", tree, "some-bucket")
        self.assertEqual(len(self.atoll("ls", "some-bucket").lines), 20)
        self.atoll("put", "-", "some-bucket/piped", input=b"content" * 10000)
        self.assertEqual(self.atoll("cat", "some-bucket/piped").out, b"content" * 10000)
        self.atoll("cat", "some-bucket/missing", code=20)
        self.atoll("rm", "-r", "some-bucket/f1")
        self.assertIn("Add --yes", self.atoll("undo", "last", code=2).errors)
        self.atoll("--yes", "undo", "last")
        back = self.path("back")
        self.atoll("restore", "some-bucket", "--target", back)
        with open(os.path.join(back, "f1"), "rb") as a, open(os.path.join(tree, "f1"), "rb") as b:
            self.assertEqual(a.read(), b.read())
        # A relative path is one of the folder in which the command was typed.
        self.atoll("put", "tree/f2", "some-bucket/again", cwd=self.folder)
        self.assertEqual(self.atoll("--json", "stat").of_type("status_report")[0]["files"], 22)
        self.atoll("verify", "--data")
        self.assertEqual(self.end(server), 0)
        self.assertEqual(len(self.atoll("ls", "some-bucket").lines), 22)  # and without it
        self.atoll("verify", "--data")

    def test_two_servers_or_a_writer_do_not_share_a_home(self):
        self.serve()
        second = self.start("serve", "--listen", "127.0.0.1:0")
        _, err = second.communicate(timeout=60)
        self.assertEqual(second.returncode, 11, err)
        self.assertIn(b"another program is at work", err)

    def test_init_knows_that_a_served_home_is_there(self):
        self.serve()
        self.atoll("init", "--if-missing")
        self.atoll("init", code=21)

    def test_a_server_that_was_killed_leaves_nothing_in_the_way(self):
        server = self.serve()
        self.atoll("put", "-", "some-bucket/key", input=b"content")
        server.kill()
        server.wait()
        self.assertEqual(self.atoll("cat", "some-bucket/key").out, b"content")  # its socket is still there
        self.serve()
        self.assertEqual(self.atoll("cat", "some-bucket/key").out, b"content")

    def test_from_another_machine_with_a_token(self):
        secret = self.token()
        self.serve()
        elsewhere = {"ATOLL_HOME": self.path("nowhere"), "ATOLL_URL": f"http://127.0.0.1:{self.port}",
                     "ATOLL_TOKEN_FILE": secret}
        self.atoll("put", "-", "some-bucket/key", input=b"content", env=elsewhere)
        self.assertEqual(self.atoll("cat", "some-bucket/key", env=elsewhere).out, b"content")
        self.assertIn("ann", self.atoll("log", "some-bucket/key").text)
        # Paths of the server's machine are not for those elsewhere.
        refused = self.atoll("key", "kit", "--to", self.path("kit"), env=elsewhere, code=25)
        self.assertIn("nobody may name from elsewhere", refused.errors)
        self.assertFalse(os.path.exists(self.path("kit")))
        # Nor are they what runs there later.
        for words, tell in (("export some-bucket /srv", "mail:ada@example.org"), ("verify", "command:/bin/true")):
            self.atoll("schedule", "add", words, "--hourly", "--tell", tell, env=elsewhere, code=25)
        self.atoll("schedule", "add", "verify", "--hourly", env=elsewhere)
        wrong = self.file("wrong.token", "atl_" + "a" * 52 + "\n")
        self.atoll("ls", env={**elsewhere, "ATOLL_TOKEN_FILE": wrong}, code=12)
        reader = self.token("ben", "reader")
        self.atoll("ls", env={**elsewhere, "ATOLL_TOKEN_FILE": reader}, code=25)

    def test_the_first_account_is_shown_once_and_works(self):
        server = self.serve()
        self.end(server)
        words = dict(line.strip().rsplit(None, 1) for line in self.out.splitlines() if line.startswith("  ") and
                     line.split()[0] in ("user", "password", "token"))
        self.assertEqual(words["user"], "admin")
        server = self.serve()
        self.assertEqual(self.ask("GET", "/metrics").status, 401)
        figures = self.ask("GET", "/metrics", {"Authorization": "Bearer " + words["token"]})
        self.assertEqual(figures.status, 200)
        self.assertRegex(figures.content.decode(), r'atoll_build_info\{version="[0-9.]+",commit="([0-9a-f]{12}|unknown)"\} 1')
        self.assertIn(b'atoll_objects{vault="main"} 0', figures.content)
        self.end(server)
        self.assertNotIn("password", self.out)
        for secret in (words["password"], words["token"]):
            self.assertNotIn(secret, self.err)

    def test_it_listens_beyond_this_machine_only_with_tls(self):
        port = free_port()
        server = self.start("serve", "--listen", f"0.0.0.0:{port}")
        self.addCleanup(self.end, server)
        import ssl
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        for _ in range(200):
            try:
                connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=10, context=context)
                connection.request("GET", "/livez")
                self.assertEqual(connection.getresponse().status, 200)
                break
            except (ConnectionRefusedError, FileNotFoundError):
                time.sleep(0.05)
        else:
            self.fail("the server does not answer")
        pem = os.path.join(self.config, "atoll/server.pem")
        self.assertEqual(os.stat(pem).st_mode & 0o777, 0o600)

    def test_passwords_in_clear_beyond_this_machine_are_warned_of(self):
        for words, is_warned in ((["--no-tls"], True), (["--no-tls", "--trusted-proxy", "192.0.2.1"], False)):
            server = self.serve("--listen", f"0.0.0.0:{free_port()}", *words)
            self.end(server)
            self.assertEqual(is_warned, "go in clear over the network at 0.0.0.0:" in self.err, self.err)
        self.end(self.serve("--no-tls"))
        self.assertNotIn("in clear", self.err)

    def test_the_manager_of_services_is_told_when_it_serves_and_when_it_ends(self):
        self.env["NOTIFY_SOCKET"] = self.path("notify")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(self.env["NOTIFY_SOCKET"])
            manager.settimeout(30)
            server = self.start("serve", "--listen", f"127.0.0.1:{free_port()}")
            self.addCleanup(self.end, server)
            self.assertEqual(b"READY=1", manager.recv(256))
            server.send_signal(signal.SIGTERM)
            self.assertEqual(b"STOPPING=1", manager.recv(256))

    def test_a_client_that_goes_away_ends_its_command(self):
        server = self.serve()
        self.atoll("put", "-", "some-bucket/key", input=os.urandom(40_000_000))
        client = self.start("cat", "some-bucket/key")
        client.stdout.read(10)
        client.kill()
        client.communicate()
        deadline = time.monotonic() + 20
        secret = self.token()
        with open(secret) as file:
            token = file.read().strip()
        while b"\natoll_requests_in_flight 1\n" not in self.ask("GET", "/metrics",
                                                               {"Authorization": "Bearer " + token}).content:
            self.assertLess(time.monotonic(), deadline, "the command goes on for nobody")
            time.sleep(0.1)
        self.assertEqual(self.end(server), 0)


if __name__ == "__main__":
    unittest.main()
