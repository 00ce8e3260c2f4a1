"""The image of packaging/Containerfile, without building it: what the file says is read and done here. Its files are put
where it puts them, over this machine's own system in a mount namespace, and its entry point and health check run there as
its user, with its environment and nothing else.

Where nobody may mount, the same runs in plain folders, with other names for /data and the port; which of the two it was is
printed. That packages exist and that the sources compile there is what only a build of the image tells."""
import http.client
import json
import os
import re
import shlex
import shutil
import signal
import socket
import ssl
import subprocess
import sys

import harness
from harness import SOURCE, AtollTest

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"  # of debian's images
PROGRAMS = os.path.dirname(harness.ATOLL)

# Everything is in memory and seen by nobody else: mounts, network and processes are of namespaces that end with the test.
PREPARE = """
set -e
memory=$1; uid=$2; shift 2
mount --make-rprivate /
mount -t tmpfs tmpfs "$memory"
mkdir "$memory/upper" "$memory/work" "$memory/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$memory/upper,workdir=$memory/work" "$memory/root"
mount -t proc proc "$memory/root/proc"
mount --rbind /dev "$memory/root/dev"
mount -t tmpfs -o mode=1777 tmpfs "$memory/root/tmp"
rm -rf "$memory/root/data"
mkdir "$memory/root/data"
chown "$uid" "$memory/root/data"
ip link set lo up
exec "$@"
"""


class Image:
    """The instructions of the last stage, and what the ones before it leave for it."""

    def __init__(self):
        with open(os.path.join(SOURCE, "packaging/Containerfile")) as file:
            text = file.read()
        text = re.sub(r"^\s*#.*\n", "", text, flags=re.M).replace("\\\n", " ")
        self.stages = []
        for line in text.splitlines():
            name, _, rest = line.strip().partition(" ")
            if not name:
                continue
            if name == "FROM":
                self.stages.append([])
            self.stages[-1].append((name, rest.strip()))
        self.last = self.stages[-1]

    def of(self, name, stage=-1):
        return [rest for word, rest in self.stages[stage] if word == name]

    def one(self, name):
        found = self.of(name)
        assert len(found) == 1, (name, found)
        return found[0]

    @property
    def copies(self):
        """Source below the build's folder, and the place in the image."""
        pairs = [shlex.split(rest) for rest in self.of("COPY")]
        assert all(words[0] == "--from=build" and words[1].startswith("/source/") for words in pairs), pairs
        return [(words[1].removeprefix("/source/"), words[2]) for words in pairs]

    @property
    def user(self):
        """Name, number and home folder of who runs it."""
        name = self.one("USER")
        made = re.search(r"useradd ([^&]*?) %s(?: |$)" % re.escape(name), " ".join(self.of("RUN"))).group(1).split()
        return name, int(made[made.index("--uid") + 1]), made[made.index("--home-dir") + 1]

    @property
    def environment(self):
        pairs = [word.split("=", 1) for rest in self.of("ENV") for word in shlex.split(rest)]
        return {"PATH": PATH, "HOME": self.user[2], **dict(pairs)}

    @property
    def entry_point(self):
        return json.loads(self.one("ENTRYPOINT"))

    @property
    def health_check(self):
        found = re.match(r"(?:--\S+ )*CMD (.*)$", self.one("HEALTHCHECK"))
        assert not found.group(1).startswith("["), "this test runs the form for a shell"
        return ["/bin/sh", "-c", found.group(1)]

    @property
    def port(self):
        return int(self.one("EXPOSE"))


