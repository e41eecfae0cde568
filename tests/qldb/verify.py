"""Verifies QLDB journal exports by `amazon.ion` and `ionhash` alone: another implementation, to hold ours against.

usage: verify.py FILE…    one line for each: FILE ok | FILE fault N | FILE unread
"""

import hashlib
import sys

import ionhash  # noqa: F401  (adds ion_hash() to Ion values)
from amazon.ion import simpleion
from amazon.ion.simple_types import IonPyNull


def signed(byte):
    return byte - 256 if byte > 127 else byte


def dot(a, b):
    if not a or not b:
        return a or b
    first = [signed(byte) for byte in reversed(a)] <= [signed(byte) for byte in reversed(b)]
    return hashlib.sha256(a + b if first else b + a).digest()


def root(hashes):
    while len(hashes) > 1:
        pairs = [hashes[i : i + 2] for i in range(0, len(hashes), 2)]
        hashes = [dot(*pair) if len(pair) == 2 else pair[0] for pair in pairs]
    return hashes[0] if hashes else b""


def ion_hash(value):
    return value.ion_hash("SHA256")


def get(struct, name):
    value = struct[name] if name in struct else None
    return None if isinstance(value, IonPyNull) else value


def revision(value, block):
    stated = get(value, "hash")
    metadata, data, data_hash = (get(value, name) for name in ("metadata", "data", "dataHash"))
    if metadata is None and data is None:
        return stated
    of_data = ion_hash(data) if data is not None else data_hash or b""
    assert dot(ion_hash(metadata), of_data) == stated
    assert metadata["txId"] == block["transactionId"]
    assert value["blockAddress"] == block["blockAddress"]
    return stated


def check(block, before):
    entries = list(block["entriesHashList"])
    assert root(entries) == block["entriesHash"]
    assert dot(block["entriesHash"], get(block, "previousBlockHash")) == block["blockHash"]
    info = get(block, "transactionInfo")
    assert info is None or ion_hash(info) in entries
    revisions = get(block, "revisions")
    if revisions:
        assert root([revision(value, block) for value in revisions]) in entries
    if before is not None:
        assert block["blockAddress"]["strandId"] == before["blockAddress"]["strandId"]
        assert block["blockAddress"]["sequenceNo"] == before["blockAddress"]["sequenceNo"] + 1
        assert block["previousBlockHash"] == before["blockHash"]


def verify(file):
    before = None
    with open(file, "rb") as source:
        all = source.read()
    # Of text in bytes it takes each byte for a character.
    text = all if all.startswith(b"\xe0\x01\x00\xea") else all.decode()
    for block in simpleion.loads(text, single_value=False, parse_eagerly=False):
        number = block["blockAddress"]["sequenceNo"]
        try:
            check(block, before)
        except (AssertionError, KeyError):
            return f"fault {number}"
        before = block
    return "ok"


for file in sys.argv[1:]:
    try:
        print(file, verify(file))
    except Exception:  # what it cannot read is no export
        print(file, "unread")
