"""What the program answers to scripts: its exit codes, and that a failure leaves everything as it was."""
import os
import shutil
import signal
import subprocess
import unittest

import harness
from harness import AtollTest


class ExitCodes(AtollTest):
    makes_home = False

    def test_2_usage(self):
        self.atoll("init")
        for arguments in ((), ("nonsense",), ("put",), ("put", "x"), ("ls", "--nonsense"), ("restore", "bucket"), ("put", self.folder, "B!"),
                          ("put", self.folder, "ab"), ("verify", "--sample", "nonsense"), ("find", "size>"), ("completion", "none"), ("cat", "")):
            with self.subTest(arguments=arguments):
                answer = self.atoll(*arguments, code=2)
                self.assertTrue(answer.errors.startswith("atoll: "), answer.errors)

    def test_3_partial_where_files_cannot_be_read(self):
        """Run as nobody where this is root: root reads everything."""
        self.file("source/good", b"good")
        self.file("source/secret", b"secret", mode=0)
        options = {}
        program = harness.ATOLL
        if os.geteuid() == 0:
            options = {"user": 65534, "group": 65534, "extra_groups": []}
            program = self.path("atoll")
            shutil.copy(harness.ATOLL, program)
            os.chmod(program, 0o755)
            os.chmod(self.folder, 0o777)
        run = lambda *arguments: subprocess.run([program, *arguments], env=self.env, cwd=self.folder, capture_output=True, timeout=60, **options)
        made = run("init")
        self.assertEqual(0, made.returncode, made.stderr)
        put = run("put", self.path("source"), "bucket")
        self.assertEqual(3, put.returncode, put.stderr)
        self.assertIn(b"secret", put.stderr)
        self.assertEqual(b"good", run("cat", "bucket/good").stdout)
        os.chmod(self.path("source/secret"), 0o644)
        again = run("put", self.path("source"), "bucket")
        self.assertEqual(0, again.returncode, again.stderr)
        self.assertEqual(b"secret", run("cat", "bucket/secret").stdout)

    def test_10_no_home(self):
        for arguments in (("ls",), ("put", self.folder, "bucket"), ("stat",), ("verify",), ("vault", "list")):
            answer = self.atoll(*arguments, code=10)
            self.assertIn("atoll init", answer.errors)
        self.assertFalse(os.path.exists(self.home))

    def is_owner(self, process):
        """Asked of the file that names the writer: trying to write would itself take the lock for a moment."""
        try:
            with open(os.path.join(self.vault_folder(), "vault.owner"), "rb") as file:
                return str(process).encode() in file.read()
        except FileNotFoundError:
            return False

    def test_11_locked(self):
        self.atoll("init")
        self.atoll("put", "-", "bucket/before", input=b"before")
        holder = self.start("put", "-", "bucket/slow", stdin=subprocess.PIPE)
        try:
            holder.stdin.write(b"first half ")
            holder.stdin.flush()
            self.assertTrue(harness.wait_until(lambda: self.is_owner(holder.pid)))
            self.assertIn(str(holder.pid), self.atoll("rm", "bucket/none", code=11).errors)
            # Readers go on.
            self.assertEqual(b"before", self.atoll("cat", "bucket/before").out)
            self.atoll("cat", "bucket/slow", code=20)
        finally:
            out, err = holder.communicate(b"second half")
        self.assertEqual(0, holder.returncode, err)
        self.assertEqual(b"first half second half", self.atoll("cat", "bucket/slow").out)
        # A holder that was killed holds nothing.
        holder = self.start("put", "-", "bucket/killed", stdin=subprocess.PIPE)
        holder.stdin.write(b"x")
        holder.stdin.flush()
        self.assertTrue(harness.wait_until(lambda: self.is_owner(holder.pid)))
        self.atoll("rm", "bucket/none", code=11)
        holder.kill()
        holder.communicate()
        self.atoll("put", "-", "bucket/after", input=b"after")

    def test_12_wrong_passphrase(self):
        right = self.file("right", "correct horse\n")
        wrong = self.file("wrong", "battery staple\n")
        self.atoll("init", "--new-password-file", right)
        self.atoll("put", "-", "bucket/x", "--password-file", right, input=b"x")
        self.atoll("cat", "bucket/x", "--password-file", wrong, code=12)
        self.atoll("cat", "bucket/x", code=12)
        self.atoll("put", "-", "bucket/y", "--password-file", wrong, input=b"x", code=12)
        self.assertEqual(b"x", self.atoll("cat", "bucket/x", "--password-file", right).out)

    def test_20_and_21(self):
        self.atoll("init")
        self.atoll("put", "-", "bucket/x", input=b"x")
        self.atoll("cat", "bucket/y", code=20)
        self.atoll("cat", "other/y", code=20)
        self.atoll("restore", "bucket/y", "--target", self.path("t"), code=20)
        self.atoll("ls", "--vault", "nosuch", code=20)
        self.atoll("put", self.path("nothing-here"), "bucket", code=20)
        self.atoll("init", code=21)
        self.atoll("init", "--if-missing")
        self.atoll("vault", "create", "main", code=21)
        self.assertEqual(b"x", self.atoll("cat", "bucket/x").out)

    def test_22_damage(self):
        self.atoll("init")
        self.atoll("put", "-", "bucket/x", input=os.urandom(300_000))
        for pack in self.files_of_home(".pack"):
            with open(pack, "r+b") as file:
                file.write(bytes(os.path.getsize(pack)))
        self.atoll("verify", "--data", code=22)
        answer = self.atoll("cat", "bucket/x", code=22)
        self.assertEqual(b"", answer.out)

    def test_130_interrupted_and_going_on(self):
        self.atoll("init")
        size = 24
        for attempt in range(4):
            source = self.path(f"source-{attempt}")
            for number in range(size):
                self.file(f"source-{attempt}/{number % 5}/{number}", os.urandom(2 << 20))
            child = self.start("put", source, f"bucket-{attempt}")
            harness.wait_until(lambda: child.poll() is not None or any(os.path.getsize(path) > 4 << 20 for path in self.files_of_home(".open", ".pack")), 60, 0.002)
            child.send_signal(signal.SIGINT)
            _, err = child.communicate(timeout=60)
            if child.returncode == 0:  # it was quicker than this test: once more, with more to do
                size *= 2
                continue
            self.assertEqual(130, child.returncode, err)
            self.assertIn(b"goes on", err)
            break
        else:
            self.fail("never came in time to interrupt")
        self.atoll("verify", "--data")
        self.atoll("put", source, f"bucket-{attempt}")
        self.assert_same_tree(source, self.restored(f"bucket-{attempt}"))
        self.assertEqual(0, self.atoll("verify", "--data", "--json").summary["damage"])

    def test_vanishing_and_appearing_files(self):
        """Files that come and go while a put runs are stored or listed, and never end it."""
        self.atoll("init")
        import threading
        stop = threading.Event()
        for number in range(300):
            self.file(f"source/still/{number}", b"still")
        os.makedirs(self.path("source/busy"))

        def churn():
            number = 0
            while not stop.is_set():
                number += 1
                self.file(f"source/busy/{number % 50}", b"busy" * 1000)
                try:
                    os.unlink(self.path(f"source/busy/{(number * 7) % 50}"))
                except FileNotFoundError:
                    pass

        thread = threading.Thread(target=churn)
        thread.start()
        try:
            for _ in range(5):
                self.atoll("put", self.path("source"), "bucket", code=(0, 3))
        finally:
            stop.set()
            thread.join()
        self.atoll("verify", "--data")
        self.assertEqual(300, len(self.atoll("ls", "bucket/still").lines))


if __name__ == "__main__":
    harness.main()
