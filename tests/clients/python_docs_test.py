"""The walk of docs/lab.md and the first example of the package, run as they stand."""
import os
import re

from client_harness import SOURCE, ClientTest, main


def blocks_of(path, pattern):
    with open(os.path.join(SOURCE, path), encoding="utf-8") as file:
        return re.findall(pattern, file.read(), re.M | re.S)


class Docs(ClientTest):
    def setUp(self):
        super().setUp()
        before = os.getcwd()
        os.chdir(self.folder)
        self.addCleanup(os.chdir, before)

    def test_the_walk_of_a_lab(self):
        blocks = blocks_of("docs/lab.md", r"^```python\n(.*?)^```")
        self.assertGreater(len(blocks), 10)
        names = {}
        for number, block in enumerate(blocks, 1):
            exec(compile(block, f"docs/lab.md, block {number}", "exec"), names)
        self.assertEqual(200, sum(len(files) for _, _, files in os.walk("for-the-auditor")))

    def test_the_first_examples(self):
        with open("run-1.csv", "w") as file:
            file.write("a,b\n1,2\n")
        for path in ("docs/python.md", "clients/python/README.md"):
            text = blocks_of(path, r"^(    import pathlib\n.*?\n)(?=\S)")[0]
            exec(compile(re.sub(r"(?m)^    ", "", text), path, "exec"), {})


if __name__ == "__main__":
    main()