class Container:
    """What is done with the image, in a namespace (root: the folder that is its /) or in plain folders (root: none)."""

    def __init__(self, root, folder):
        image = Image()
        self.port, self.entry_point, self.health_check = image.port, image.entry_point, image.health_check
        self.environment = image.environment
        self.prefix = []
        self.data = root + "/data"
        if root:
            _, uid, _ = image.user
            self.prefix = ["chroot", f"--userspec={uid}:{uid}", root]
            for source, target in image.copies:
                if source.startswith("build/release/bin/"):
                    os.makedirs(os.path.dirname(root + target), exist_ok=True)
                    shutil.copy(os.path.join(PROGRAMS, os.path.basename(source)), root + target)
        else:
            self.data = os.path.join(folder, "data")
            os.makedirs(self.data)
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                self.port = probe.getsockname()[1]
            self.environment = {name: value.replace("/data", self.data) for name, value in self.environment.items()}
            self.environment["PATH"] = PROGRAMS + ":" + self.environment["PATH"]
            self.entry_point = [word.replace(f":{image.port}", f":{self.port}") for word in self.entry_point]
        self.server = None

    def run(self, words, **options):
        return subprocess.run(self.prefix + words, env=self.environment, capture_output=True, timeout=100, **options)

    def health(self):
        return self.run(self.health_check).returncode

    def answers(self):
        context = ssl._create_unverified_context()  # the certificate is made by the server itself
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=10, context=context)
        try:
            connection.request("GET", "/livez")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def start(self, *more):
        self.log_path = os.path.join(os.path.dirname(self.data), "atoll-server.log")
        with open(self.log_path, "w") as log:
            self.server = subprocess.Popen(self.prefix + self.entry_point + list(more), env=self.environment,
                                           stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)

    def comes_up(self):
        return harness.wait_until(lambda: self.server.poll() is not None or self.answers(), 60, 0.05) and \
            self.server.poll() is None

    def text(self):
        with open(self.log_path) as log:
            return log.read()

    def stop(self):
        self.server.send_signal(signal.SIGTERM)
        return self.server.wait(60)

    def steps(self):
        facts = {}
        self.start("--log-format", "text")  # into a file it is json otherwise
        facts["up"] = self.comes_up()
        if not facts["up"]:
            return {**facts, "log": self.text()}
        facts["healthy"] = harness.wait_until(lambda: self.health() == 0, 30)
        put = self.run(["atoll", "put", "--quiet", "-", "some-bucket/key"], input=b"kept")
        facts["put"] = [put.returncode, put.stderr.decode()]
        self.server.send_signal(signal.SIGSTOP)
        facts["health_hung"] = self.run(["timeout", "3", *self.health_check]).returncode
        self.server.send_signal(signal.SIGCONT)
        facts["stopped"] = self.stop()
        facts["words_reach_serve"] = "serves " in self.text() and "{" not in self.text()
        facts["health_gone"] = self.health()
        facts["owners"] = sorted({os.stat(os.path.join(self.data, name)).st_uid for name in os.listdir(self.data)})
        self.start()
        facts["up_again"] = self.comes_up()
        facts["content"] = self.run(["atoll", "cat", "some-bucket/key"]).stdout.decode()
        facts["healthy_again"] = harness.wait_until(lambda: self.health() == 0, 30)
        facts["lock"] = self.run(["atoll", "lock"]).returncode
        facts["unhealthy_locked"] = harness.wait_until(lambda: self.health() != 0, 30)
        facts["unlock"] = self.run(["atoll", "unlock"]).returncode
        facts["healthy_unlocked"] = harness.wait_until(lambda: self.health() == 0, 30)
        facts["stopped_again"] = self.stop()
        # Both copies of what opens each vault.
        for top, _, names in os.walk(self.data):
            for name in names:
                if name in ("keyring", "keyring.2"):
                    with open(os.path.join(top, name), "w") as file:
                        file.write("damaged")
        self.start()
        facts["damaged"] = self.server.wait(60)
        facts["health_damaged"] = self.health()
        return facts


class ContainerFile(AtollTest):
    makes_home = False

    def test_what_it_copies_is_built_and_what_it_builds_is_there(self):
        image = Image()
        build = " ".join(image.of("RUN", 0))
        targets = re.search(r"--target ([a-z -]*)", build).group(1).split()
        for source, target in image.copies:
            if source.startswith("build/release/bin/"):
                name = os.path.basename(source)
                self.assertIn(name, targets)
                self.assertTrue(os.access(os.path.join(PROGRAMS, name), os.X_OK), name)
                self.assertEqual(name, os.path.basename(target))
            else:
                self.assertTrue(os.path.exists(os.path.join(SOURCE, source)), source)
        # A build of the machine itself names folders that the image does not have.
        with open(os.path.join(SOURCE, ".containerignore")) as file:
            ignored = file.read().split()
        self.assertIn("build/", ignored)

    def test_it_serves_keeps_and_says_how_it_is(self):
        image = Image()
        memory = self.path("memory")
        os.mkdir(memory)
        apart = ["unshare", "-m", "-n", "-p", "-f", "--kill-child"]
        may = os.geteuid() == 0 and subprocess.run(
            [*apart, "mount", "-t", "tmpfs", "tmpfs", memory], capture_output=True).returncode == 0
        print(f"{self.id()}: in {'a mount namespace' if may else 'plain folders, nobody may mount here'}", flush=True)
        if may:
            ran = subprocess.run(
                [*apart, "bash", "-c", PREPARE, "prepare", memory, str(image.user[1]), sys.executable, "-B",
                 os.path.abspath(__file__), "inside", os.path.join(memory, "root"), self.folder],
                capture_output=True, text=True, timeout=220)
            self.assertEqual(ran.returncode, 0, ran.stdout + ran.stderr)
            facts = json.loads(ran.stdout.splitlines()[-1])
        else:
            facts = self.plain_facts()
        self.assertTrue(facts["up"], facts)
        owner = image.user[1] if may else os.geteuid()
        self.assertEqual([owner], facts.pop("owners"))
        self.assertEqual("kept", facts["content"], facts)
        for name in ("health_hung", "health_gone", "health_damaged", "damaged"):
            self.assertNotEqual(0, facts.pop(name), name)
        self.assertEqual({"up": True, "healthy": True, "put": [0, ""], "stopped": 0, "words_reach_serve": True,
                          "up_again": True, "content": "kept", "healthy_again": True, "lock": 0, "unhealthy_locked": True, "unlock": 0,
                          "healthy_unlocked": True, "stopped_again": 0}, facts)

    def plain_facts(self):
        container = Container("", self.folder)

        def end():
            if container.server and container.server.poll() is None:
                container.server.kill()
                container.server.wait()
        self.addCleanup(end)
        return container.steps()


if __name__ == "__main__":
    if sys.argv[1:2] == ["inside"]:
        print(json.dumps(Container(*sys.argv[2:4]).steps()))
    else:
        harness.main()
