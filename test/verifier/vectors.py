"""Checks the vectors of libs/ledger/vectors with the second verifier: python3 vectors.py <folder>"""

import hashlib
import hmac
import json
import pathlib
import sys

from strict import base64url, parse
from verify import Range, cover, open_record, root_from_proof, sha256, signature_holds, verify


def is_canonical(text):
    try:
        parse(text.encode("utf-8"))
        return True
    except (ValueError, RecursionError):
        return False


def consistent(first, second, first_root, second_root, proof):
    """RFC 9162, 2.1.4.2."""
    path = [first_root] + proof if first & (first - 1) == 0 else list(proof)
    fn, sn = first - 1, second - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = path[0]
    for value in path[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            fr, sr = sha256(b"\1" + value + fr), sha256(b"\1" + value + sr)
            while fn & 1 == 0 and fn != 0:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = sha256(b"\1" + sr + value)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and fr == first_root and sr == second_root


def checks(folder):
    load = lambda name: json.loads((folder / name).read_text("utf-8"))
    keys = load("keys.json")
    canonical = load("canonical-json.json")
    for text in canonical["accepted"]:
        yield f"accepts {text}", is_canonical(text)
    for text in canonical["refused"]:
        yield f"refuses {text}", not is_canonical(text)
    for said in load("commitments.json"):
        salt = sha256(bytes.fromhex(said["seed"]) + b"writ/salt/v1\0" + said["field"].encode())
        message = b"writ/v1\0" + said["field"].encode() + b"\0" + said["value"].encode()
        made = hmac.new(salt, message, hashlib.sha256).digest()
        yield f"commitment to {said['field']}", salt.hex() == said["salt"] and made == base64url(said["commitment"])
    tree = load("merkle.json")
    hashes = [sha256(b"\0" + leaf.encode()) for leaf in tree["leaves"]]
    yield "leaf hashes", [value.hex() for value in hashes] == tree["leafHashes"]
    for size, root in enumerate(tree["roots"]):
        made = Range()
        for value in hashes[:size]:
            made.push(1, value)
        yield f"root of {size}", made.root().hex() == root
    yield "cover", sum(cover(256, 1000)) == 744
    roots = [bytes.fromhex(root) for root in tree["roots"]]
    for said in tree["inclusion"]:
        proof = [bytes.fromhex(value) for value in said["proof"]]
        found = root_from_proof(said["index"], said["size"], hashes[said["index"]], proof)
        yield f"inclusion of {said['index']}", found == roots[said["size"]]
    for said in tree["consistency"]:
        proof = [bytes.fromhex(value) for value in said["proof"]]
        first, second = said["first"], said["second"]
        yield f"consistency from {first}", consistent(first, second, roots[first], roots[second], proof)
    for version, record in [(1, load("record-v1.json"))] + [(2, record) for record in load("record.json")]:
        signed = open_record(record["leaf"].encode())
        yield "record", signed is not None and signed.version == version and signed.payload.decode() == record["payload"]
        yield "record signature", signature_holds(bytes.fromhex(keys["writer"]), signed.message, signed.signature)
        yield "record hash", sha256(b"\0" + record["leaf"].encode()).hex() == record["leafHash"]
        yield "record message", version == 1 or signed.message.decode() == record["signed"]
    for kind in ("bundles", "bundles-v1"):
        for name, expected in load(f"{kind}.json").items():
            data = (folder / kind / f"{name}.tar").read_bytes()
            yield f"{kind} {name}", verify(data, bytes.fromhex(keys["root"]))[0] == expected


def main():
    results = list(checks(pathlib.Path(sys.argv[1])))
    for name, holds in results:
        if not holds:
            print(f"does not hold: {name}")
    if all(holds for _, holds in results):
        print(f"{len(results)} vectors hold")
        return 0
    return 1


if __name__ == "__main__":
    sys.exit(main())
