#!/usr/bin/python3
"""Reads an Atoll vault without Atoll: lists it, extracts it, says what is damaged. It never writes into the vault.

    rescue.py info    HOME-OR-VAULT --kit FILE
    rescue.py list    HOME-OR-VAULT --kit FILE [BUCKET[/prefix]]
    rescue.py extract HOME-OR-VAULT --kit FILE --to FOLDER [BUCKET[/prefix]]

One file, Python 3.9 or later, and three packages (Debian: python3-cryptography python3-zstandard python3-lz4; for a
passphrase also python3-argon2). It was written from the pages of spec/formats/ alone and names the page wherever it
uses one, so that it can be read as their example. Read it from top to bottom:

    building blocks   codec.md             digests, keys, sealed bytes, numbered fields
    healing           parity.md            damaged bytes brought back from the file itself
    keys              keyring.md           what a kit, key file or passphrase opens
    the journal       journal.md           every change, in order
    packs             pack.md, content.md  where the bytes of a file lie
    the state         checkpoint.md, rows.proto   what is in the vault now, or was at some moment
    giving it out                          list, extract, info

Always true: bytes are checked before they are used (sealed ones by their tag, clear ones by their CRC); what does not
check is healed from parity, else named on standard error and left out. Nothing is written outside of --to. Memory
stays small: rows and the chunk index lie in a private SQLite file without a name.

Exit codes: 0 all of it, 1 failed, 2 wrong use, 3 some things could not be read (each is named), 10 no vault there,
12 no secret that fits.
"""
import argparse
import base64
import binascii
import collections
import datetime
import errno
import getpass
import hashlib
import hmac
import json
import os
import re
import resource
import sqlite3
import stat
import struct
import sys
import uuid

import lz4.block
import zstandard
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MIB = 1 << 20
CHECK_IDS = False  # --check-ids: also what only BLAKE3 can check, in slow Python


class Damaged(Exception):
    """Bytes that are not what was written."""


