"""What every end-to-end test stands on: a home of its own, the program, and trees that are compared in full.

Nothing here touches the user's own home: ATOLL_HOME, XDG_CONFIG_HOME, XDG_DATA_HOME and HOME point into a temporary folder.
Paths and names are bytes wherever they may be no UTF-8.
"""
import hashlib
import json
import os
import random
import shutil
import signal
import stat
import subprocess
import tempfile
import time
import unittest

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ATOLL = os.path.abspath(os.environ.get("ATOLL") or os.path.join(SOURCE, "build/release/bin/atoll"))


class Answer:
    def __init__(self, arguments, code, out, err):
        self.arguments, self.code, self.out, self.err = arguments, code, out, err

    @property
    def text(self):
        return self.out.decode("utf-8", "surrogateescape")

    @property
    def errors(self):
        return self.err.decode("utf-8", "surrogateescape")

    @property
    def lines(self):
        return self.text.splitlines()

    def json(self):
        """Each line of stdout, parsed; a line that is no JSON object is an error."""
        objects = [json.loads(line) for line in self.out.decode("utf-8").split("\n") if line]
        assert all(isinstance(one, dict) and "message_type" in one for one in objects), objects
        return objects

    def of_type(self, kind):
        return [one for one in self.json() if one["message_type"] == kind]

    @property
    def summary(self):
        return self.of_type("summary")[-1]


class AtollTest(unittest.TestCase):
    makes_home = True

    def setUp(self):
        self.assertTrue(os.access(ATOLL, os.X_OK), f"no program at {ATOLL}: build it, or name it in ATOLL")
        self.folder = tempfile.mkdtemp(prefix="atoll-e2e-")
        self.addCleanup(remove_tree, self.folder)
        self.home = self.path("home")
        self.config = self.path("config")
        self.env = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C.UTF-8", "HOME": self.path("user"),
                    "ATOLL_HOME": self.home, "XDG_CONFIG_HOME": self.config, "XDG_DATA_HOME": self.path("data")}
        if self.makes_home:
            self.atoll("init")

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def start(self, *arguments, **options):
        options.setdefault("cwd", self.folder)
        environment = dict(self.env)
        environment.update(options.pop("env", {}))
        return subprocess.Popen([ATOLL, *arguments], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                stdin=options.pop("stdin", subprocess.DEVNULL), **options)

    def atoll(self, *arguments, code=0, input=None, timeout=120, **options):
        """Runs to its end; any other exit code than `code` (None: whatever) fails the test with all it said."""
        if input is not None:
            options["stdin"] = subprocess.PIPE
        child = self.start(*arguments, **options)
        try:
            out, err = child.communicate(input, timeout=timeout)
        except subprocess.TimeoutExpired:
            child.kill()
            out, err = child.communicate()
            self.fail(f"atoll {arguments} took over {timeout} s\n{out[-2000:]}\n{err[-2000:]}")
        answer = Answer(arguments, child.returncode, out, err)
        if code is not None:
            allowed = code if isinstance(code, (tuple, list, set)) else (code,)
            self.assertIn(answer.code, allowed, f"atoll {arguments}\nstdout: {answer.out[-600:].decode('utf-8', 'backslashreplace')}\nstderr: {answer.errors[-2000:]}")
        return answer

    def file(self, name, content=b"", mode=None):
        """Makes a file below the test's folder, with the folders above it."""
        path = os.path.join(os.fsencode(self.folder), os.fsencode(name))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as out:
            out.write(content.encode() if isinstance(content, str) else content)
        if mode is not None:
            os.chmod(path, mode)
        return os.fsdecode(path)

    def restored(self, source, **options):
        target = tempfile.mkdtemp(prefix="restored-", dir=self.folder)
        self.atoll("restore", source, "--target", target, **options)
        return target

    def assert_same_tree(self, expected, actual, **options):
        differences = compare_trees(os.fsencode(expected), os.fsencode(actual), **options)
        self.assertEqual([], differences[:20], f"{len(differences)} differences")

    def files_of_home(self, *suffixes):
        found = []
        for top, _, names in os.walk(self.home):
            found += [os.path.join(top, name) for name in names if not suffixes or name.endswith(suffixes)]
        return sorted(found)

    def vault_folder(self):
        vaults = os.path.join(self.home, "vaults")
        names = os.listdir(vaults)
        self.assertEqual(1, len(names), names)
        return os.path.join(vaults, names[0])

    def seed(self, default=None):
        """A seed that is printed where the test fails; ATOLL_SEED repeats it."""
        value = int(os.environ.get("ATOLL_SEED") or default or random.SystemRandom().randrange(1 << 32))
        print(f"{self.id()}: ATOLL_SEED={value}", flush=True)
        return random.Random(value)


