"""A thousand connections that wait and two hundred that work, for a while: no request fails, nobody who waited was forgotten, and
memory stays bounded. How fast it was goes to the output; other programs may share the machine, so no speed is asked for."""
import asyncio
import os
import random
import re
import statistics
import time
import unittest

import s3_signing
from rest_test import RestTest

IDLE, BUSY = 1_000, 200
SECONDS = float(os.environ.get("ATOLL_LOAD_SECONDS", "20"))
RSS_MAX_BYTES = 300 << 20
OBJECTS = 200


class Connection:
    def __init__(self, host):
        self.host = host

    async def open(self):
        address, port = self.host.split(":")
        self.reader, self.writer = await asyncio.open_connection(address, int(port))
        return self

    async def ask(self, method, target, fields, body=b""):
        lines = [f"{method} {target} HTTP/1.1", f"host: {self.host}", f"content-length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in fields.items()]
        self.writer.write(("\r\n".join(lines) + "\r\n\r\n").encode() + body)
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
        content = await self.reader.readexactly(int(length.group(1))) if length else b""
        return int(head[9:12]), content

    def close(self):
        self.writer.close()


class Load(RestTest):
    def test_many_who_wait_and_many_who_work(self):
        self.generator = self.seed()
        with open(self.path("serve.log"), encoding="utf-8") as file:
            self.key = s3_signing.Key(*re.search(r"access key id +(\S+)\s+secret access key +(\S+)", file.read()).groups())
        self.make_bucket()
        self.contents = [random.Random(number).randbytes(4096) for number in range(OBJECTS)]
        for number, content in enumerate(self.contents):
            self.put(f"o{number}", content)
        self.host = f"127.0.0.1:{self.port}"
        self.bearer = {"authorization": "Bearer " + self.token}
        asyncio.run(self.run_load())

    def resident_bytes(self, what="VmRSS"):
        with open(f"/proc/{self.server.pid}/status", encoding="ascii") as file:
            return int(re.search(what + r":\s+(\d+)", file.read()).group(1)) << 10

    async def run_load(self):
        idle = [await Connection(self.host).open() for _ in range(IDLE)]
        for connection in idle:
            self.assertEqual(200, (await connection.ask("GET", "/livez", {}))[0])
        before = self.resident_bytes()
        self.latencies_s, self.wrong = [], []
        self.until = time.monotonic() + SECONDS
        await asyncio.gather(*(self.work(number) for number in range(BUSY)))
        peak = self.resident_bytes("VmHWM")
        for connection in idle:
            self.assertEqual(200, (await connection.ask("GET", "/livez", {}))[0], "somebody who waited was forgotten")
            connection.close()
        self.latencies_s.sort()
        count = len(self.latencies_s)
        self.assertGreater(count, BUSY)
        print(f"{self.id()}: {IDLE} idle and {BUSY} busy connections: {count} requests in {SECONDS:.0f} s, median "
              f"{statistics.median(self.latencies_s) * 1000:.0f} ms, 99 of 100 below {self.latencies_s[count * 99 // 100] * 1000:.0f} ms; "
              f"memory {before >> 20} MiB with the idle ones, {peak >> 20} MiB at most", flush=True)
        self.assertEqual([], self.wrong[:5])
        self.assertLess(peak, RSS_MAX_BYTES)

    async def work(self, worker):
        generator = random.Random(self.generator.random())
        connection = await Connection(self.host).open()
        rest = "/api/v1/buckets/photos/objects"
        while time.monotonic() < self.until:
            number = generator.randrange(OBJECTS)
            content = self.contents[number]
            target = f"/photos/o{number}"
            kind = generator.choices(("rest", "s3", "dav", "put", "s3put", "list", "upload"), (30, 20, 10, 15, 10, 10, 5))[0]
            begun = time.monotonic()
            try:
                if kind == "rest":
                    answer, wanted = await connection.ask("GET", f"{rest}/o{number}", self.bearer), (200, content)
                elif kind == "s3":
                    answer, wanted = await connection.ask("GET", target, self.key.headers("GET", target, self.host)), (200, content)
                elif kind == "dav":
                    answer, wanted = await connection.ask("GET", "/dav" + target, self.bearer), (200, content)
                elif kind == "put":
                    answer, wanted = await connection.ask("PUT", f"{rest}/w{worker}", self.bearer, content), (None,)
                elif kind == "s3put":
                    target = f"/photos/w{worker}"
                    answer, wanted = await connection.ask("PUT", target, self.key.headers("PUT", target, self.host, content), content), (200,)
                elif kind == "list":
                    answer, wanted = await connection.ask("GET", rest + "?limit=100", self.bearer), (200,)
                else:
                    answer, wanted = await connection.ask("PUT", f"{rest}/u{worker}", self.bearer, content * 50), (None,)
            except (OSError, asyncio.IncompleteReadError) as error:
                self.wrong.append((kind, repr(error)))
                connection = await Connection(self.host).open()
                continue
            self.latencies_s.append(time.monotonic() - begun)
            if kind in ("put", "upload"):
                fits = answer[0] in (200, 201)
            else:
                fits = answer[:len(wanted)] == wanted
            if not fits:
                self.wrong.append((kind, answer[0], answer[1][:200]))
        connection.close()


if __name__ == "__main__":
    import harness
    harness.main()
