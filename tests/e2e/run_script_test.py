"""./run FOLDER: builds if need be, makes a home, stores the folder, and a second time finds nothing to do."""
import os
import re
import signal
import socket
import subprocess
import time
import unittest

import harness
from harness import AtollTest


class RunScript(AtollTest):
    makes_home = False

    def run_it(self, *arguments, code=0, serve="no"):
        environment = dict(os.environ)
        environment["ATOLL_SERVE"] = serve
        environment.update({key: value for key, value in self.env.items() if key != "PATH"})
        done = subprocess.run([os.path.join(harness.SOURCE, "run"), *arguments], env=environment, cwd=self.folder, capture_output=True, timeout=200,
                              stdin=subprocess.DEVNULL)
        said = done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
        self.assertEqual(code, done.returncode, said)
        return said

    def test_help_and_missing_folder(self):
        self.assertIn("./run", self.run_it("--help")[0])
        self.assertIn("not a folder", self.run_it(self.path("nothing"), code=2)[1])
        self.assertFalse(os.path.exists(self.home))

    @unittest.skipUnless(harness.ATOLL == os.path.join(harness.SOURCE, "build/release/bin/atoll"), "./run builds and uses build/release only")
    def test_twice(self):
        self.file("My Folder/a", b"alpha")
        self.file("My Folder/sub/b", b"beta")
        time.sleep(3.1)
        out, _ = self.run_it(self.path("My Folder"))
        self.assertIn("2 new", out)
        self.assertEqual(b"alpha", self.atoll("cat", "my-folder/a").out)
        out, _ = self.run_it("My Folder")
        self.assertIn("0 new, 0 changed, 2 unchanged", out)
        # The commands it proposes are commands.
        proposed = [line.strip() for line in out.splitlines() if line.startswith("  " + harness.ATOLL)]
        self.assertEqual(3, len(proposed), out)
        for line in proposed:
            done = subprocess.run(["bash", "-c", line], env=self.env, cwd=self.folder, capture_output=True, timeout=60)
            self.assertEqual(0, done.returncode, (line, done.stderr))
        self.assert_same_tree(self.path("My Folder"), self.path("restored-my-folder"))

    @unittest.skipUnless(harness.ATOLL == os.path.join(harness.SOURCE, "build/release/bin/atoll"), "./run builds and uses build/release only")
    def test_it_ends_with_a_server(self):
        self.file("some-folder/a", b"alpha")
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            port = one.getsockname()[1]
        self.env["ATOLL_SERVE_LISTEN"] = f"127.0.0.1:{port}"
        out, err = self.run_it(self.path("some-folder"), serve="yes")
        pid = int(re.search(r"until you end it: kill (\d+)", out).group(1))
        self.addCleanup(lambda: os.path.exists(f"/proc/{pid}") and os.kill(pid, signal.SIGKILL))
        self.assertIn(f"http://127.0.0.1:{port}", out)
        token = re.search(r"^ *token +(\S+)$", out, re.M).group(1)
        self.assertEqual(b"alpha", self.atoll("cat", "some-folder/a", env={"ATOLL_HOME": self.path("nowhere"),
                         "ATOLL_URL": f"http://127.0.0.1:{port}", "ATOLL_TOKEN": token}).out)
        self.assertNotIn("password", self.run_it(self.path("some-folder"), serve="yes")[0])
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + 30
        while os.path.exists(f"/proc/{pid}") and time.monotonic() < deadline:
            time.sleep(0.1)
        self.assertEqual(b"alpha", self.atoll("cat", "some-folder/a").out)


if __name__ == "__main__":
    harness.main()
