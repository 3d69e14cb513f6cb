#!/usr/bin/env python3
"""Checks this folder with Python's standard library and openssl."""
import base64, hashlib, json, os, struct, subprocess, sys, tempfile

here = os.path.dirname(os.path.abspath(__file__))
sha = lambda data: hashlib.sha256(data).digest()
CODES = {"pass": 1, "fail": 2, "unknown": 3, "error": 4, "excepted": 5}
SPKI = bytes.fromhex("302a300506032b6570032100")


def fail(text):
    sys.exit("FAIL: " + text)


def lines(name):
    with open(os.path.join(here, name), encoding="utf-8", newline="\n") as file:
        return file.read().split("\n")[:-1]


class Tree:
    """RFC 6962, appended leaf by leaf."""

    def __init__(self):
        self.peaks, self.size = [], 0

    def push(self, leaf):
        size = self.size
        while size & 1:
            leaf = sha(b"\1" + self.peaks.pop() + leaf)
            size >>= 1
        self.peaks.append(leaf)
        self.size += 1

    def root(self):
        if not self.peaks:
            return sha(b"")
        node = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            node = sha(b"\1" + peak + node)
        return node


def accepts(key, message, signature):
    """Whether the key `name+id+data` made this signature."""
    raw = base64.b64decode(key.strip().split("+", 2)[2])[1:]
    pem = "-----BEGIN PUBLIC KEY-----\n%s\n-----END PUBLIC KEY-----\n" % base64.b64encode(SPKI + raw).decode()
    with tempfile.TemporaryDirectory() as folder:
        path = lambda n: os.path.join(folder, n)
        for n, content in (("pem", pem.encode()), ("sig", signature), ("msg", message)):
            with open(path(n), "wb") as file:
                file.write(content)
        command = ["openssl", "pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", path("pem"), "-sigfile", path("sig"), "-in", path("msg")]
        return subprocess.run(command, capture_output=True).returncode == 0


def rotated(at, body, before):
    """The next key, if the one before it signed that."""
    message = "abide key rotation v1\n%d\n%s\n%s\n" % (at, body.get("from"), body.get("to"))
    if body.get("from") != before.strip() or not accepts(before, message.encode(), base64.b64decode(body.get("signature", ""))):
        fail("entry %d: the key before it did not sign that another one signs from here on" % at)
    return body["to"]


def signed(note, key):
    """Size and root of a note that the key must have signed."""
    body, _, signatures = note.partition("\n\n")
    name, _, data = key.strip().split("+", 2)
    raw = base64.b64decode(data)[1:]
    ident = sha(name.encode() + b"\n\1" + raw)[:4]
    for line in signatures.splitlines():
        words = line.split(" ")
        if len(words) != 3 or words[1] != name:
            continue
        data = base64.b64decode(words[2])
        if data[:4] != ident:
            continue
        if accepts(key, (body + "\n").encode(), data[4:]):
            origin, size, root = body.split("\n")[:3]
            return int(size), base64.b64decode(root)
    fail("a checkpoint is not signed by " + key)


def results_root(rows):
    """The root over results of one scan: by resource, then by policy."""
    subjects = {}
    for row in rows:
        subjects.setdefault((row["input"], row["address"].encode(), row["type"].encode()), []).append(row)
    text = lambda data: struct.pack("<Q", len(data)) + data
    tree = Tree()
    for (number, address, kind), cells in sorted(subjects.items()):
        cells.sort(key=lambda row: row["policy"].encode())
        digest = sha(b"".join(text(c["policy"].encode()) + struct.pack("<q", CODES[c["status"]]) + sha(c["detail"].encode()) for c in cells))
        tree.push(sha(b"\0" + struct.pack("<I", number) + text(address) + text(kind) + digest))
    return tree.root()


def main():
    first = lines("key.txt")[0]
    keys, tree, before, runs, pruned = [(0, first)], Tree(), -(2**63), [], {}
    roots = [tree.root()]
    for at, line in enumerate(lines("ledger.jsonl")):
        entry = json.loads(line)
        if entry["seq"] != at:
            fail("entry %d: found number %s" % (at, entry["seq"]))
        if entry["at"] < before:
            fail("entry %d: its time lies before that of the entry before it" % at)
        before = entry["at"]
        if entry["kind"] == "key.rotated":
            keys.append((at, rotated(at, entry["body"], keys[-1][1])))
        if entry["kind"] == "store.pruned":
            pruned[entry["body"]["stream"]] = max(entry["body"]["below"], pruned.get(entry["body"]["stream"], 0))
        if entry["kind"] == "run.finished":
            runs.append((at, entry["body"]))
        tree.push(sha(b"\0" + line.encode()))
        roots.append(tree.root())
    arguments = sys.argv[1:]
    earlier = [open(arguments[i + 1], encoding="utf-8").read() for i, a in enumerate(arguments) if a == "--checkpoint"]
    newest = open(os.path.join(here, "checkpoint"), encoding="utf-8").read()
    for note in earlier + [newest]:
        claimed = int(note.split("\n")[1])
        key = [k for since, k in keys if since < max(claimed, 1)][-1]
        size, root = signed(note, key)
        if size >= len(roots):
            fail("entry %d: missing: a checkpoint says %d entries" % (len(roots) - 1, size))
        if roots[size] != root:
            fail("a checkpoint of %d entries has another root: history was changed" % size)
    if size != len(roots) - 1:
        fail("entry %d: not covered by the checkpoint" % size)
    results = [json.loads(line) for line in lines("results.jsonl")]
    moved = 0
    for at, run in runs:
        if run["scan"] < pruned.get(run["stream"], 0):
            moved += 1
        elif run["complete"]:
            held = [r for r in results if r["stream"] == run["stream"] and r["from_scan"] <= run["scan"] and (r["to_scan"] is None or r["to_scan"] > run["scan"])]
            if results_root(held).hex() != run["result_root"]:
                fail("entry %d: the results of scan %d of %s do not have its root" % (at, run["scan"], run["stream"]))
    for line in lines("statements.jsonl"):
        envelope = json.loads(line)
        payload = base64.b64decode(envelope["payload"])
        kind = envelope["payloadType"]
        message = b"DSSEv1 %d %s %d %s" % (len(kind), kind.encode(), len(payload), payload)
        signature = envelope["signatures"][0]
        if signature["keyid"] not in [key.strip() for _, key in keys] or not accepts(signature["keyid"], message, base64.b64decode(signature["sig"])):
            fail("a statement is not signed by a key of this ledger")
        if json.loads(payload)["predicate"] not in [run for _, run in runs]:
            fail("a statement is of a scan that is not in the ledger")
    note = ", %d of them pruned" % moved if moved else ""
    print("ok: %d entries, %d scans%s, root %s" % (len(roots) - 1, len(runs), note, roots[-1].hex()))


main()
