"""Accounts go along with the copies of the first vault: on the day when the machine is gone, people sign in to the new one with the
tokens that they had."""
import http.client
import os
import signal
import socket
import time

from harness import AtollTest, main, remove_tree, wait_until


class AccountsCopy(AtollTest):
    def setUp(self):
        super().setUp()
        self.place = self.path("disk")
        os.mkdir(self.place)
        self.copy = os.path.join(self.place, "atoll")
        self.file("tree/letter", "to whom it may concern")
        self.atoll("put", self.path("tree"), "docs")
        self.secret = self.token_of("ann", "owner")

    def token_of(self, name, role, *more):
        self.atoll("user", "add", name, "--no-password", "--role", role, *more)
        return self.atoll("token", "create", name).text.strip()

    def serve(self, *more):
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            self.port = one.getsockname()[1]
        server = self.start("serve", "--quiet", "--listen", f"127.0.0.1:{self.port}", *more)
        self.addCleanup(self.end, server)
        self.assertTrue(wait_until(lambda: server.poll() is not None or self.status("/readyz") == 200, 30, 0.05))
        self.assertIsNone(server.poll(), "the server ended")
        return server

    def end(self, server, by=signal.SIGTERM):
        if server.poll() is None:
            server.send_signal(by)
        out, err = server.communicate(timeout=60)
        return out.decode() + err.decode()

    def status(self, target, secret=None):
        try:
            line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
            line.request("GET", target, headers={"Authorization": f"Bearer {secret}"} if secret else {})
            answer = line.getresponse()
            answer.read()
            line.close()
            return answer.status
        except OSError:
            return None

    def archives(self):
        found = []
        for top, _, names in os.walk(os.path.join(self.copy, "accounts")):
            found += [(name, os.stat(os.path.join(top, name)).st_mtime_ns) for name in names if name.endswith(".jseg")]
        return sorted(found)

    def have_come(self):
        """The first round is over: what it brings is there, and nothing more has come for a second."""
        if not wait_until(self.archives, 20, 0.1):
            return False
        before = None
        for _ in range(20):
            now = sorted((top, tuple(names)) for top, _, names in os.walk(os.path.join(self.copy, "accounts")))
            if now == before:
                return True
            before = now
            time.sleep(1)
        return False

    def lose_everything(self):
        remove_tree(self.home)
        remove_tree(self.config)

    def come_back(self, *secret):
        answer = self.atoll("restore-home", "--from", self.copy, *secret, "--json")
        self.assertTrue(answer.summary["accounts"])
        self.assertEqual({"ann"}, {one["name"] for one in self.atoll("user", "list", "--json").of_type("user")})
        server = self.serve()
        self.assertEqual(200, self.status("/api/v1/buckets/docs/objects/letter", self.secret))
        self.assertEqual(401, self.status("/api/v1/buckets/docs/objects/letter", "atoll_nobodys"))
        self.end(server)

    def test_with_the_kit(self):
        server = self.serve()
        self.atoll("copy", "add", self.copy)
        self.assertTrue(self.have_come(), "the accounts did not come to the copy")
        self.atoll("key", "kit", "--to", self.path("kit"))
        self.end(server, signal.SIGKILL)
        self.lose_everything()
        self.come_back("--kit", self.path("kit"))
        # Its keys are this machine's own: the next restart needs nothing else, and the old copy is still whole.
        self.end(self.serve())
        self.lose_everything()
        self.come_back("--kit", self.path("kit"))

    def test_a_restore_that_broke_off_before_them_goes_on(self):
        server = self.serve()
        self.atoll("copy", "add", self.copy)
        self.assertTrue(self.have_come())
        self.atoll("key", "kit", "--to", self.path("kit"))
        self.end(server)
        self.lose_everything()
        again = ("restore-home", "--from", self.copy, "--kit", self.path("kit"))
        self.atoll(*again)
        accounts = {one["name"]: one["id"] for one in self.atoll("vault", "list", "--all", "--json").of_type("vault")}["control"]
        remove_tree(os.path.join(self.home, "vaults", accounts))
        self.assertEqual([], self.atoll("user", "list", "--json").json())
        self.assertIn("accounts", self.atoll(*again).text)
        self.assertIn("ann", {one["name"] for one in self.atoll("user", "list", "--json").of_type("user")})
        self.atoll(*again, code=21)  # all is there

    def test_with_a_passphrase_alone(self):
        self.file("pass", "a long enough passphrase\n")
        os.chmod(self.path("pass"), 0o600)
        self.lose_everything()
        self.atoll("init", "--new-password-file", self.path("pass"))
        self.atoll("put", self.path("tree"), "docs", "--password-file", self.path("pass"))
        secret = ("--password-file", self.path("pass"))
        self.atoll("user", "add", "ann", "--no-password", "--role", "owner", *secret)
        self.secret = self.atoll("token", "create", "ann", *secret).text.strip()
        server = self.serve(*secret)
        self.atoll("copy", "add", self.copy)
        self.assertTrue(self.have_come())
        self.end(server)
        self.lose_everything()
        answer = self.atoll("restore-home", "--from", self.copy, *secret, "--json")
        self.assertTrue(answer.summary["accounts"])
        server = self.serve(*secret)
        self.assertEqual(200, self.status("/api/v1/buckets/docs/objects/letter", self.secret))
        self.end(server)

    def test_a_copy_that_goes_takes_them_with_it(self):
        server = self.serve()
        self.atoll("copy", "add", self.copy, "--as", "one")
        self.assertTrue(self.have_come())
        time.sleep(1)  # a round that is under way ends
        answer = self.atoll("copy", "remove", "one", "--delete-files", "--yes")
        self.assertFalse(os.path.exists(self.copy), answer.errors)
        self.atoll("copy", "add", self.copy, "--as", "one")
        self.assertTrue(wait_until(self.archives, 40, 0.1), "no accounts after the copy was made again")
        self.end(server)
        self.assertEqual(["accounts-of-one"], [one["name"] for one in self.atoll("copy", "list", "--vault", "control", "--json").of_type("copy")])

    def test_a_copy_without_accounts_makes_a_home_without_them(self):
        self.atoll("copy", "add", self.copy)  # no server ran, so none came along
        self.atoll("key", "kit", "--to", self.path("kit"))
        self.lose_everything()
        answer = self.atoll("restore-home", "--from", self.copy, "--kit", self.path("kit"), "--json")
        self.assertFalse(answer.summary["accounts"])
        self.assertEqual([], self.atoll("user", "list", "--json").json())


main()