def wait_until(condition, seconds=30, step=0.005):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(step)
    return False


def hash_file(path):
    digest = hashlib.blake2b()
    with open(path, "rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def _facts(directory, name, status, link_groups, with_owner):
    kind = stat.S_IFMT(status.st_mode)
    facts = {"kind": kind, "mode": stat.S_IMODE(status.st_mode)}
    if with_owner:
        facts["owner"] = (status.st_uid, status.st_gid)
    path = f"/proc/self/fd/{directory}/".encode() + name
    facts["mtime"] = status.st_mtime_ns
    if kind == stat.S_IFREG:
        facts["size"] = status.st_size
        facts["content"] = hash_file(path)
        if status.st_nlink > 1:
            facts["links"] = link_groups.setdefault((status.st_dev, status.st_ino), len(link_groups))
    elif kind == stat.S_IFLNK:
        facts["target"] = os.readlink(name, dir_fd=directory)
    if kind in (stat.S_IFREG, stat.S_IFDIR):
        facts["xattr"] = {key: os.getxattr(path, key) for key in sorted(os.listxattr(path)) if key.startswith("user.")}
    return facts


def tree_facts(root, with_owner=True):
    """{relative path: facts}, by descriptors only, so that depth has no limit but that of open files."""
    facts, link_groups = {}, {}
    top = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    status = os.stat(top)
    facts[b""] = {"kind": stat.S_IFDIR, "mode": stat.S_IMODE(status.st_mode), "mtime": status.st_mtime_ns}
    # (descriptor, names left, prefix): one chain is open at a time.
    chain = [(top, sorted(map(os.fsencode, os.listdir(top)), reverse=True), b"")]
    while chain:
        directory, names, prefix = chain[-1]
        if not names:
            os.close(directory)
            chain.pop()
            continue
        name = names.pop()
        status = os.stat(name, dir_fd=directory, follow_symlinks=False)
        facts[prefix + name] = _facts(directory, name, status, link_groups, with_owner)
        if stat.S_ISDIR(status.st_mode):
            below = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=directory)
            chain.append((below, sorted(map(os.fsencode, os.listdir(below)), reverse=True), prefix + name + b"/"))
    return facts


def compare_trees(expected, actual, ignore=(), **options):
    left, right = tree_facts(expected, **options), tree_facts(actual, **options)
    differences = [f"missing: {path!r}" for path in left if path not in right]
    differences += [f"too much: {path!r}" for path in right if path not in left]
    for path, facts in left.items():
        other = right.get(path)
        if other is None or facts == other:
            continue
        for key in sorted(facts.keys() | other.keys()):
            if key not in ignore and facts.get(key) != other.get(key):
                differences.append(f"{path!r} {key}: {facts.get(key)!r} != {other.get(key)!r}")
    return differences


def raise_open_files(count=8192):
    import resource
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY:
        count = min(count, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, count), hard))


def remove_tree(path):
    # rm takes trees of any depth and folders without permissions (as root).
    subprocess.run(["rm", "-rf", "--one-file-system", "--", path], check=False, stderr=subprocess.DEVNULL)
    if os.path.exists(path):
        subprocess.run(["chmod", "-R", "u+rwx", "--", path], check=False, stderr=subprocess.DEVNULL)
        subprocess.run(["rm", "-rf", "--one-file-system", "--", path], check=False)


def interrupt(child):
    child.send_signal(signal.SIGINT)


def main():
    raise_open_files()
    unittest.main(verbosity=2)
