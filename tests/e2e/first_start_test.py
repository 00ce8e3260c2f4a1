"""The first start on a machine without a screen: who is to reach the server, told or asked once, and the addresses that are
shown; and jobs that a restart broke off."""
import http.client
import json
import os
import pty
import re
import signal
import subprocess
import time
import unittest

import harness
from harness import AtollTest, wait_until
from serve_test import ServeTest, free_port


class FirstStart(AtollTest):
    def settings(self):
        with open(os.path.join(self.config, "atoll/atoll.toml")) as file:
            return file.read()

    def shown(self):
        return {one["key"]: one["values"] for one in self.atoll("--json", "config", "show").of_type("setting")
                if one["key"] != "home"}  # which the test's environment names

    def test_init_writes_how_the_home_is_served(self):
        self.atoll("init", "--if-missing", "--serve-for", "lan")
        self.assertEqual({"serve.listen": ["*:7070"]}, self.shown())
        self.atoll("config", "check")
        # What is written stays; a file of the user's own is added to.
        said = self.atoll("init", "--if-missing", "--serve-for", "proxy", "--base-url", "https://files.example")
        self.assertIn("stays as it is", said.errors)
        self.assertEqual({"serve.listen": ["*:7070"]}, self.shown())
        self.file("config/atoll/atoll.toml", '[put]\nexclude = ["*.tmp"]')
        self.atoll("init", "--if-missing", "--base-url", "https://files.example/", env={"ATOLL_INIT_SERVE_FOR": "proxy"})
        self.assertEqual({"put.exclude": ["*.tmp"], "serve.listen": ["127.0.0.1:7070"], "serve.base-url": ["https://files.example"],
                          "serve.trusted-proxy": ["127.0.0.1", "::1"]}, self.shown())
        self.atoll("init", "--if-missing", "--serve-for", "everybody", code=2)
        self.atoll("init", "--if-missing", "--serve-for", "proxy", "--base-url", "files.example", code=2)

    def on_terminal(self, typed, *words):
        """Runs `serve` on a terminal until it listens or ends; what it showed there."""
        leader, follower = pty.openpty()
        self.addCleanup(os.close, leader)
        child = subprocess.Popen([harness.ATOLL, "serve", *words], env=self.env, cwd=self.folder, stdin=follower, stdout=follower,
                                 stderr=follower, start_new_session=True)
        os.close(follower)
        os.write(leader, typed.encode())
        text = b""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and b" serves " not in text:
            try:
                text += os.read(leader, 4096)
            except OSError:
                break
            if b"\natoll: " in text or b"error" in text.lower():
                break
        if child.poll() is None:
            child.send_signal(signal.SIGTERM)
        # Whoever writes to a full terminal waits for ever.
        while True:
            try:
                if not os.read(leader, 4096):
                    break
            except OSError:
                break
        child.wait(60)
        return text.decode("utf-8", "replace")

    def test_serve_asks_once_on_a_terminal(self):
        text = self.on_terminal("2\n")
        self.assertIn("Who is to reach this server?", text)
        self.assertIn('listen = ["*:7070"]', self.settings())
        self.assertNotIn("Who is to reach", self.on_terminal("\n", "--log-format", "text"))

    def test_nothing_typed_is_this_machine_and_without_a_terminal_nobody_is_asked(self):
        self.on_terminal("\n")
        self.assertIn('listen = ["127.0.0.1:7070"]', self.settings())
        os.remove(os.path.join(self.config, "atoll/atoll.toml"))
        child = self.start("serve", "--for", "machine")
        self.assertTrue(wait_until(lambda: os.path.exists(os.path.join(self.home, "server.sock")) or child.poll() is not None, 60))
        child.send_signal(signal.SIGTERM)
        out, err = child.communicate(timeout=60)
        self.assertNotIn(b"Who is to reach", err)
        self.assertFalse(os.path.exists(os.path.join(self.config, "atoll/atoll.toml")))

    def test_beyond_this_machine_it_shows_addresses_and_the_fingerprint(self):
        port = free_port()
        child = self.start("serve", "--listen", f"*:{port}", "--log-format", "text")
        self.assertTrue(wait_until(lambda: os.path.exists(os.path.join(self.home, "server.sock")), 60))
        self.assertTrue(wait_until(lambda: self.atoll("ls", code=None).code == 0, 60, 0.1))
        child.send_signal(signal.SIGTERM)
        out, err = (text.decode() for text in child.communicate(timeout=60))
        self.assertRegex(err, r"certificate of its own, SHA-256 [0-9a-f]{64}")
        address = re.search(r" serves \S+ at (https://\S+)", err).group(1)
        self.assertTrue(address.endswith(f":{port}"), address)
        self.assertNotIn("*", address)
        self.assertIn("ATOLL_URL=" + address, out)


class Jobs(ServeTest):
    def test_a_job_that_a_kill_broke_off_goes_on_under_its_id(self):
        secret = self.token()
        with open(secret) as file:
            headers = {"Authorization": "Bearer " + file.read().strip(), "Content-Type": "application/json"}
        server = self.serve()
        self.atoll("put", "-", "some-bucket/large", input=os.urandom(60_000_000))
        started = self.ask("POST", "/api/v1/verify", headers, json.dumps({"reads_data": True}))
        self.assertEqual(202, started.status, started.content)
        job = json.loads(started.content)["id"]
        server.kill()
        server.wait()
        self.serve()
        state = lambda: json.loads(self.ask("GET", "/api/v1/jobs/" + job, headers).content)
        self.assertTrue(wait_until(lambda: state().get("state") == "done", 60, 0.1), state())
        self.assertTrue(state()["result"]["is_clean"])
        # However far it was when it was killed: it ended once, and is remembered by the next start.
        attempts = state()["attempt"]
        self.assertIn(attempts, (1, 2))
        self.end(server)


if __name__ == "__main__":
    harness.main()
