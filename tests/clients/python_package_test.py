"""The package as others install it: with pip from the folder and without a network, and as a Debian package."""
import os
import shutil
import subprocess

from client_harness import SOURCE, ClientTest, harness, main

CODE = """
import atoll, sys
with atoll.Client(sys.argv[1]) as client:
    client.put("lab/a", b"content")
    print(atoll.__file__, client.get("lab/a"))
import fsspec
print(fsspec.get_filesystem_class("atoll").__name__)
import importlib.metadata
print(importlib.metadata.version("atoll"), atoll.__version__)
"""


def run(*words, **options):
    return subprocess.run([os.fspath(word) for word in words], capture_output=True, text=True, timeout=200, **options)


class Package(ClientTest):
    def check(self, folder):
        done = run("/usr/bin/python3", "-B", "-c", CODE, self.home, env={**os.environ, "PYTHONPATH": folder, "PATH": self.env["PATH"]}, cwd=self.folder)
        self.assertEqual(0, done.returncode, done.stderr)
        lines = done.stdout.splitlines()
        self.assertEqual([f"{folder}/atoll/__init__.py b'content'", "AtollFileSystem"], lines[:2])
        self.assertEqual(*lines[2].split())

    def test_pip_installs_it_from_the_folder(self):
        # In a copy: building leaves files beside the sources.
        shutil.copytree(os.path.join(SOURCE, "clients/python"), self.path("source"), ignore=shutil.ignore_patterns("build", "__pycache__", "*.egg-info"))
        done = run("/usr/bin/python3", "-m", "pip", "install", "--no-build-isolation", "--no-index", "--target", self.path("site"), self.path("source"),
                   env={**self.env, "PIP_NO_CACHE_DIR": "1"})
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertTrue(os.path.exists(self.path("site/atoll/py.typed")))
        self.check(self.path("site"))

    def test_the_debian_package(self):
        packages = []
        for name in ("first", "second"):
            os.makedirs(self.path(name))
            built = run(os.path.join(SOURCE, "packaging/build-python-deb"), self.path(name))
            self.assertEqual(0, built.returncode, built.stderr)
            packages.append(built.stdout.strip())
        with open(packages[0], "rb") as left, open(packages[1], "rb") as right:
            self.assertEqual(left.read(), right.read(), "the same sources give the same package")
        self.assertEqual(0, run("dpkg-deb", "-x", packages[0], self.path("root")).returncode)
        self.check(self.path("root/usr/lib/python3/dist-packages"))
        address = "bogus-mail-host,bogus-mail-host-in-debian-changelog"
        done = run("lintian", "--allow-root", "--fail-on", "error", "--suppress-tags", address, packages[0], env={**self.env, "HOME": self.folder})
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)

    def test_the_comparison_with_the_command_line_still_runs(self):
        done = run(os.path.join(SOURCE, "bench/compare-python"), "--smoke", env={**self.env, "ATOLL": harness.ATOLL})
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertEqual(5, len([line for line in done.stdout.splitlines() if line.endswith(" x |")]), done.stdout)
        self.assertEqual(2, run(os.path.join(SOURCE, "bench/compare-python"), "--files", "1").returncode)

    def test_it_needs_nothing_but_the_standard_library(self):
        code = "import sys; sys.modules.update(dict.fromkeys(('pandas', 'numpy', 'httpx', 'fsspec')))\nimport atoll, atoll.research\n" \
               "client = atoll.Client(sys.argv[1]); client.put('lab/a.json', {'n': 1}); print(client.get_data('lab/a.json'), client.table()); client.close()"
        done = run("/usr/bin/python3", "-B", "-S", "-c", code, self.home, env={**os.environ, "PYTHONPATH": os.path.join(SOURCE, "clients/python")})
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertIn("{'n': 1} [{'address': 'lab/a.json'", done.stdout)


if __name__ == "__main__":
    main()