class Stop(Exception):
    """Nothing more can be done; carries the exit code."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


def words(why):
    return why.strerror if isinstance(why, OSError) and why.strerror else str(why)


class Report:
    """What was healed, and what is lost. Each is said once, when it is met."""

    def __init__(self):
        self.said, self.healed, self.lost = set(), 0, 0

    def say(self, text):
        if text in self.said:
            return False
        if len(self.said) < 100_000:
            self.said.add(text)
        print(text, file=sys.stderr, flush=True)
        return True

    def heal(self, text):
        self.healed += self.say("healed: " + text)

    def lose(self, text):
        self.lost += self.say("LOST: " + text)


# ---- Building blocks: codec.md --------------------------------------------------------------------------------------


def _crc_tables():
    """Of CRC-32C, for two bytes at a time: low[x] where x stands 4 bytes before the end, high[x] where it stands 2."""
    one = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        one.append(byte)
    high = [one[after & 255] ^ after >> 8 for after in (one[x & 255] ^ x >> 8 for x in range(65536))]
    low = [high[x & 65535] ^ x >> 16 for x in high]
    return one, low, high


CRC_ONE, CRC_LOW, CRC_HIGH = _crc_tables()


def crc32c(data, crc=0):
    crc ^= 0xFFFFFFFF
    low, high = CRC_LOW, CRC_HIGH
    data = memoryview(data).cast("B")
    whole = len(data) & ~3
    for (word,) in struct.iter_unpack("<I", data[:whole]):
        word ^= crc
        crc = low[word & 65535] ^ high[word >> 16]
    for byte in data[whole:]:
        crc = CRC_ONE[(crc ^ byte) & 255] ^ crc >> 8
    return crc ^ 0xFFFFFFFF


B3_IV = struct.unpack("<8I", bytes.fromhex("67e6096a85ae67bb72f36e3c3af54fa57f520e518c68059babd9831f19cde05b"))
B3_ORDER = (2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8)
B3_STEPS = ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15), (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14))
B3_START, B3_END, B3_PARENT, B3_ROOT, B3_KEYED = 1, 2, 4, 8, 16


def _b3_compress(chaining, words, counter, length, flags):
    v = [*chaining, *B3_IV[:4], counter & 0xFFFFFFFF, counter >> 32, length, flags]
    for _ in range(7):
        for step, (a, b, c, d) in enumerate(B3_STEPS):
            for word, left, right in ((words[2 * step], 16, 12), (words[2 * step + 1], 8, 7)):
                v[a] = v[a] + v[b] + word & 0xFFFFFFFF
                x = v[d] ^ v[a]
                v[d] = (x >> left | x << 32 - left) & 0xFFFFFFFF
                v[c] = v[c] + v[d] & 0xFFFFFFFF
                x = v[b] ^ v[c]
                v[b] = (x >> right | x << 32 - right) & 0xFFFFFFFF
        words = [words[i] for i in B3_ORDER]
    return [v[i] ^ v[i + 8] for i in range(8)]


def _b3_node(data, counter, key, flags):
    """The last compression of a subtree, not yet done, because the root's has a flag more."""
    if len(data) > 1024:
        left = 1 << ((len(data) - 1) // 1024).bit_length() - 1  # chunks: the largest power of two that leaves some
        halves = (_b3_node(data[:left * 1024], counter, key, flags), _b3_node(data[left * 1024:], counter + left, key, flags))
        return key, [word for half in halves for word in _b3_compress(*half)], 0, 64, flags | B3_PARENT
    chaining = key
    for at in range(0, max(len(data), 1), 64):
        block = data[at:at + 64]
        kind = flags | (B3_START if at == 0 else 0) | (B3_END if at + 64 >= len(data) else 0)
        last = chaining, struct.unpack("<16I", block.ljust(64, b"\0")), counter, len(block), kind
        if at + 64 < len(data):
            chaining = _b3_compress(*last)
    return last


def blake3(data, key=None):
    """32 bytes. About half a megabyte a second: for keys, and for --check-ids."""
    words, flags = (struct.unpack("<8I", key), B3_KEYED) if key else (B3_IV, 0)
    chaining, block, counter, length, kind = _b3_node(bytes(data), 0, words, flags)
    return struct.pack("<8I", *_b3_compress(chaining, block, counter, length, kind | B3_ROOT))


def derive(key, salt, info):
    """HKDF-SHA-256, the first 32 bytes (RFC 5869)."""
    return hmac.digest(hmac.digest(salt, key, "sha256"), info + b"\x01", "sha256")


def unseal(suite, key, nonce, aad, sealed):
    """The plain bytes of `seal(suite, key, nonce, aad, plain)`, or Damaged."""
    if len(sealed) < 16:
        raise Damaged("sealed bytes are too short")
    if suite == 1:
        try:
            return AESGCM(key).decrypt(nonce, bytes(sealed), bytes(aad))
        except InvalidTag:
            raise Damaged("sealed bytes do not open: damaged, or of another key") from None
    # Suite 0. The CRC around each sealed piece was checked before; its tag says the same, slowly.
    plain = bytes(sealed[:-16])
    if CHECK_IDS and blake3(nonce + struct.pack("<Q", len(aad)) + aad + plain)[:16] != sealed[-16:]:
        raise Damaged("a tag does not match")
    return plain


def decompress(codec, data, raw_length):
    try:
        if codec == 0:
            plain = bytes(data)
        elif codec == 1:
            plain = lz4.block.decompress(data, uncompressed_size=raw_length)
        elif codec == 2:
            plain = zstandard.ZstdDecompressor().decompress(data, max_output_size=max(raw_length, 1))
        else:
            raise Damaged(f"unknown codec {codec}")
    except (lz4.block.LZ4BlockError, zstandard.ZstdError, MemoryError) as why:
        raise Damaged(f"compressed bytes cannot be read: {why}") from None
    if len(plain) != raw_length:
        raise Damaged("decompressed bytes have another length")
    return plain


def _varint(data, at):
    value = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise Damaged("a number in a message is cut off or too long")
        byte = data[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at


class Message:
    """A Protocol Buffers message: {field number: [value, ...]}; a value is a number or bytes."""

    def __init__(self, data):
        self.fields = {}
        at = 0
        while at < len(data):
            tag, at = _varint(data, at)
            kind = tag & 7
            if kind == 0:
                value, at = _varint(data, at)
            else:
                if kind == 2:
                    size, at = _varint(data, at)
                elif kind in (1, 5):
                    size = 8 if kind == 1 else 4
                else:
                    raise Damaged("a message has a field of no known kind")
                value = data[at:at + size]
                at += size
                if at > len(data):
                    raise Damaged("a message is cut off")
            self.fields.setdefault(tag >> 3, []).append(value)

    def _last(self, field, default, kind):
        value = self.fields.get(field, (default,))[-1]
        if not isinstance(value, kind):
            raise Damaged(f"field {field} of a message has another kind")
        return value

    def number(self, field):
        return self._last(field, 0, int)

    def signed(self, field):  # zigzag
        value = self.number(field)
        return value >> 1 ^ -(value & 1)

    def bytes(self, field, size=None):
        value = self._last(field, b"", bytes)
        if size is not None and len(value) != size:
            raise Damaged(f"field {field} of a message has {len(value)} bytes, not {size}")
        return value

    def has(self, field):
        return field in self.fields

    def messages(self, field):
        values = self.fields.get(field, ())
        if not all(isinstance(value, bytes) for value in values):
            raise Damaged(f"field {field} of a message has another kind")
        return [Message(value) for value in values]


def check_format(data, what, magic):
    """The beginning of every file: magic (8), major, minor (2, 2), features compatible, read-only, incompatible (README.md)."""
    if data[:8] != magic:
        raise Damaged(f"{what} does not begin as it should")
    major, _, _, _, incompatible = struct.unpack_from("<HHIII", data, 8)
    if major != 0 or incompatible:
        raise Damaged(f"{what} was written by a newer program (format {major}, features {incompatible:#x})")


def check_crc(data, at, what):
    """The CRC of everything in front of it."""
    if struct.unpack_from("<I", data, at)[0] != crc32c(data[:at]):
        raise Damaged(f"{what}: its checksum does not match")


# ---- Healing: parity.md ---------------------------------------------------------------------------------------------

GF_EXP, GF_LOG = [0] * 512, [0] * 256
_x = 1
for _i in range(255):
    GF_EXP[_i] = GF_EXP[_i + 255] = _x
    GF_LOG[_x] = _i
    _x = _x << 1 ^ (0x11D if _x & 128 else 0)


def gf_multiply(a, b):
    return GF_EXP[GF_LOG[a] + GF_LOG[b]] if a and b else 0


def gf_inverse(a):
    return GF_EXP[255 - GF_LOG[a]]


def gf_scale(block, factor):
    """Every byte times `factor`: a table of 256 bytes does a whole block at once."""
    return block if factor == 1 else block.translate(bytes(gf_multiply(factor, x) for x in range(256)))


def add(a, b):
    """XOR, as two large numbers."""
    return (int.from_bytes(a, "little") ^ int.from_bytes(b, "little")).to_bytes(len(a), "little")


class Parity:
    """The section at the end of a pack or archive."""

    RECORD = 96

    def __init__(self, file, tag):
        self.file, self.tag, self.blocks = file, tag, collections.OrderedDict()
        end = file.size
        # The record at the end of the file; else, searched from the end, the first good one with a good table.
        while True:
            try:
                self._load(end - self.RECORD)
                return
            except Damaged:
                end = self._before(end)
                if end is None:
                    raise Damaged("its parity section cannot be read") from None

    def _before(self, end):
        at = self.file.rfind(b"ATLPARIT", end - self.RECORD + 7)
        return None if at < 0 else at + self.RECORD

    def _load(self, at):
        record = self.file.read(at, self.RECORD)
        check_format(record, "parity record", b"ATLPARIT")
        check_crc(record, 92, "parity record")
        self.length, whole, own, self.b, self.n, self.stripes, self.m = struct.unpack_from("<QQQIIIB", record, 40)
        if record[24:40] != self.tag or own != at or not 1 <= self.b <= MIB or not self.n or not self.stripes or self.m > 32:
            raise Damaged("parity record of another place")
        self.k = -(-self.n // self.stripes)
        table = 4 * (self.n + self.stripes * self.m)
        first = -(-self.length // 4096) * 4096
        self.first_block = -(-(first + table + self.RECORD) // 4096) * 4096
        second = self.first_block + self.stripes * self.m * self.b
        if self.n != -(-self.length // self.b) or self.k + self.m > 255 or whole != second + table + self.RECORD or at - table not in (first, second):
            raise Damaged("parity record does not fit")
        table = self.file.read(at - table, table)
        if crc32c(table) != struct.unpack_from("<I", record, 80)[0]:
            raise Damaged("parity table: its checksum does not match")
        self.table = table

    def _good(self, block):
        """A block as it was written, in full length, or None. Data blocks are 0 .. n - 1, parity blocks follow."""
        if block < self.n:
            at, size = block * self.b, min(self.b, self.length - block * self.b)
        else:
            at, size = self.first_block + (block - self.n) * self.b, self.b
        try:
            data = self.file.read(at, size)
        except Damaged:
            return None
        good = crc32c(data) == struct.unpack_from("<I", self.table, 4 * block)[0]
        return data.ljust(self.b, b"\0") if good else None

    def block(self, number):
        if number not in self.blocks:
            data = self._good(number)
            self.blocks[number] = data if data is not None else self._solved(number)
            if len(self.blocks) * self.b > 8 * MIB:
                self.blocks.popitem(last=False)
        return self.blocks[number]

    def _solved(self, number):
        stripe = number % self.stripes
        # Row r of a stripe's parity is block n + j with (n + j) mod S = stripe, in ascending order.
        first = self.n + (stripe - self.n) % self.stripes
        columns = [c for c in range(self.k) if stripe + c * self.stripes < self.n]  # a block that is not there is zeros
        rows = [(self.k + r, p) for r in range(self.m) if (p := self._good(first + r * self.stripes)) is not None]
        missing = []
        for c in columns:
            data = self._good(stripe + c * self.stripes)
            if data is None:
                missing.append(c)
            else:
                rows = [(row, add(rest, gf_scale(data, gf_inverse(row ^ c)))) for row, rest in rows]
        if len(missing) > len(rows):
            raise Damaged(f"more is damaged than parity can heal ({len(missing)} blocks of a stripe, {len(rows)} good parity blocks)")
        # What is left of each row is the sum over the missing c of inverse(row ^ c) * D_c: eliminate.
        lines = [([gf_inverse(row ^ c) for c in missing], rest) for row, rest in rows[:len(missing)]]
        for i in range(len(missing)):
            pivot = next(j for j in range(i, len(lines)) if lines[j][0][i])
            lines[i], lines[pivot] = lines[pivot], lines[i]
            factor = gf_inverse(lines[i][0][i])
            lines[i] = [gf_multiply(x, factor) for x in lines[i][0]], gf_scale(lines[i][1], factor)
            for j in range(len(lines)):
                if j != i and (factor := lines[j][0][i]):
                    lines[j] = ([x ^ gf_multiply(factor, y) for x, y in zip(lines[j][0], lines[i][0])], add(lines[j][1], gf_scale(lines[i][1], factor)))
        data = lines[missing.index((number - stripe) // self.stripes)][1]
        if crc32c(data[:min(self.b, self.length - number * self.b)]) != struct.unpack_from("<I", self.table, 4 * number)[0]:
            raise Damaged("what parity gave back is wrong")
        return data

    def read(self, offset, length):
        if offset < 0 or offset + length > self.length:
            raise Damaged("it ends too early")
        first, last = offset // self.b, (offset + length - 1) // self.b
        data = b"".join(self.block(number) for number in range(first, last + 1))
        return data[offset - first * self.b:][:length]


class File:
    """A file that is read piece by piece, and healed where it has a parity section. A vault may have thousands of them:
    those read last are open."""

    OPEN_MAX = 64
    descriptors = collections.OrderedDict()

    def __init__(self, path, report, tag=None):
        self.path, self.report, self.tag = path, report, tag
        self._parity = None
        self.size = os.fstat(self.fd).st_size

    @property
    def fd(self):
        if self.path not in self.descriptors:
            self.descriptors[self.path] = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
            if len(self.descriptors) > self.OPEN_MAX:
                os.close(self.descriptors.popitem(last=False)[1])
        self.descriptors.move_to_end(self.path)
        return self.descriptors[self.path]

    def close(self):
        if self.path in self.descriptors:
            os.close(self.descriptors.pop(self.path))

    def parity(self):
        if self._parity is None:
            try:
                self._parity = Parity(self, self.tag) if self.tag else Damaged("it has no parity")
            except Damaged as why:
                self._parity = why
        if isinstance(self._parity, Damaged):
            raise self._parity
        return self._parity

    def read(self, offset, length):
        if offset < 0 or length < 0 or offset + length > self.size:
            raise Damaged("it ends too early")
        pieces = []
        try:
            fd = self.fd
            while length:
                piece = os.pread(fd, length, offset)
                if not piece:
                    raise Damaged("it ends too early")
                pieces.append(piece)
                offset, length = offset + len(piece), length - len(piece)
        except OSError as why:
            raise Damaged(f"the disk says {why.strerror}") from None
        return b"".join(pieces)

    def find(self, pattern, start):
        """Where it first stands at `start` or later, or -1. (No mmap: its find reads behind the end in Python 3.11.2.)"""
        while start < self.size:
            size = min(MIB, self.size - start)
            try:
                at = self.read(start, size).find(pattern)
            except Damaged:
                at = -1
            if at >= 0 or start + size == self.size:
                return start + at if at >= 0 else -1
            start += size - len(pattern) + 1
        return -1

    def rfind(self, pattern, end):
        """Where it last stands whole in front of `end`, or -1."""
        while end >= len(pattern):
            start = max(end - MIB, 0)
            try:
                at = self.read(start, end - start).rfind(pattern)
            except Damaged:
                at = -1
            if at >= 0 or start == 0:
                return start + at if at >= 0 else -1
            end = start + len(pattern) - 1
        return -1

    def checked(self, offset, length, check):
        """What `check` makes of the bytes; where it finds them Damaged, of the healed bytes."""
        try:
            return check(self.read(offset, length))
        except Damaged as why:
            try:
                healed = self.parity().read(offset, length)
            except Damaged as no:
                raise Damaged(f"{why}; {no}") from None
            result = check(healed)
            self.report.heal(f"{self.path}, bytes {offset} to {offset + length - 1}")
            return result


# ---- Keys: keyring.md, vault-head.md --------------------------------------------------------------------------------

PASSPHRASE, KEY_FILE, RECOVERY = 1, 2, 3
Frame = collections.namedtuple("Frame", "vault generation suite clear sealed nonce aad data")


def read_frame(data, magic, what):
    """The frame of keyring, kit and vault.head: checksums first, then versions, then sizes."""
    if len(data) < 108 or len(data) > 2 * MIB or data[:8] != magic:
        raise Damaged(f"{what} does not begin as it should")
    check_crc(data, 72, what)
    if blake3(data[:-32]) != data[-32:]:
        raise Damaged(f"{what}: its digest does not match")
    check_format(data, what, magic)
    generation, suite, clear, sealed = struct.unpack_from("<QB3xII", data, 40)
    if suite > 1 or len(data) != 108 + clear + sealed:
        raise Damaged(f"{what} has sections of other sizes, or an unknown suite")
    end = 76 + clear
    return Frame(data[24:40], generation, suite, data[76:end], data[end:end + sealed], data[60:72], data[:end], data)


def read_kit(path):
    """(recovery key, keyring or None, vault id or None) of a kit's file, its page, or the folder with them."""
    if os.path.isdir(path):
        names = sorted(name for name in os.listdir(path) if name.startswith("atoll-kit-"))
        names = [name for name in names if name.endswith(".kit")] or names
        if len(names) != 1:
            raise Stop(12, f"{path} holds {len(names)} kits: name the file")
        path = os.path.join(path, names[0])
    with open(path, "rb") as file:
        data = file.read(2 * MIB)
    if data[:8] != b"ATOLLKIT":
        return kit_of_page(data), None, None
    try:
        frame = read_frame(data, b"ATOLLKIT", "the kit")
        message = Message(frame.clear)
        key, keyring, vault = message.bytes(1, 36), message.bytes(2), frame.vault
    except Damaged as why:
        # The key has a check of its own (field 1, 36 bytes), so that it can be found in a damaged kit.
        at = data.find(b"\x0a\x24", 76)
        key, keyring, vault = data[at + 2:at + 38] if at >= 0 else b"", None, None
        if len(key) != 36 or blake3(b"atoll recovery key" + key[:32])[:4] != key[32:]:
            raise Stop(12, f"{path}: {why}") from None
    if blake3(b"atoll recovery key" + key[:32])[:4] != key[32:]:
        raise Stop(12, f"{path}: the key in it does not check")
    return key[:32], keyring, vault


def kit_of_page(text):
    """The recovery key of four printed lines. Whatever stands around them is passed over."""
    typed = re.sub(rb"[^0-9A-Za-z]", b"", text[:64 << 10]).upper()
    letters = typed.translate(bytes.maketrans(b"018", b"OIB"))
    found = {}
    for match in re.finditer(rb"(?=([A-Z2-7]{16}))", letters):
        line = base64.b32decode(match.group(1))
        for n in range(1, 5):
            if blake3(b"atoll recovery line" + bytes([n]) + line[:8])[:2] == line[8:]:
                at = match.start()
                numbered = typed[at - 1:at] == b"%d" % n
                if n not in found or (numbered and not found[n][0]):
                    found[n] = numbered, line[:8]
    if len(found) != 4:
        raise Stop(12, f"the page of the kit has {len(found)} of its 4 lines right")
    return b"".join(found[n][1] for n in range(1, 5))


def passphrase_key(passphrase, salt, memory_kib, passes):
    try:
        from argon2.low_level import Type, hash_secret_raw
    except ImportError:
        raise Stop(2, "a passphrase needs one more package: apt-get install python3-argon2") from None
    return hash_secret_raw(passphrase, salt, passes, memory_kib, 1, 32, Type.ID, 19)


Domain = collections.namedtuple("Domain", "id_key payload_key pack_key")


class Keys:
    """Of one vault: what stands in the sealed section of its keyring."""

    def __init__(self, frame, root):
        body = Message(unseal(frame.suite, derive(root, frame.vault, b"atoll keyring body"), frame.nonce, frame.aad, frame.sealed))
        self.vault, self.suite, self.name = frame.vault, frame.suite, body.bytes(1).decode("utf-8", "backslashreplace")
        self.journal = body.bytes(2, 32)
        self.domains = {one.number(1): Domain(one.bytes(2, 32), one.bytes(4, 32), one.bytes(5, 32)) for one in body.messages(3)}


def root_keys(frame, secrets):
    """R, once for every slot that a secret opens."""
    if frame.suite == 0:
        yield bytes(32)
        return
    infos = {PASSPHRASE: b"passphrase", KEY_FILE: b"key file", RECOVERY: b"recovery"}
    for slot in Message(frame.clear).messages(1):
        kind, salt, memory_kib, passes = slot.number(2), slot.bytes(3), slot.number(4), slot.number(5)
        for secret_kind, secret in secrets:
            if secret_kind != kind:
                continue
            if kind == PASSPHRASE:
                if not 8 <= memory_kib <= 2 << 20 or not 1 <= passes <= 64 or memory_kib * passes > 16 << 20:
                    raise Damaged("a slot of the keyring asks for too much")
                secret = passphrase_key(secret, salt, memory_kib, passes)
            key = derive(secret, salt + frame.vault, b"atoll keyring " + infos[kind] + b" slot")
            aad = b"atoll keyring slot" + frame.vault + struct.pack("<IB", slot.number(1), kind) + salt + struct.pack("<II", memory_kib, passes)
            try:
                yield unseal(1, key, slot.bytes(6, 12), aad, slot.bytes(7, 48))
            except Damaged:
                continue


def open_keys(folder, secrets, kit_keyring, report):
    """The vault's keys, from the newest of its keyrings that opens; from the kit's own where none is whole."""
    frames = []
    for name in ("keyring", "keyring.2"):
        try:
            with open(os.path.join(folder, name), "rb") as file:
                frames.append(read_frame(file.read(2 * MIB), b"ATOLLKEY", name))
        except (OSError, Damaged) as why:
            report.say(f"{os.path.join(folder, name)}: {words(why)}")
    if not frames and kit_keyring:
        report.say("neither keyring can be read: the one in the kit is used")
        frames.append(read_frame(kit_keyring, b"ATOLLKEY", "the kit's keyring"))
    for frame in sorted(frames, key=lambda one: -one.generation):
        for root in root_keys(frame, secrets):
            return Keys(frame, root)
    if not frames:
        raise Stop(1, f"{folder}: no keyring can be read; the kit's file holds a copy of it")
    return None


class Head:
    """vault.head: what history the LSNs belong to, and the newest checkpoints."""

    def __init__(self, folder, keys, report):
        self.history, self.checkpoints, self.created, generation = None, [], 0, -1
        for name in ("vault.head", "vault.head.2"):
            try:
                with open(os.path.join(folder, name), "rb") as file:
                    frame = read_frame(file.read(2 * MIB), b"ATOLLHED", name)
                if frame.vault != keys.vault:
                    raise Damaged("it is another vault's")
                body = Message(unseal(keys.suite, derive(keys.journal, keys.vault, b"atoll vault head"), frame.nonce, frame.aad, frame.sealed))
                if frame.generation > generation:
                    self.checkpoints = [(one.number(1), one.bytes(2, 16), one.bytes(3)) for one in body.messages(6)]
                    self.history, self.created, generation = body.bytes(1, 16), body.signed(2), frame.generation
            except (OSError, Damaged) as why:
                report.say(f"{os.path.join(folder, name)}: {words(why)}")


# ---- The journal: journal.md ----------------------------------------------------------------------------------------

BLOCK = 4096
Command = collections.namedtuple("Command", "lsn time kind payloads")  # payloads: (domain, plain bytes, or None where gone)
Run = collections.namedtuple("Run", "first last rank read")  # neighbouring commands that are read together
GONE, NO_KEY = "gone", "no key"


def parse_envelope(data):
    envelope = Message(data)
    return envelope.number(1), envelope.signed(2), envelope.number(4), [(one.number(1), one.number(2)) for one in envelope.messages(11)]


class Archive:
    """<first>-<last>.jseg: blocks of commands, an index of them, parity behind."""

    def __init__(self, path, first, last, keys, report):
        self.keys, self.first, self.last = keys, first, last
        self.file = File(path, report, struct.pack("<QQ", first, last))

        def check_header(data):
            check_format(data, "its header", b"ATLJSEG\0")
            check_crc(data, 252, "its header")
            return data

        try:
            header = self.file.checked(0, 256, check_header)
        except Damaged:
            # It stands in front of the footer once more.
            header = check_header(self.file.read(self.file.rfind(b"ATLJSEG\0", self.file.size), 256))
        if header[24:40] != keys.vault:
            raise Damaged("it is another vault's")
        self.history, (self.epoch, self.number), self.salt = header[40:56], struct.unpack_from("<QQ", header, 56), header[72:104]
        self.envelope_key = derive(keys.journal, self.salt, b"atoll journal archive envelopes")
        self.payload_keys = {number: derive(one.payload_key, self.salt, b"atoll journal archive payloads") for number, one in keys.domains.items()}
        try:
            blocks = self._indexed()
        except Damaged as why:
            report.say(f"{path}: {why}; its blocks are searched for")
            blocks = self._searched()
        self.runs = [Run(lsn, lsn + count - 1, -self.file.size, lambda at=at, size=size: self._commands(at, size)) for at, size, count, lsn in blocks]

    def _indexed(self):
        end = self.file.parity().length  # of everything in front of the parity section; the footer is its last 128 bytes

        def check_footer(data):
            if data[:8] != b"ATLJFTR\0":
                raise Damaged("its footer does not begin as it should")
            check_crc(data, 124, "its footer")
            return data

        footer = self.file.checked(end - 128, 128, check_footer)
        at, count, crc = struct.unpack_from("<QII", footer, 56)

        def check_index(data):
            if crc32c(data) != crc:
                raise Damaged("its index: the checksum does not match")
            return data

        return [entry[:4] for entry in struct.iter_unpack("<QIIQqq", self.file.checked(at, 40 * count, check_index))]

    def _searched(self):
        blocks = []
        at = self.file.find(b"ATLJBLK\0", 0)
        while at >= 0:
            try:
                head = self.file.read(at, 64)
                check_crc(head, 60, "a block's header")
                if at % 64 == 0:
                    blocks.append((at, *struct.unpack_from("<I", head, 44), *struct.unpack_from("<I", head, 32), *struct.unpack_from("<Q", head, 8)))
            except Damaged:
                pass  # not a block, or one that cannot be read
            at = self.file.find(b"ATLJBLK\0", at + 8)
        return blocks

    def _commands(self, at, size):
        return self.file.checked(at, size, self._decode)

    def _decode(self, block):
        if block[:8] != b"ATLJBLK\0":
            raise Damaged("a block does not begin as it should")
        check_crc(block, 60, "a block's header")
        if self.keys.suite == 0 and crc32c(block[64:]) != struct.unpack_from("<I", block, 56)[0]:
            raise Damaged("a block: its checksum does not match")
        count, sections, number = struct.unpack_from("<III", block, 32)
        at = 64 + 16 * sections
        envelopes, payloads = [], {}
        for i in range(sections):
            entry = block[64 + 16 * i:80 + 16 * i]
            domain, codec, stored, plain_length = struct.unpack("<IIII", entry)
            sealed, at = block[at:at + stored], at + stored
            key = self.payload_keys.get(domain) if i else self.envelope_key
            if key is None:
                continue  # of a domain whose keys were destroyed
            plain = decompress(codec, unseal(self.keys.suite, key, struct.pack("<QI", number + i, 0), self.salt + block[8:44] + entry, sealed), plain_length)
            place = 0
            while place < len(plain):
                if i == 0:
                    (length,) = struct.unpack_from("<I", plain, place)
                    envelopes.append(plain[place + 4:place + 4 + length])
                    place += 4 + length
                else:
                    index, ordinal, length = struct.unpack_from("<III", plain, place)
                    payloads[index, ordinal] = plain[place + 12:place + 12 + length]
                    place += 12 + length
        if len(envelopes) != count:
            raise Damaged("a block has another number of commands than it says")
        commands = []
        for index, data in enumerate(envelopes):
            lsn, time, kind, digests = parse_envelope(data)
            parts = []
            for ordinal, (domain, _) in enumerate(digests):
                gone = NO_KEY if domain not in self.payload_keys else GONE
                parts.append((domain, payloads.get((index, ordinal), gone)))
            commands.append(Command(lsn, time, kind, parts))
        return commands


class Segment:
    """<number>.wal: groups of commands as they were written, one sync each. No parity."""

    def __init__(self, path, number, keys, report):
        self.path, self.number, self.keys, self.report = path, number, keys, report
        self.file = File(path, report)
        self.epoch, self.salt, self.first, self.history = 0, None, None, None
        for at in (0, BLOCK):
            try:
                header = self.file.read(at, BLOCK)
                check_crc(header, BLOCK - 4, "its header")
                check_format(header, "its header", b"ATLJWAL\0")
            except Damaged:
                continue
            if header[24:40] != keys.vault:
                raise Damaged("it is another vault's")
            self.epoch, self.salt, self.history = struct.unpack_from("<Q", header, 56)[0], header[72:104], header[40:56]
            (self.first,) = struct.unpack_from("<Q", header, 104)
            break
        self.groups = self._walk()

    def _walk(self):
        """(first, last, offset, length) of each group that counts; what lies between two of them is damage."""
        groups, at, bad, last = [], 2 * BLOCK, None, 0
        while at + BLOCK <= self.file.size:
            try:
                head = self.file.read(at, 128)
                if head[:8] != b"ATLJGRP\0":
                    raise Damaged("no group")
                check_crc(head, 124, "a group's header")
            except Damaged:
                bad = at if bad is None else bad
                at += BLOCK
                continue
            epoch, number, first, _, count, _, length, _ = struct.unpack_from("<QQQQIIII", head, 40)
            if number != self.number or (self.salt and head[8:40] != self.salt) or length % BLOCK or not BLOCK <= length <= 64 * MIB:
                at += BLOCK  # of an earlier life of the file
                continue
            if self._body_crc(at, length) != struct.unpack_from("<I", head, 120)[0] or first <= last or not count:
                bad = at if bad is None else bad
                at += length
                continue
            if bad is not None:
                self.report.say(f"{self.path}: bytes {bad} to {at - 1} are damaged")
            # Both header blocks may be gone: the groups say the same.
            self.epoch, self.salt, self.first = epoch, head[8:40], self.first or first
            last, bad = first + count - 1, None
            groups.append((first, last, at, length))
            at += length
        return groups

    def _body_crc(self, at, length):
        crc, end, at = 0, at + length, at + 128
        try:
            while at < end:
                size = min(MIB, end - at)
                crc, at = crc32c(self.file.read(at, size), crc), at + size
        except Damaged:
            return None
        return crc

    def commands(self, at):
        head = self.file.read(at, 128)
        first, _, count, size = struct.unpack_from("<QQII", head, 56)
        aad = head[:120]
        envelopes = unseal(self.keys.suite, derive(self.keys.journal, self.salt, b"atoll journal segment envelopes"), struct.pack("<QI", first, 0xFFFFFFFF),
                           aad, self.file.read(at + 128, size))
        at += 128 + size
        place = 0
        for _ in range(count):
            (length,) = struct.unpack_from("<I", envelopes, place)
            lsn, time, kind, digests = parse_envelope(envelopes[place + 4:place + 4 + length])
            place += 4 + length
            parts = []
            for ordinal, (domain, length) in enumerate(digests):
                payload = GONE
                if envelopes[place]:
                    payload = NO_KEY
                    if domain in self.keys.domains:
                        key = derive(self.keys.domains[domain].payload_key, self.salt, b"atoll journal segment payloads")
                        payload = unseal(self.keys.suite, key, struct.pack("<QI", lsn, ordinal), aad, self.file.read(at, length + 16))
                    at += length + 16
                place += 1
                parts.append((domain, payload))
            yield Command(lsn, time, kind, parts)


class Journal:
    """All commands that can be read, in order, from archives and active segments."""

    def __init__(self, folder, keys, report):
        self.report, self.archives, self.segments, self.last_named = report, [], [], 0
        try:
            names = sorted(os.listdir(folder))
        except OSError as why:
            report.lose(f"the journal: {folder}: {why.strerror}")
            names = []
        for name in names:
            path = os.path.join(folder, name)
            archive, segment = re.fullmatch(r"(\d{20})-(\d{20})\.jseg", name), re.fullmatch(r"(\d{20})\.wal", name)
            self.last_named = max(self.last_named, int(archive[2]) if archive else 0)
            try:
                if archive:
                    self.archives.append(Archive(path, int(archive[1]), int(archive[2]), keys, report))
                elif segment:
                    self.segments.append(Segment(path, int(segment[1]), keys, report))
            except (OSError, Damaged, struct.error) as why:
                report.say(f"{path}: {words(why)}")
        self.history = next((one.history for one in reversed(self.archives + self.segments) if one.history), None)
        # Segments are archived in order: one that an archive already holds has nothing new. Of the others a later epoch
        # voids what earlier ones have from its first LSN on.
        archived = max((one.number for one in self.archives), default=0)
        live = sorted((one for one in self.segments if one.number > archived), key=lambda one: (one.epoch, one.number))
        self.runs = [run for archive in self.archives for run in archive.runs]
        for i, segment in enumerate(live):
            void = min((later.first for later in live[i + 1:] if later.epoch > segment.epoch and later.first), default=1 << 64)
            self.runs += [Run(first, min(last, void - 1), 1, lambda s=segment, at=at: s.commands(at)) for first, last, at, _ in segment.groups if first < void]
        # The same commands may be in two archives: the larger file first (a truncated one is smaller), segments last.
        self.runs.sort(key=lambda run: (run.first, run.rank))
        self.first = self.runs[0].first if self.runs else 0
        self.last = max((run.last for run in self.runs), default=0)

    def is_whole_from(self, lsn):
        """Whether no command from `lsn` on is missing, as far as headers tell."""
        for run in self.runs:
            if run.first > lsn:
                return False
            lsn = max(lsn, run.last + 1)
        return True

    def commands(self, lsn, end, lose):
        """Those from `lsn` to `end`. `lose` is told which are missing between or before others."""
        why = "nothing holds them"
        for run in self.runs:
            if run.last < lsn or run.first > end:
                continue
            try:
                for command in run.read():
                    if not lsn <= command.lsn <= min(end, run.last):
                        continue
                    if command.lsn > lsn:
                        lose(f"changes {lsn} to {command.lsn - 1} of the journal: {why}")
                    yield command
                    lsn = command.lsn + 1
            except (Damaged, struct.error, IndexError) as damage:
                why = str(damage)
        if lsn <= min(self.last, end):
            lose(f"changes {lsn} to {min(self.last, end)} of the journal: {why}")


# ---- Packs: pack.md, content.md -------------------------------------------------------------------------------------


class Pack:
    def __init__(self, path, pack_id, keys, report):
        self.keys, self.report = keys, report
        self.file = File(path, report, None if path.endswith(".open") else pack_id.bytes)

        def check_header(data):
            check_format(data, "its header", b"ATOLPACK")
            check_crc(data, 124, "its header")
            if data[24:40] != keys.vault or data[40:56] != pack_id.bytes or data[61] != keys.suite:
                raise Damaged("its header is of another pack")
            return data

        self.header = self.file.checked(0, 128, check_header)
        self.domain = struct.unpack_from("<I", self.header, 56)[0]
        if self.domain not in keys.domains:
            raise KeyError(self.domain)
        self.secret, self.salt = keys.domains[self.domain].pack_key, self.header[64:96]
        self.key = derive(self.secret, self.salt + pack_id.bytes, b"atoll pack")
        self.id = pack_id

    def groups(self):
        """(offset, sealed length, chunk ids) of each group, by the footer, else by walking through the groups."""
        if self.file.tag:
            try:
                return list(self._by_footer())
            except (Damaged, struct.error) as why:
                self.report.say(f"{self.file.path}: no footer: {why}; its groups are read one by one")
        return self._by_walking()

    def _by_footer(self):
        end = self.file.parity().length

        def check_trailer(data):
            if data[:8] != b"ATOLPEND" or data[8:24] != self.id.bytes:
                raise Damaged("its trailer does not begin as it should")
            check_crc(data, 60, "its trailer")
            return struct.unpack_from("<QQ", data, 24)

        at, length = self.file.checked(end - 64, 64, check_trailer)

        def check_footer(data):
            if data[:4] != b"AFTR":
                raise Damaged("its footer does not begin as it should")
            if self.keys.suite == 0 and crc32c(data[64:], crc32c(data[:60])) != struct.unpack_from("<I", data, 60)[0]:
                raise Damaged("its footer: the checksum does not match")
            (sealed,) = struct.unpack_from("<Q", data, 8)
            key = derive(self.secret, data[16:48] + self.id.bytes, b"atoll pack footer")
            return unseal(self.keys.suite, key, bytes(12), self.header + data[:60], data[64:64 + sealed])

        plain = self.file.checked(at, length, check_footer)
        groups, _, chunks, _ = struct.unpack_from("<IIQQ", plain)
        if len(plain) != 24 + 24 * groups + 44 * chunks:
            raise Damaged("its footer has another size than it says")
        starts = list(struct.iter_unpack("<QIIII", plain[24:24 + 24 * groups]))
        table = memoryview(plain)[24 + 24 * groups:]
        for i, (offset, sealed, _, first, _) in enumerate(starts):
            last = starts[i + 1][3] if i + 1 < groups else chunks
            yield offset, sealed, [bytes(table[44 * c:44 * c + 32]) for c in range(first, last)]

    def _by_walking(self):
        at, met = 128, set()
        while at + 32 <= self.file.size:
            try:
                (sealed,) = struct.unpack_from("<I", self.file.read(at, 32), 12)
                if sealed > 17 * MIB:
                    raise Damaged("no group is so large")
                number, directory, _ = self.group(at, sealed)
                if number in met:
                    raise Damaged("a copy of a group")
                met.add(number)
                yield at, sealed, list(directory)
                at += 32 + sealed
            except Damaged:
                at = self.file.find(b"AGRP", at + 1)
                if at < 0:
                    return

    def group(self, at, sealed):
        """(number, {chunk id: (offset, length)}, body) of the group at `at`."""
        if at + 32 + sealed > self.file.size and not self.file.tag:
            raise Damaged("a group ends behind the file")
        return self.file.checked(at, 32 + sealed, self._decode)

    def _decode(self, data):
        if data[:4] != b"AGRP":
            raise Damaged("a group does not begin as it should")
        number, codec, sealed, raw, crc = struct.unpack("<4xIB3xII8xI", data[:32])
        if sealed + 32 != len(data) or sealed < 16 or raw > 16 * MIB:
            raise Damaged("a group has another size than it should")
        if self.keys.suite == 0 and crc32c(data[32:], crc32c(data[:28])) != crc:
            raise Damaged("a group: its checksum does not match")
        plain = unseal(self.keys.suite, self.key, struct.pack("<QI", number, 0), self.header + data[:28], data[32:])
        count = struct.unpack_from("<I", plain)[0] if len(plain) >= 8 else 0
        if not 1 <= count <= 4096 or len(plain) < 8 + 40 * count:
            raise Damaged("a group has a directory that cannot be")
        directory = {plain[i:i + 32]: struct.unpack_from("<II", plain, i + 32) for i in range(8, 8 + 40 * count, 40)}
        return number, directory, decompress(codec, plain[8 + 40 * count:], raw)


class Chunks:
    """All chunks by id. Which pack and group each lies in is gathered from the packs when the first one is asked for."""

    OPEN_PACKS, CACHE_BYTES = 64, 64 * MIB

    def __init__(self, folder, keys, db, report):
        self.folder, self.keys, self.db, self.report = folder, keys, db, report
        self.packs, self.open, self.cache, self.cached = {}, collections.OrderedDict(), collections.OrderedDict(), 0
        self.unreadable, self.is_indexed = 0, False

    def index(self):
        if self.is_indexed:
            return
        self.is_indexed = True
        self.db.execute("CREATE TABLE chunk(id BLOB, pack INTEGER, at INTEGER, sealed INTEGER, PRIMARY KEY(id, pack, at)) WITHOUT ROWID")
        for top, folders, names in os.walk(self.folder):
            folders.sort()
            for name in sorted(names):
                match = re.fullmatch(r"([0-9a-f-]{36})\.pack(\.open)?", name)
                if match:
                    self._index_pack(os.path.join(top, name), uuid.UUID(match[1]))

    def _index_pack(self, path, pack_id):
        number = len(self.packs)
        self.packs[number] = path, pack_id
        try:
            for at, sealed, ids in self._pack(number).groups():
                self.db.executemany("INSERT OR IGNORE INTO chunk VALUES(?, ?, ?, ?)", ((chunk, number, at, sealed) for chunk in ids))
        except KeyError as domain:
            self.report.say(f"{path}: there is no key of domain {domain}: destroyed")
        except (OSError, Damaged, struct.error) as why:
            self.unreadable += 1
            self.report.lose(f"pack {path}: {words(why)}")

    def _pack(self, number):
        if number not in self.open:
            path, pack_id = self.packs[number]
            self.open[number] = Pack(path, pack_id, self.keys, self.report)
            if len(self.open) > self.OPEN_PACKS:
                self.open.popitem(last=False)[1].file.close()
        self.open.move_to_end(number)
        return self.open[number]

    def group(self, number, at, sealed):
        if (number, at) not in self.cache:
            pack = self._pack(number)
            try:
                _, directory, body = pack.group(at, sealed)
            except Damaged as why:
                raise Damaged(f"pack {pack.file.path}, group at {at}: {why}") from None
            self.cache[number, at] = directory, body
            self.cached += len(body)
            while self.cached > self.CACHE_BYTES:
                self.cached -= len(self.cache.popitem(last=False)[1][1])
        return self.cache[number, at]

    def read(self, domain, chunk, length):
        """The bytes of a chunk. It may lie in more than one pack; any will do."""
        self.index()
        why = Damaged(f"chunk {chunk.hex()[:16]}… is in no pack")
        for number, at, sealed in self.db.execute("SELECT pack, at, sealed FROM chunk WHERE id = ?", (chunk,)).fetchall():
            try:
                directory, body = self.group(number, at, sealed)
                offset, size = directory.get(chunk, (0, -1))
                if size != length or offset + size > len(body):
                    raise Damaged(f"chunk {chunk.hex()[:16]}… has another length")
                data = body[offset:offset + size]
                if CHECK_IDS and blake3(data, self.keys.domains[domain].id_key) != chunk:
                    raise Damaged(f"chunk {chunk.hex()[:16]}… has another digest")
                return data
            except (Damaged, OSError) as damage:
                why = damage
        raise Damaged(words(why))

    def content(self, content):
        """The bytes of a reference (rows.proto, Content), piece by piece."""
        domain, length, depth = content.number(1), content.number(2), content.number(4)
        parts = [(part.bytes(1, 32), part.number(2)) for part in content.messages(5)]
        if domain not in self.keys.domains and parts:
            raise Damaged(f"there is no key of domain {domain}: destroyed")
        if depth > 4 or len(parts) > 32 or (depth and len(parts) != 1) or sum(size for _, size in parts) != length:
            raise Damaged("a reference to content that cannot be")
        for chunk, size in parts:
            yield from self._below(domain, chunk, size, depth)

    def _below(self, domain, chunk, length, level):
        if level == 0:
            yield self.read(domain, chunk, length)
            return
        # A list chunk. Its own length is not in the reference: 8 + 40 for each entry.
        data = self._list(domain, chunk)
        if data[:4] != b"ATL1" or struct.unpack_from("<I", data, 4)[0] != level or len(data) % 40 != 8 or not 48 <= len(data) <= 8 + 40 * 4096:
            raise Damaged("a list chunk that cannot be")
        before = 0
        entries = list(struct.iter_unpack("<32sQ", data[8:]))
        if entries[-1][1] != length or any(a[1] >= b[1] for a, b in zip(entries, entries[1:])):
            raise Damaged("a list chunk whose lengths do not add up")
        for one, end in entries:
            yield from self._below(domain, one, end - before, level - 1)
            before = end

    def _list(self, domain, chunk):
        self.index()
        sizes = set()
        for number, at, sealed in self.db.execute("SELECT pack, at, sealed FROM chunk WHERE id = ?", (chunk,)).fetchall():
            try:
                sizes.add(self.group(number, at, sealed)[0].get(chunk, (0, -1))[1])
            except (Damaged, OSError) as why:
                self.report.say(words(why))
        return self.read(domain, chunk, max(sizes, default=-1))


# ---- The state: checkpoint.md, rows.proto ---------------------------------------------------------------------------

BUCKETS, ENTRIES, VERSIONS, CHECKPOINTS = 2, 3, 4, 14
KINDS = {1: "file", 2: "folder", 3: "symlink", 4: "fifo", 5: "socket", 6: "character device", 7: "block device", 8: "folder"}
FILE, FOLDER, SYMLINK, FIFO, SOCKET, CHARACTER, BLOCK_DEVICE, FOLDER_MARKER = range(1, 9)


class Vault:
    """One vault's rows as of one LSN."""

    def __init__(self, folder, keys, report):
        self.folder, self.keys, self.report = folder, keys, report
        # A database without a name: SQLite keeps it in memory, and past 64 MiB in a file that nobody else can open.
        self.db = sqlite3.connect("", isolation_level=None)
        self.db.executescript("PRAGMA journal_mode = OFF; PRAGMA cache_size = -65536; BEGIN")
        self.db.execute("CREATE TABLE row(tab INTEGER, key BLOB, row BLOB, PRIMARY KEY(tab, key)) WITHOUT ROWID")
        self.head = Head(folder, keys, report)
        self.journal = Journal(os.path.join(folder, "journal"), keys, report)
        self.chunks = Chunks(os.path.join(folder, "packs"), keys, self.db, report)
        self.checkpoint, self.lsn, self.time = 0, 0, 0

    def load(self, at_lsn=None, uses_checkpoints=True):
        """The newest readable checkpoint, and the commands after it."""
        end = at_lsn if at_lsn is not None else 1 << 63
        if uses_checkpoints:
            for lsn, history, root in self._roots(end):
                try:
                    self._load_checkpoint(lsn, root)
                    self.checkpoint = lsn
                    break
                except (Damaged, struct.error) as why:
                    self.report.say(f"checkpoint {lsn} cannot be read: {why}")
                    self.db.execute("DELETE FROM row")
        self.lsn = self.checkpoint
        for command in self.journal.commands(self.checkpoint + 1, end, self.report.lose):
            self._apply(command)
        if self.journal.last_named > max(self.lsn, self.journal.last) and at_lsn is None:
            self.report.lose(f"changes {self.lsn + 1} to {self.journal.last_named}: the archive that is named after them cannot be read")

    def _roots(self, end):
        """Roots of checkpoints, newest first. Those of the head; where these do not help, the journal's own rows."""
        history = self.head.history or self.journal.history
        tried = set()
        for lsn, its_history, root in sorted(self.head.checkpoints, reverse=True):
            if lsn <= end and its_history == history:
                tried.add(lsn)
                yield lsn, its_history, root
        if self.journal.runs and self.journal.is_whole_from(1):
            return  # from the first command on is as good
        found = {}
        for command in self.journal.commands(1, end, lambda text: None):
            for _, payload in command.payloads:
                for change in Message(payload).messages(1) if isinstance(payload, bytes) else ():
                    if change.number(1) == CHECKPOINTS and change.has(3):
                        found[int.from_bytes(change.bytes(2), "big")] = Message(change.bytes(3)).bytes(1)
        for lsn in sorted(found.keys() - tried, reverse=True):
            if lsn <= end:
                yield lsn, history, found[lsn]

    def _small(self, encoded):
        """Content of at most 64 MiB, at once."""
        content = Message(encoded)
        if content.number(2) > 64 * MIB:
            raise Damaged("a part of a checkpoint is too large")
        return b"".join(self.chunks.content(content))

    def _load_checkpoint(self, lsn, encoded):
        root = Message(self._small(encoded))
        if root.number(1) != lsn:
            raise Damaged("its root names another LSN")
        for table in root.messages(3):
            domain, number = table.number(1), table.number(2)
            if domain not in self.keys.domains:
                continue  # destroyed, and its rows with it
            rows, last = 0, None
            for block in Message(self._small(table.bytes(5))).messages(1):
                data = Message(self.chunks.read(domain, block.bytes(2, 32), block.number(3)))
                batch = [(number, row.bytes(1), row.bytes(2)) for row in data.messages(1)]
                keys = [key for _, key, _ in batch]
                if len(keys) != block.number(4) or (last is not None and keys[0] <= last) or any(a >= b for a, b in zip(keys, keys[1:])):
                    raise Damaged("a block of it has other rows than it should")
                self.db.executemany("INSERT OR REPLACE INTO row VALUES(?, ?, ?)", batch)
                rows, last = rows + len(batch), keys[-1]
            if rows != table.number(3):
                raise Damaged("a table of it has other rows than it should")

    def _apply(self, command):
        for domain, payload in command.payloads:
            if payload == NO_KEY:
                self.report.say(f"change {command.lsn}: there is no key of domain {domain}: destroyed")
            elif payload == GONE:
                self.report.lose(f"what change {command.lsn} changed: the journal does not have it any more")
            else:
                for change in Message(payload).messages(1):
                    if change.has(3):  # present, even if empty: put; absent: delete
                        self.db.execute("INSERT OR REPLACE INTO row VALUES(?, ?, ?)", (change.number(1), change.bytes(2), change.bytes(3)))
                    else:
                        self.db.execute("DELETE FROM row WHERE tab = ? AND key = ?", (change.number(1), change.bytes(2)))
        self.lsn, self.time = command.lsn, command.time

    def buckets(self):
        """[(name, id)] by name."""
        return sorted((Message(row).bytes(1), key) for key, row in self.db.execute("SELECT key, row FROM row WHERE tab = ?", (BUCKETS,)))

    def entries(self, bucket, prefix=b""):
        """(key, version) of each current entry in key order. A version that cannot be read is None."""
        start = bucket + prefix
        for key, row in self.db.execute("SELECT key, row FROM row WHERE tab = ? AND key >= ? ORDER BY key", (ENTRIES, start)):
            if not key.startswith(start):
                break
            try:
                entry = Message(row)
                if entry.number(3):
                    continue
                version = entry.bytes(1, 16)
                found = self.db.execute("SELECT row FROM row WHERE tab = ? AND key = ?", (VERSIONS, (entry.bytes(2) or version) + version)).fetchone()
                yield key[16:], Message(found[0]) if found else None
            except Damaged:
                yield key[16:], None

    def count(self, table):
        return self.db.execute("SELECT count(*) FROM row WHERE tab = ?", (table,)).fetchone()[0]


def pieces_of(vault, version):
    """(offset in the file, bytes) of a version's content: what no hole covers."""
    content = version.messages(14)
    size, holes = version.number(2), [(hole.number(1), hole.number(2)) for hole in version.messages(20)]
    stored = content[-1].number(2) if content else 0
    if stored + sum(length for _, length in holes) != size:
        raise Damaged("its content and holes do not add up to its size")
    holes.append((size, 0))
    at = 0
    for piece in vault.chunks.content(content[-1]) if content else ():
        while piece:
            while holes and at == holes[0][0] and holes[0][1]:
                at += holes.pop(0)[1]
            part = piece[:holes[0][0] - at]
            if not part:
                raise Damaged("its holes are not in order")
            yield at, part
            at, piece = at + len(part), piece[len(part):]


# ---- Giving it out --------------------------------------------------------------------------------------------------


def shown(name):
    """A name of any bytes on one line."""
    pieces = []
    for c in name.decode("utf-8", "surrogateescape"):
        if "\udc80" <= c <= "\udcff":
            pieces.append(f"\\x{ord(c) - 0xDC00:02x}")  # a byte that is no UTF-8
        else:
            pieces.append(c if c.isprintable() and c != "\\" else c.encode("unicode_escape").decode())
    return "".join(pieces)


def time_of(version):
    """(seconds, nanoseconds) that the file had, or when it was stored."""
    if version.number(3) or version.has(7) or version.has(8):
        return version.signed(7), version.number(8)
    microseconds = version.signed(16)
    return microseconds // 1_000_000, microseconds % 1_000_000 * 1000


def time_text(seconds):
    try:
        return (datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
    except OverflowError:
        return str(seconds)


class Target:
    """The folder that is extracted into: empty at first, and never left. Every step down is one openat that follows no
    link, so that a symbolic link out of it, be it from the vault, is never gone through."""

    def __init__(self, path, report):
        self.report = report
        os.makedirs(path, exist_ok=True)
        if os.listdir(path):
            raise Stop(2, f"{path} is not empty: name a new folder")
        self.root = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft < 8192:
            resource.setrlimit(resource.RLIMIT_NOFILE, (8192 if hard == resource.RLIM_INFINITY else min(hard, 8192), hard))
        self.open_max = resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 200
        self.chain = []  # (name, descriptor) of the folders down to where we stand; shallow ones may be closed (None)

    def folder(self, names, makes=True):
        """A descriptor of the folder, valid until the next call."""
        same = 0
        while same < min(len(names), len(self.chain)) and self.chain[same][0] == names[same]:
            same += 1
        for _, descriptor in self.chain[same:]:
            if descriptor is not None:
                os.close(descriptor)
        del self.chain[same:]
        if self.chain and self.chain[-1][1] is None:
            self.chain.clear()
        for name in names[len(self.chain):]:
            here = self.chain[-1][1] if self.chain else self.root
            self.chain.append((name, self._step(here, name, makes)))
            if len(self.chain) > self.open_max:
                shallow = len(self.chain) - self.open_max - 1
                if self.chain[shallow][1] is not None:
                    os.close(self.chain[shallow][1])
                    self.chain[shallow] = self.chain[shallow][0], None
        return self.chain[-1][1] if self.chain else self.root

    def _step(self, here, name, makes):
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
        if makes:
            try:
                os.mkdir(name, 0o700, dir_fd=here)
            except FileExistsError:
                status = os.stat(name, dir_fd=here, follow_symlinks=False)
                if not stat.S_ISDIR(status.st_mode):
                    # `a` beside `a/b`: a vault can have both, a folder cannot. The file gives way.
                    other = self.free_name(here, name)
                    os.rename(name, other, src_dir_fd=here, dst_dir_fd=here)
                    os.mkdir(name, 0o700, dir_fd=here)
                    self.report.lose(f"the name of {shown(name)}: there is a folder of that name; it is now {shown(other)}")
        return os.open(name, flags, dir_fd=here)

    @staticmethod
    def free_name(here, name):
        taken = set(map(os.fsencode, os.listdir(here)))
        return next(other for i in range(1, 1 << 30) if (other := b"%s.%d" % (name[:240], i)) not in taken)


class Extraction:
    def __init__(self, vault, target, report):
        self.vault, self.target, self.report = vault, target, report
        self.is_root = os.geteuid() == 0
        self.links = {}
        self.counts, self.bytes, self.special = collections.Counter(), 0, []
        vault.db.execute("CREATE TABLE folder(path BLOB PRIMARY KEY, row BLOB) WITHOUT ROWID")

    def path(self, key, label):
        """The names below the target. What is no name of a file is written otherwise, and said."""
        names = []
        for part in key.split(b"/"):
            if part in (b"", b".", b".."):
                self.report.lose(f"the name of {label}: it has a part {shown(part)!r}; written as {shown(part.replace(b'.', b'%2E') or b'%')}")
                part = part.replace(b".", b"%2E") or b"%"
            names.append(part)
        return names

    def take(self, top, key, version, label):
        """One entry; `key` is below `top`, empty for that folder itself."""
        try:
            if version is None:
                raise Damaged("its version's row is not there or cannot be read")
            kind = version.number(1)
            if kind in (FOLDER, FOLDER_MARKER):
                names = top + (self.path(key.removesuffix(b"/"), label) if key not in (b"", b"./") else [])
                self.target.folder(names)
                self.vault.db.execute("INSERT OR REPLACE INTO folder VALUES(?, ?)", (b"/".join(names), self.row_of(version)))
            else:
                names = top + self.path(key, label)
                here = self.target.folder(names[:-1])
                self.make(kind, here, names, version, label)
            self.counts[KINDS.get(kind, "unknown")] += 1
        except (Damaged, struct.error) as why:
            self.report.lose(f"{label}: {why}")
        except OSError as why:
            if why.errno in (errno.ENOSPC, errno.EROFS, errno.EDQUOT):
                raise Stop(1, f"{label}: {why.strerror}") from None
            self.report.lose(f"{label}: {why.strerror}")

    @staticmethod
    def row_of(version):
        """The facts that a folder gets in the end, kept until then."""
        attributes = [[base64.b64encode(one.bytes(n)).decode() for n in (1, 2)] for one in version.messages(23)]
        return json.dumps([version.number(3), version.number(4) if version.number(3) or version.has(4) else None, version.number(5), version.number(6), *time_of(version), attributes])

    def make(self, kind, here, names, version, label):
        name, group = names[-1], version.bytes(22)
        # Names of one file. What they hold decides too: the group may be of a file that is long gone.
        facts = kind, time_of(version), [version.fields.get(field) for field in (14, 20, 21)]
        if group in self.links and self.links[group][1] == facts and self.link(self.links[group][0], here, name):
            return
        if kind == FILE:
            self.write(here, name, version, label)
        elif kind == SYMLINK:
            os.symlink(version.bytes(21), name, dir_fd=here)
            if self.is_root and version.number(3):
                os.chown(name, version.number(5), version.number(6), dir_fd=here, follow_symlinks=False)
            seconds, nanoseconds = time_of(version)
            moment = seconds * 1_000_000_000 + nanoseconds
            os.utime(name, ns=(moment, moment), dir_fd=here, follow_symlinks=False)
        elif kind == FIFO:
            os.mkfifo(name, 0o600, dir_fd=here)
            descriptor = os.open(name, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW, dir_fd=here)
            try:
                self.give_facts(descriptor, self.row_of(version), label)
            finally:
                os.close(descriptor)
        else:
            # Nothing in them can be kept: they are listed, not made.
            device = version.number(13)
            number = f" {os.major(device)}:{os.minor(device)}" if kind in (CHARACTER, BLOCK_DEVICE) else ""
            self.special.append(f"{label}: {KINDS.get(kind, f'kind {kind}')}{number}, mode {version.number(4):04o}")
            return
        if group:
            self.links.setdefault(group, (names, facts))

    def link(self, source, here, name):
        try:
            folder = os.dup(self.target.root)
            for part in source[:-1]:
                below = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)
                os.close(folder)
                folder = below
        except OSError:
            os.close(folder)
            return False
        try:
            os.link(source[-1], name, src_dir_fd=folder, dst_dir_fd=here, follow_symlinks=False)
            return True
        except OSError:
            return False
        finally:
            os.close(folder)

    def write(self, here, name, version, label):
        descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600, dir_fd=here)
        try:
            written = 0
            for at, data in pieces_of(self.vault, version):
                view = memoryview(data)
                while view:
                    done = os.pwrite(descriptor, view, at)
                    at, view, written = at + done, view[done:], written + done
            os.ftruncate(descriptor, version.number(2))
            self.give_facts(descriptor, self.row_of(version), label)
            self.bytes += version.number(2)
        except BaseException:
            os.unlink(name, dir_fd=here)  # half a file would look like a whole one
            raise
        finally:
            os.close(descriptor)

    def give_facts(self, descriptor, row, label):
        """Owner first, because a change of owner takes set-id bits away; times last."""
        has_source, mode, uid, gid, seconds, nanoseconds, attributes = json.loads(row)
        if has_source and self.is_root:
            os.fchown(descriptor, uid, gid)
        for name, value in attributes:
            try:
                os.setxattr(descriptor, base64.b64decode(name), base64.b64decode(value))
            except OSError as why:
                self.report.lose(f"attribute {shown(base64.b64decode(name))} of {label}: {why.strerror}")
        if mode is not None:
            os.fchmod(descriptor, mode)
        moment = seconds * 1_000_000_000 + nanoseconds
        os.utime(descriptor, ns=(moment, moment))

    def finish(self):
        """Facts of folders, deepest first: what was made in them changed their times, and a mode may close them."""
        for path, row in self.vault.db.execute("SELECT path, row FROM folder ORDER BY path DESC"):
            try:
                self.give_facts(self.target.folder(path.split(b"/") if path else [], makes=False), row, f"folder {shown(path)}")
            except OSError as why:
                self.report.lose(f"times and mode of folder {shown(path)}: {why.strerror}")


def chosen(vault, address):
    """(bucket name, bucket id, prefix) of what was asked for."""
    wanted, _, prefix = os.fsencode(address or "").partition(b"/")
    found = [(name, bucket, prefix) for name, bucket in vault.buckets() if not wanted or name == wanted]
    if wanted and not found:
        raise Stop(1, f"there is no bucket {shown(wanted)}; there are: {', '.join(shown(name) for name, _ in vault.buckets())}")
    return found


def below(vault, bucket, prefix):
    """(key below the prefix, key, version) of a prefix that is a folder, or of the one object with that name."""
    prefix = prefix.rstrip(b"/")
    if not prefix:
        yield from ((key, key, version) for key, version in vault.entries(bucket))
        return
    for key, version in vault.entries(bucket, prefix):
        if key == prefix:
            yield prefix.rpartition(b"/")[2], key, version
        elif key.startswith(prefix + b"/"):
            yield key[len(prefix) + 1:], key, version


def command_list(vault, options, report):
    for name, bucket, prefix in chosen(vault, options.address):
        for _, key, version in below(vault, bucket, prefix):
            label = shown(name + b"/" + key)
            if version is None:
                report.lose(f"{label}: its version's row is not there or cannot be read")
                continue
            kind, size, seconds = KINDS.get(version.number(1), "unknown"), version.number(2), time_of(version)[0]
            if options.json:
                pairs = {word: {one.bytes(1).decode("utf-8", "backslashreplace"): one.bytes(2).decode("utf-8", "backslashreplace") for one in version.messages(field)}
                         for word, field in (("tags", 25), ("metadata", 24))}
                print(json.dumps({"bucket": shown(name), "key": key.decode("utf-8", "backslashreplace"), "key_b64": base64.b64encode(key).decode(), "type": kind,
                                  "size": size, "modified": time_text(seconds), "mode": f"{version.number(4):04o}", "lsn": version.number(15), **pairs}))
            else:
                target = " -> " + shown(version.bytes(21)) if kind == "symlink" else ""
                print(f"{kind:8} {size:14,} {time_text(seconds):20} {label}{target}")


def command_extract(vault, options, report):
    if not options.to:
        raise Stop(2, "extract needs --to FOLDER")
    vault.chunks.index()
    extraction = Extraction(vault, Target(options.to, report), report)
    for name, bucket, prefix in chosen(vault, options.address):
        # Named, a bucket's content goes straight into the folder; else each bucket gets a folder of its own.
        top = [] if options.address else extraction.path(name, f"bucket {shown(name)}")
        extraction.target.folder(top)
        for key, whole, version in below(vault, bucket, prefix):
            extraction.take(top, key, version, shown(name + b"/" + whole))
    extraction.finish()
    for line in extraction.special:
        print("not made:", line)
    counts = ", ".join(f"{count:,} {kind}s" for kind, count in sorted(extraction.counts.items())) or "nothing"
    print(f"extracted to {options.to}: {counts}; {extraction.bytes:,} bytes", file=sys.stderr)


def command_info(vault, options, report):
    keys, head, journal = vault.keys, vault.head, vault.journal
    print(f"vault {keys.name!r}, {uuid.UUID(bytes=keys.vault)}, encryption {'AES-256-GCM' if keys.suite else 'none'}, {len(keys.domains)} key domains")
    print(f"made {time_text(head.created // 1_000_000)}" if head.created else "made at an unknown time: no head")
    print(f"journal: changes {journal.first} to {journal.last}, {len(journal.archives)} archives, {len(journal.segments)} active segments")
    print(f"state: change {vault.lsn}" + (f", {time_text(vault.time // 1_000_000)}" if vault.time else ""))
    print("checkpoints: " + (", ".join(f"at change {lsn}" for lsn, _, _ in head.checkpoints) or "none") + (f"; read: {vault.checkpoint}" if vault.checkpoint else ""))
    vault.chunks.index()
    packs = [path for path, _ in vault.chunks.packs.values()]
    count = vault.db.execute("SELECT count(DISTINCT id) FROM chunk").fetchone()[0]
    print(f"packs: {len(packs)} with {count:,} chunks, {sum(map(os.path.getsize, packs)):,} bytes; {sum(p.endswith('.open') for p in packs)} unfinished, {vault.chunks.unreadable} unreadable")
    print(f"versions: {vault.count(VERSIONS):,}, names: {vault.count(ENTRIES):,}")
    for name, bucket in vault.buckets():
        objects = size = 0
        for _, version in vault.entries(bucket):
            objects, size = objects + 1, size + (version.number(2) if version else 0)
        print(f"bucket {shown(name)}: {objects:,} objects, {size:,} bytes")
    if options.data:
        for number, at, sealed in vault.db.execute("SELECT DISTINCT pack, at, sealed FROM chunk ORDER BY pack, at").fetchall():
            try:
                directory, body = vault.chunks.group(number, at, sealed)
                for chunk, (offset, size) in directory.items() if CHECK_IDS else ():
                    if blake3(body[offset:offset + size], keys.domains[vault.chunks._pack(number).domain].id_key) != chunk:
                        raise Damaged(f"pack {packs[number]}: chunk {chunk.hex()} has another digest")
            except (Damaged, OSError) as why:
                report.lose(words(why))
    print(f"damage: {report.healed} places healed while reading, {report.lost} lost" + ("" if options.data else " (--data reads every byte)"))


def vault_folders(place):
    if os.path.isdir(os.path.join(place, "vaults")):
        place = os.path.join(place, "vaults")
        return [os.path.join(place, name) for name in sorted(os.listdir(place)) if re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", name)]
    return [place] if os.path.isdir(os.path.join(place, "journal")) or os.path.isdir(os.path.join(place, "packs")) else []


def read_secrets(options):
    """([(kind of slot, secret)], the kit's copy of the keyring, the kit's vault)."""
    secrets, keyring, vault = [], None, None
    if options.kit:
        key, keyring, vault = read_kit(options.kit)
        secrets.append((RECOVERY, key))
    if options.key_file:
        with open(options.key_file, "rb") as file:
            text = file.read(4096).strip()
        try:
            secrets.append((KEY_FILE, binascii.unhexlify(text)))
        except binascii.Error:
            raise Stop(12, f"{options.key_file} is no key file") from None
    if options.password_file:
        with open(options.password_file, "rb") as file:
            secrets.append((PASSPHRASE, file.readline(64 << 10).rstrip(b"\r\n")))
    if options.ask:
        secrets.append((PASSPHRASE, os.fsencode(getpass.getpass("Passphrase: "))))
    return secrets, keyring, vault


def open_vault(options, report):
    folders = vault_folders(options.place)
    if not folders:
        raise Stop(10, f"{options.place} is neither a home nor the folder of a vault")
    secrets, kit_keyring, kit_vault = read_secrets(options)
    opened, failed = [], None
    for folder in folders:
        is_kits = kit_vault is None or os.path.basename(folder) == str(uuid.UUID(bytes=kit_vault)) or len(folders) == 1
        try:
            keys = open_keys(folder, secrets, kit_keyring if is_kits else None, report if is_kits else Report())
        except (Damaged, Stop) as why:
            failed = why
            continue
        if keys and (not options.vault or options.vault in (keys.name, str(uuid.UUID(bytes=keys.vault)))):
            opened.append((folder, keys))
    if not opened:
        raise failed if isinstance(failed, Stop) else Stop(12, str(failed or "no vault here opens with what was given (--kit, --key-file, --password-file, --ask)"))
    if len(opened) > 1 and secrets:
        opened = [(folder, keys) for folder, keys in opened if keys.suite] or opened  # a vault without encryption always opens
    if len(opened) > 1:
        raise Stop(2, "more than one vault opens: choose one with --vault: " + ", ".join(f"{keys.name} ({os.path.basename(folder)})" for folder, keys in opened))
    return Vault(*opened[0], report)


def main(arguments=None):
    global CHECK_IDS
    parser = argparse.ArgumentParser(prog="rescue.py", description=__doc__.split("\n\n")[0], epilog=__doc__.split("\n\n", 1)[1], formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=("info", "list", "extract"))
    parser.add_argument("place", metavar="HOME-OR-VAULT", help="a home, or the folder of one vault in it")
    parser.add_argument("address", nargs="?", metavar="BUCKET[/prefix]", help="all buckets, if left out")
    parser.add_argument("--to", metavar="FOLDER", help="where to extract: a new or empty folder")
    parser.add_argument("--kit", metavar="FILE", help="the recovery kit: its file, or its page typed into a text file")
    parser.add_argument("--key-file", metavar="FILE")
    parser.add_argument("--password-file", metavar="FILE", help="its first line is the passphrase")
    parser.add_argument("--ask", action="store_true", help="ask for the passphrase")
    parser.add_argument("--vault", metavar="NAME", help="which one, by name or id, where more than one opens")
    parser.add_argument("--at-lsn", type=int, metavar="N", help="the state after change N instead of the last one")
    parser.add_argument("--no-checkpoints", action="store_true", help="apply the whole journal, from its first change on")
    parser.add_argument("--check-ids", action="store_true", help="also compute every BLAKE3 digest anew: half a megabyte a second")
    parser.add_argument("--data", action="store_true", help="info: read every byte of the packs")
    parser.add_argument("--json", action="store_true", help="list: one JSON object a line")
    options = parser.parse_intermixed_args(arguments)
    CHECK_IDS = options.check_ids
    report = Report()
    try:
        vault = open_vault(options, report)
        vault.load(options.at_lsn, not options.no_checkpoints)
        {"info": command_info, "list": command_list, "extract": command_extract}[options.command](vault, options, report)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 1
    except Stop as why:
        print(f"rescue.py: {why}", file=sys.stderr)
        return why.code
    except (OSError, Damaged) as why:
        print(f"rescue.py: {why}", file=sys.stderr)
        return 1
    if report.lost:
        print(f"{report.lost} things could not be read or written as they were; each is named above", file=sys.stderr)
    return 3 if report.lost else 0


if __name__ == "__main__":
    sys.stdout.reconfigure(errors="backslashreplace")
    sys.stderr.reconfigure(errors="backslashreplace")
    sys.exit(main())
