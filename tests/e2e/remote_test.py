"""The command line on another machine than the home's: its own files go in and come back, and only what is new travels."""
import os
import queue
import random
import signal
import socket
import threading
import time
import unittest

import harness
import roundtrip_test
from harness import AtollTest


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Wire:
    """A port before the server's: counts bytes, takes its time, and can cut everything off."""

    def __init__(self, port, delay_s=0.0):
        self.target, self.delay_s = port, delay_s
        self.up = self.down = 0
        self.cut_after = None  # bytes upwards
        self.lock = threading.Lock()
        self.open = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self.target))
            for one in (client, server):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self.lock:
                self.open += [client, server]
            self.carry(client, server, True)
            self.carry(server, client, False)

    def carry(self, source, sink, is_up):
        pieces = queue.Queue()

        def read():
            while True:
                try:
                    piece = source.recv(1 << 16)
                except OSError:
                    piece = b""
                pieces.put((time.monotonic() + self.delay_s, piece))
                if not piece:
                    return

        def write():
            while True:
                due, piece = pieces.get()
                time.sleep(max(0.0, due - time.monotonic()))
                try:
                    if not piece:
                        sink.shutdown(socket.SHUT_WR)
                        return
                    sink.sendall(piece)
                except OSError:
                    return
                with self.lock:
                    if is_up:
                        self.up += len(piece)
                    else:
                        self.down += len(piece)
                    is_cut = self.cut_after is not None and self.up > self.cut_after
                if is_cut:
                    self.cut()

        threading.Thread(target=read, daemon=True).start()
        threading.Thread(target=write, daemon=True).start()

    def cut(self):
        with self.lock:
            everything, self.open = self.open, []
        for one in everything:
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            one.close()

    def counted(self, work):
        """Bytes up and down while `work` runs."""
        with self.lock:
            up, down = self.up, self.down
        answer = work()
        time.sleep(0.2)  # what is counted comes a moment after it was delivered
        with self.lock:
            return answer, self.up - up, self.down - down

    def close(self):
        self.listener.close()
        self.cut()


class Served(AtollTest):
    """A server, and another machine that has its address and a token."""

    def setUp(self):
        super().setUp()
        self.secret = self.make_token("ann", "owner")
        self.port = free_port()
        self.server = self.start("serve", "--quiet", "--listen", f"127.0.0.1:{self.port}")
        self.addCleanup(self.end_server)
        self.wait_for_server()
        self.wire = Wire(self.port)
        self.addCleanup(self.wire.close)
        self.there = self.path("there")  # the other machine's disk
        os.makedirs(os.path.join(self.there, "user"))

    def wait_for_server(self):
        import http.client
        deadline = time.monotonic() + 30
        while True:
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
                connection.request("GET", "/readyz")
                if connection.getresponse().status == 200:
                    return
            except OSError:
                pass
            self.assertLess(time.monotonic(), deadline, "the server does not answer")
            time.sleep(0.05)

    def end_server(self):
        if self.server.poll() is None:
            self.server.send_signal(signal.SIGTERM)
        self.server.communicate(timeout=60)

    def make_token(self, name, role):
        self.atoll("user", "add", name, "--no-password", "--role", role)
        secret = self.path(f"{name}.token")
        with open(secret, "wb") as file:
            file.write(self.atoll("token", "create", name).out)
        os.chmod(secret, 0o600)
        return secret

    def away(self, *arguments, secret=None, wire=None, **options):
        """Runs on the other machine: no home, no configuration, other folders."""
        return AtollTest.atoll(self, *arguments, cwd=self.there, env=self.away_env(secret, wire), **options)

    def away_env(self, secret=None, wire=None):
        user = os.path.join(self.there, "user")
        return {"HOME": user, "XDG_CONFIG_HOME": user + "/config", "XDG_DATA_HOME": user + "/data",
                "ATOLL_HOME": user + "/none", "ATOLL_URL": f"http://127.0.0.1:{(wire or self.wire).port}",
                "ATOLL_TOKEN_FILE": secret or self.secret}

    def tree(self, *parts):
        return os.path.join(self.there, *parts)

    def write(self, name, content):
        path = self.tree(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content)
        return path

    def files_in(self, address):
        return [line for line in self.away("ls", "-r", address).lines if line and not line.endswith("/")]

    @staticmethod
    def settle():
        """What was touched a moment before it was stored is read again by the next put."""
        time.sleep(3.1)


