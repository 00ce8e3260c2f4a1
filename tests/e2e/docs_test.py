"""The examples of the manual are run as they stand: ```console blocks, lines with "$ ", one shell a page.

A block must end with 0 unless the line before it says `<!-- exits N -->`; `<!-- not run: why -->` leaves one out, and
says why. The shell stands in an empty folder with a home of its own, with `atoll` and `rescue.py` on its PATH and a few
files in ~/Documents and ~/Pictures. Pages that do not exist are not looked for; but at least one must.
"""
import os
import re
import subprocess
import unittest

import harness
from harness import AtollTest

PAGES = ("README.md", "docs/keeping.md", "docs/finding.md", "docs/years.md", "docs/copies.md", "docs/accounts.md", "docs/webdav.md", "docs/server.md",
         "docs/health.md", "docs/assistant.md")


def blocks(text):
    """(line number, expected code or None, why not run, commands) of each console block."""
    lines = text.splitlines()
    at = 0
    while at < len(lines):
        if not lines[at].strip().startswith("```console"):
            at += 1
            continue
        before = next((line for line in reversed(lines[:at]) if line.strip()), "")
        code = re.search(r"<!-- exits (\d+) -->", before)
        skipped = re.search(r"<!-- not run: (.+?) -->", before)
        start = at
        at += 1
        commands = []
        while at < len(lines) and not lines[at].strip().startswith("```"):
            line = lines[at].strip()
            if line.startswith("$ "):
                commands.append(line[2:])
            elif commands and commands[-1].endswith("\\"):
                commands[-1] += "\n" + line.removeprefix("> ")
            at += 1
        yield start + 1, int(code.group(1)) if code else 0, skipped.group(1) if skipped else None, commands
        at += 1


class Docs(AtollTest):
    makes_home = False

    def test_blocks_are_found(self):
        text = "a\n```console\n$ one\nsaid\n$ two \\\n> more\n```\n<!-- exits 3 -->\n\n```console\n$ three\n```\n```\n$ no\n```\n"
        self.assertEqual([(2, 0, None, ["one", "two \\\nmore"]), (10, 3, None, ["three"])], list(blocks(text)))

    def test_console_blocks(self):
        pages = [page for page in PAGES if os.path.exists(os.path.join(harness.SOURCE, page))]
        if not pages:
            self.skipTest("no page is written yet: " + ", ".join(PAGES))
        for page in pages:
            with self.subTest(page=page):
                self.run_page(page)

    def run_page(self, page):
        with open(os.path.join(harness.SOURCE, page), encoding="utf-8") as file:
            found = list(blocks(file.read()))
        name = page.replace("/", "-")
        work = self.path(name)
        os.makedirs(os.path.join(work, "bin"))
        os.symlink(harness.ATOLL, os.path.join(work, "bin/atoll"))
        os.symlink(os.path.join(harness.SOURCE, "tools/rescue.py"), os.path.join(work, "bin/rescue.py"))
        user = os.path.join(work, "user")
        for number in range(3):
            self.file(f"{name}/user/Documents/letter-{number}.txt", f"Dear {number}\n" * 20)
            self.file(f"{name}/user/Pictures/2024/image-{number}.jpg", os.urandom(60_000))
        environment = dict(self.env, HOME=user, PATH=os.path.join(work, "bin") + ":" + self.env["PATH"], ATOLL_HOME=os.path.join(work, "home"),
                           XDG_CONFIG_HOME=os.path.join(work, "config"), XDG_DATA_HOME=os.path.join(work, "data"))
        script = [f"cd '{user}'"]
        expected = []
        for line, code, skipped, commands in found:
            if skipped:
                print(f"{page}:{line} is not run: {skipped}", flush=True)
                continue
            if commands:
                expected.append((line, code, commands))
                text = "\n".join(commands)
                script.append(f"block_code=0\n{{\n{text}\n}} </dev/null || block_code=$?\nprintf '\\nBLOCK {line} %s\\n' \"$block_code\" >&3")
        done_file = os.path.join(work, "done")
        with open(done_file, "wb") as done:
            done_fd = done.fileno()
            ran = subprocess.run(["bash", "-c", f"exec 3>&{done_fd}\n" + "\n".join(script)], env=environment, cwd=user, capture_output=True, timeout=200,
                                 pass_fds=(done_fd,))
        with open(done_file, encoding="utf-8") as done:
            codes = {int(line): int(code) for line, code in re.findall(r"^BLOCK (\d+) (\d+)$", done.read(), re.M)}
        said = ran.stdout.decode(errors="replace")[-3000:] + ran.stderr.decode(errors="replace")[-3000:]
        for line, code, commands in expected:
            self.assertEqual(code, codes.get(line), f"{page}:{line}: {commands}\n{said}")


if __name__ == "__main__":
    harness.main()
