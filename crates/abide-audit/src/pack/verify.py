#!/usr/bin/env python3
"""Checks this folder with Python's standard library and openssl."""
import base64, hashlib, hmac, json, os, struct, subprocess, sys, tempfile

here = os.path.dirname(os.path.abspath(__file__))
sha = lambda data: hashlib.sha256(data).digest()
CODES = {"pass": 1, "fail": 2, "unknown": 3, "error": 4, "excepted": 5}
SPKI = bytes.fromhex("302a300506032b6570032100")


def fail(text):
    sys.exit("FAIL: " + text)


def read(*names):
    with open(os.path.join(here, *names), "rb") as file:
        return file.read()


def root(leaf, index, size, path):
    """RFC 6962: the root that a leaf at a place leads to."""
    if index >= size:
        fail("a proof is about a place that is not there")
    node, last = leaf, size - 1
    for step in path:
        if last == 0:
            fail("a proof is too long")
        if index & 1 or index == last:
            node = sha(b"\1" + step + node)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            node = sha(b"\1" + node + step)
        index, last = index >> 1, last >> 1
    if last:
        fail("a proof is too short")
    return node


def signed(note, keys):
    """Size and root of a note that one of the keys must have signed."""
    body, _, signatures = note.partition("\n\n")
    for key in keys:
        name, _, data = key.split("+", 2)
        raw = base64.b64decode(data)[1:]
        ident = sha(name.encode() + b"\n\1" + raw)[:4]
        pem = "-----BEGIN PUBLIC KEY-----\n%s\n-----END PUBLIC KEY-----\n" % base64.b64encode(SPKI + raw).decode()
        for words in (line.split(" ") for line in signatures.splitlines()):
            if len(words) != 3 or words[1] != name or base64.b64decode(words[2])[:4] != ident:
                continue
            with tempfile.TemporaryDirectory() as folder:
                path = lambda n: os.path.join(folder, n)
                for n, content in (("pem", pem.encode()), ("sig", base64.b64decode(words[2])[4:]), ("msg", (body + "\n").encode())):
                    with open(path(n), "wb") as file:
                        file.write(content)
                command = ["openssl", "pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", path("pem"), "-sigfile", path("sig"), "-in", path("msg")]
                if subprocess.run(command, capture_output=True).returncode == 0:
                    size, top = body.split("\n")[1:3]
                    return int(size), base64.b64decode(top)
    fail("a checkpoint is not signed by any of " + ", ".join(keys))


def text(data):
    return struct.pack("<Q", len(data)) + data


def check_sample(folder, drawn, keys):
    result, resource, scan = (json.loads(read(folder, n)) for n in ("result.json", "resource.json", "scan.json"))
    rows = sorted(resource["results"], key=lambda row: row["policy"].encode())
    own = [row for row in rows if row["policy"] == result["policy"]]
    if len(own) != 1 or own[0]["status"] != result["outcome"] or json.loads(own[0]["detail"]) != result["details"]:
        fail(folder + ": result.json says something else than resource.json")
    if [result["target"], result["scan"], resource["input"], resource["address"], resource["type"], result["policy"]] != json.loads(drawn):
        fail(folder + ": it is another item than the one drawn")
    if [scan["body"]["stream"], scan["body"]["scan"], scan["body"]["id"]] != [result["target"], result["scan"], result["scan_id"]]:
        fail(folder + ": scan.json is another scan")
    digest = sha(b"".join(text(r["policy"].encode()) + struct.pack("<q", CODES[r["status"]]) + sha(r["detail"].encode()) for r in rows))
    leaf = sha(b"\0" + struct.pack("<I", resource["input"]) + text(resource["address"].encode()) + text(resource["type"].encode()) + digest)
    path = [bytes.fromhex(step) for step in resource["path"]]
    if root(leaf, resource["index"], resource["size"], path).hex() != scan["body"]["result_root"]:
        fail(folder + ": the results do not lead to the root of the scan")
    head, _, note = read(folder, "scan.tlog-proof").decode().partition("\n\n")
    head = head.split("\n")
    index = int(head[1].split(" ")[1])
    if index != scan["seq"]:
        fail(folder + ": the proof is about another entry")
    size, top = signed(note, keys)
    if root(sha(b"\0" + read(folder, "scan.json")), index, size, [base64.b64decode(step) for step in head[2:]]) != top:
        fail(folder + ": the scan's entry is not in the ledger that was signed")
    return size, top


def main():
    arguments = sys.argv[1:]
    for line in read("MANIFEST.sha256").decode().splitlines():
        digest, name = line.split("  ", 1)
        if sha(read(*name.split("/"))).hex() != digest:
            fail(name + " was changed")
    keys = read("key.txt").decode().split() + [arguments[i + 1] for i, a in enumerate(arguments) if a == "--key"]
    population = read("population.jsonl").decode().split("\n")[:-1]
    sample = json.loads(read("sample.json"))
    rank = lambda name: (hmac.new(sample["seed"].encode(), name.encode(), "sha256").digest(), name.encode())
    drawn = sorted(population, key=rank)[: sample["size"]]
    if drawn != sample["drawn"]:
        fail("the seed draws other items than those of sample.json")
    folders = sorted(os.listdir(os.path.join(here, "samples"))) if drawn else []
    if len(folders) != len(drawn):
        fail("%d items were drawn, there are folders of %d" % (len(drawn), len(folders)))
    heads = {check_sample(os.path.join("samples", folder), name, keys) for folder, name in zip(folders, drawn)}
    for i, argument in enumerate(arguments):
        if argument == "--checkpoint":
            with open(arguments[i + 1], encoding="utf-8") as file:
                size, top = signed(file.read(), keys)
            if any(size == known and top != head for known, head in heads):
                fail("a checkpoint of %d entries has another root: history was changed" % size)
            if heads and not any(size == known for known, _ in heads):
                print("note: the checkpoint has %d entries, this folder %s: compare them with `abide evidence verify`" % (size, max(heads)[0]))
    print("ok: %d of %d items drawn and proven" % (len(drawn), len(population)))


main()
