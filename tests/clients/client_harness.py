"""What tests of clients/python stand on: the package from the sources, and a home of its own that the package serves."""
import os
import sys

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(SOURCE, "clients/python"), os.path.join(SOURCE, "tests/e2e")]

import harness  # noqa: E402
from harness import AtollTest, main, wait_until  # noqa: E402, F401

import atoll  # noqa: E402


class ClientTest(AtollTest):
    makes_home = False

    def setUp(self):
        super().setUp()
        # The package reads the environment of this process.
        before = dict(os.environ)
        self.addCleanup(lambda: (os.environ.clear(), os.environ.update(before)))
        for name in [name for name in os.environ if name.startswith("ATOLL_") or name.lower().endswith("_proxy")]:
            del os.environ[name]
        os.environ.update({name: value for name, value in self.env.items() if name not in ("PATH", "LC_ALL")}, ATOLL_PROGRAM=harness.ATOLL)

    def client(self, **options):
        client = atoll.Client(self.home, **options)
        self.addCleanup(client.close)
        return client

    def token(self, client, user="admin", **order):
        """A token as somebody on another machine has it."""
        return client.token_create(user=user, label="test", **order)["token"]

    def listening(self, token=None):
        """A server on 127.0.0.1 over the test's home: its address, a token (where the home never had a server: that of the first start), and its
        process."""
        import re
        import signal
        import subprocess
        log = self.path("serve.log")
        with open(log, "wb") as out:
            server = subprocess.Popen([harness.ATOLL, "serve", "--listen", "127.0.0.1:0"], env=self.env, stdin=subprocess.DEVNULL, stdout=out, stderr=out)

        def stop():
            if server.poll() is None:
                server.send_signal(signal.SIGTERM)
                server.wait(60)
        self.addCleanup(stop)

        def said():
            with open(log, encoding="utf-8", errors="replace") as file:
                return file.read()
        last_words = r"at http://127\.0\.0\.1:\d+" if token else r"^  token +\S+$"
        self.assertTrue(wait_until(lambda: re.search(last_words, said(), re.M) or server.poll() is not None, 60), said())
        url = re.search(r"at (http://127\.0\.0\.1:\d+)", said()).group(1)
        return url, token or re.search(r"^  token +(\S+)$", said(), re.M).group(1), server