class RemoteRoundTrip(Served, roundtrip_test.RoundTrip):
    """What holds for a folder beside the home holds for one on another machine."""

    def atoll(self, *arguments, **options):
        if not hasattr(self, "wire"):
            return super().atoll(*arguments, **options)  # what makes the home and the token
        environment = self.away_env()
        environment.update(options.pop("env", {}))
        return super().atoll(*arguments, env=environment, **options)

    def start(self, *arguments, **options):
        if hasattr(self, "wire") and "env" not in options:
            options["env"] = self.away_env()
        return super().start(*arguments, **options)


class Remote(Served):
    def test_a_second_restore_moves_nothing(self):
        noise = random.Random(6)
        for i in range(40):
            self.write(f"tree/d{i % 4}/f{i}", noise.randbytes(50_000))
        os.link(self.tree("tree/d0/f0"), self.tree("tree/d1/link"))
        os.symlink("f1", self.tree("tree/d1/symlink"))
        self.away("put", "tree", "files/below")
        self.assertFalse(os.path.exists(self.tree("user", "none")), "nothing is made on the other machine")
        _, _, down = self.wire.counted(lambda: self.away("restore", "files/below", "--target", "back"))
        self.assertGreater(down, 40 * 50_000)
        self.assert_same_tree(self.tree("tree"), self.tree("back"))
        # And it is what the server itself gives back.
        self.assert_same_tree(self.tree("tree"), self.restored("files/below"))
        again, _, down = self.wire.counted(
            lambda: self.away("--json", "restore", "files/below", "--target", "back").summary)
        self.assertGreaterEqual(again["files_already_there"], 40)
        self.assertEqual(again["total_bytes"], 0)
        self.assertLess(down, 100_000)
        self.assert_same_tree(self.tree("tree"), self.tree("back"))

    def test_only_what_is_new_travels(self):
        size = 100 << 20
        noise = random.Random(7)
        path = self.write("big/model.data", noise.randbytes(size))
        self.write("big/small.txt", b"some words\n" * 100)
        self.settle()
        _, up, _ = self.wire.counted(lambda: self.away("put", "big", "models"))
        self.assertGreater(up, size)
        self.assertLess(up, size * 1.05)
        # Nothing changed: nothing is read.
        answer, up, _ = self.wire.counted(lambda: self.away("--json", "put", "big", "models").summary)
        self.assertEqual(answer["bytes_read"], 0)
        self.assertLess(up, 20_000)
        # One byte in the middle.
        with open(path, "r+b") as file:
            file.seek(size // 2)
            file.write(b"!")
        answer, up, down = self.wire.counted(lambda: self.away("--json", "put", "big", "models").summary)
        self.assertEqual(answer["files_changed"], 1)
        self.assertLess(up, 1 << 20, "about one chunk, and the ids of the others")
        self.assertLess(down, 1 << 20)
        # The same content under another name.
        os.makedirs(self.tree("copy"))
        os.link(path, self.tree("copy", "other.data"))
        _, up, _ = self.wire.counted(lambda: self.away("put", "copy", "models/copy"))
        self.assertLess(up, 1 << 20)
        self.away("get", "models/model.data", "--output", "back.data")
        with open(path, "rb") as a, open(self.tree("back.data"), "rb") as b:
            self.assertEqual(a.read(), b.read())

    def stored_count(self, bucket):
        listed = self.away("--json", "ls", "-r", bucket, code=None)
        return listed.out.count(b'"object"') if listed.code == 0 else 0

    def test_a_broken_line_costs_what_was_under_way(self):
        noise = random.Random(8)
        for i in range(60):
            self.write(f"tree/f{i:02}", noise.randbytes(1 << 20))
        self.wire.cut_after = self.wire.up + (30 << 20)
        broken = self.away("put", "tree", "files", code=None)
        self.assertIn(broken.code, (24, 130), broken.errors)
        self.wire.cut_after = None
        # The server goes on by itself until it has committed what it has.
        stored, before = self.stored_count("files"), -1
        while stored != before:
            time.sleep(1)
            stored, before = self.stored_count("files"), stored
        self.assertGreater(stored, 0)
        _, up, _ = self.wire.counted(lambda: self.away("put", "tree", "files"))
        self.assertLess(up, (60 - stored + 2) << 20, "what was stored before the break is not sent again")
        self.away("restore", "files", "--target", "back")
        self.assert_same_tree(self.tree("tree"), self.tree("back"))
        self.away("verify", "--data")

    def test_many_small_files_over_a_long_way(self):
        for i in range(2000):
            self.write(f"tree/d{i // 30:03}/f{i}", b"%d\n" % i * 40)
        self.settle()
        slow = Wire(self.port, 0.025)
        self.addCleanup(slow.close)
        begun = time.monotonic()
        self.away("put", "tree", "files", wire=slow)
        self.assertLess(time.monotonic() - begun, 30)
        begun = time.monotonic()
        self.away("restore", "files", "--target", "back", wire=slow)
        self.assertLess(time.monotonic() - begun, 60)
        self.assert_same_tree(self.tree("tree"), self.tree("back"))
        begun = time.monotonic()
        again = self.away("--json", "put", "tree", "files", wire=slow).summary
        self.assertLess(time.monotonic() - begun, 10)
        self.assertEqual(again["bytes_read"], 0)

    def test_options_of_put(self):
        for name in ("a.txt", "b.log", "sub/c.txt", "sub/d.log"):
            self.write("tree/" + name, name.encode() * 50)
        self.write("leave-out", b"*.log\n")
        self.write("table.csv", b"path,camera\na.txt,Zeiss\nmissing.txt,none\n")
        said = self.away("put", "-n", "tree", "files")
        self.assertIn("Would", said.text)
        self.away("put", "tree", "files", "--exclude-file", "leave-out", "--table", "table.csv", "--tag", "run=7",
                  "--meta", "who=ann")
        self.assertEqual(self.files_in("files"), ["a.txt", "sub/c.txt"])
        found = self.away("--json", "stat", "files/a.txt", code=None)
        listed = self.away("--json", "ls", "files/a.txt").of_type("object")[0]
        self.assertEqual(listed["metadata"], {"camera": "Zeiss", "who": "ann"}, found)
        self.assertEqual(listed["tags"], {"run": "7"})
        # One file, several, and a place for them.
        self.away("put", "tree/b.log", "files/other-name")
        self.away("put", "tree/b.log", "tree/a.txt", "files/two/")
        self.assertEqual(self.away("cat", "files/other-name").out, b"b.log" * 50)
        self.assertEqual(self.away("ls", "files/two/").lines, ["a.txt", "b.log"])
        # A mirror, and a move.
        os.remove(self.tree("tree/a.txt"))
        self.away("put", "--mirror", "tree", "files/mirror")
        os.remove(self.tree("tree/sub/c.txt"))
        self.away("put", "--mirror", "tree", "files/mirror")
        self.assertEqual(self.files_in("files/mirror"), ["b.log", "sub/d.log"])
        self.away("put", "--move", "--only-one-copy", "tree", "files/moved")
        self.assertEqual(os.listdir(self.tree("tree")), [])
        self.assertEqual(self.away("cat", "files/moved/sub/d.log").out, b"sub/d.log" * 50)

    def test_what_cannot_be_read_is_listed(self):
        self.write("tree/good", b"good")
        os.symlink("nowhere", self.tree("tree/link"))
        answer = self.away("put", "tree", "no-such-folder", "files", code=(1, 2, 3, 20))
        self.assertIn("no-such-folder", answer.errors)
        if os.geteuid() != 0:
            os.chmod(self.write("tree/bad", b"bad"), 0)
            answer = self.away("put", "tree", "files", code=3)
            self.assertIn("bad", answer.errors)
            self.assertEqual(self.away("cat", "files/good").out, b"good")

    def test_single_objects_come_to_this_machine(self):
        self.write("tree/sub/photo.jpg", b"picture" * 1000)
        self.away("put", "tree", "files")
        self.away("get", "files/sub/photo.jpg")
        with open(self.tree("photo.jpg"), "rb") as file:
            self.assertEqual(file.read(), b"picture" * 1000)
        self.assertIn("exists", self.away("get", "files/sub/photo.jpg", code=21).errors)
        self.away("get", "files/sub/photo.jpg", "--overwrite")
        self.away("get", "files/sub/photo.jpg", "-o", "out/")
        self.away("get", "files/sub/photo.jpg", "-o", "out/named")
        self.assertEqual(sorted(os.listdir(self.tree("out"))), ["named", "photo.jpg"])
        self.assertEqual(os.stat(self.tree("out/named")).st_mtime_ns, os.stat(self.tree("tree/sub/photo.jpg")).st_mtime_ns)

    def test_leaving_and_arriving(self):
        self.write("tree/a.txt", b"a" * 5000)
        self.write("tree/sub/b.txt", b"b" * 5000)
        self.away("put", "tree", "files", "--tag", "run=7")
        for layout in ("plain", "bagit", "archive"):
            self.away("export", "files", "--to", f"out/{layout}", "--format", layout)
        self.away("import", "out/plain", "again")
        self.away("restore", "again", "--target", "back")
        self.assert_same_tree(self.tree("tree"), self.tree("back"))
        import tarfile
        with tarfile.open(self.tree("some.tar.gz"), "w:gz") as tar:
            tar.add(self.tree("tree"), arcname="tree")
        self.away("import", "some.tar.gz", "unpacked")
        self.assertEqual(self.away("cat", "unpacked/tree/sub/b.txt").out, b"b" * 5000)

    def test_who_may_not_does_not(self):
        self.write("tree/a.txt", b"a")
        self.away("put", "tree", "files")
        wrong = self.file("wrong.token", "atl_" + "a" * 52 + "\n")
        self.away("put", "tree", "files", secret=wrong, code=12)
        reader = self.make_token("ben", "reader")
        editor = self.make_token("eva", "editor")
        for secret in (reader, editor):
            self.away("put", "tree", "files", secret=secret, code=25)
            self.away("restore", "files", "--target", "back", secret=secret, code=25)
        self.assertFalse(os.path.exists(self.tree("back")))
        # Files of the server stay the server's, and are named as they were typed.
        refused = self.away("key", "kit", "--to", "kit", code=25)
        self.assertIn(self.tree("kit"), refused.errors)
        self.assertFalse(os.path.exists(self.tree("kit")))

    def test_answers_are_taken_from_whoever_was_asked(self):
        import http.client
        with open(self.make_token("eva", "owner")) as file:
            other = file.read().strip()
        for path, expected in (("/api/v1/commands/aaaa/answers", 404), ("/api/v1/commands//answers", 404)):
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
            connection.request("POST", path, b"", {"Authorization": "Bearer " + other})
            self.assertEqual(connection.getresponse().status, expected, path)
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request("POST", "/api/v1/commands/aaaa/answers", b"", {})
        self.assertEqual(connection.getresponse().status, 401)

    def test_watching_looks_again_and_again(self):
        self.write("tree/a.txt", b"a")
        child = self.start("put", "--watch", "--poll", "1s", "--settle", "0s", "tree", "files", cwd=self.there,
                           env=self.away_env())
        try:
            deadline = time.monotonic() + 40
            while self.away("cat", "files/a.txt", code=None).code != 0:
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.2)
            self.write("tree/new.txt", b"new")
            while self.away("cat", "files/new.txt", code=None).code != 0:
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.2)
        finally:
            child.send_signal(signal.SIGINT)
            child.communicate(timeout=30)
        # Told to stop it ended its round and came to an end, as it does beside the home.
        self.assertEqual(child.returncode, 0)


if __name__ == "__main__":
    harness.main()
