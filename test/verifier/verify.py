#!/usr/bin/env python3
"""A second verifier of writ-bundle/1. It shares the format and the vectors with the first, and not a line of code.

    python3 verify.py <bundle.tar> [--root <hex>] [--policy <file>] [--pinned <note>] [--compare <other.tar>] [--json]

Python's standard library and the Ed25519 beside this file. Exit codes as those of `writ verify`.
"""

import argparse
import base64
import hashlib
import hmac
import json
import re
import sys

import ed25519
from strict import Unreadable, base64std, base64url, is_count, is_text, parse, parse_object, read_tar
from witnesses import Policy

SIGNATURE, ROOT, GAP, FORK, WITNESS, PAYLOAD, CHAIN, CLOSING, RETENTION, TIME, FORMAT, UNANCHORED = (
    10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21)
TOLERANCE_MS = 5 * 60 * 1000
LONGEST_OPEN_MS = 12 * 60 * 1000
NO_PREVIOUS = "0" * 64
ALONE = {"README.txt", "trust/keyset.jws", "trust/policy", "log/checkpoint", "log/range.json", "gaps.json",
         "manifest.json", "manifest.jws"}
COMPANIONS = {
    ("sealed", "bin"): "", ("open", "json"): "",
    ("records", "jws"): "proofs/{}.tlog-proof", ("proofs", "tlog-proof"): "records/{}.jws",
    ("epochs", "note"): "epochs/{}.head-proof", ("epochs", "head-proof"): "epochs/{}.note",
    ("epochs", "tsr"): "epochs/{}.note",
}
UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")

_verified = {}


def signature_holds(key, message, signature):
    asked = (key, message, signature)
    if asked not in _verified:
        _verified[asked] = ed25519.verify(key, message, signature)
    return _verified[asked]


def sha256(data):
    return hashlib.sha256(data).digest()


def key_id(key):
    return hashlib.sha256(key).hexdigest()[:16]


def node(left, right):
    return sha256(b"\1" + left + right)


class Range:
    """The compact range of an RFC 6962 tree: perfect subtrees, largest first."""

    def __init__(self, size=0, hashes=()):
        sizes = [1 << bit for bit in range(52, -1, -1) if size >> bit & 1]
        self.size = size
        self.stack = list(zip(sizes, hashes))

    def push(self, size, value):
        self.size += size
        while self.stack and self.stack[-1][0] == size:
            value = node(self.stack.pop()[1], value)
            size *= 2
        self.stack.append((size, value))

    def root(self):
        if not self.stack:
            return sha256(b"")
        value = self.stack[-1][1]
        for _, left in reversed(self.stack[:-1]):
            value = node(left, value)
        return value


def cover(start, end):
    """Sizes of the aligned perfect subtrees of [start, end)."""
    sizes = []
    while start < end:
        size = 1
        while start % (2 * size) == 0 and start + 2 * size <= end:
            size *= 2
        sizes.append(size)
        start += size
    return sizes


def root_from_proof(index, size, leaf_hash, proof):
    """RFC 9162, 2.1.3.2."""
    if index >= size:
        return None
    fn, sn, value = index, size - 1, leaf_hash
    for sibling in proof:
        if sn == 0:
            return None
        if fn & 1 or fn == sn:
            value = node(sibling, value)
            while fn & 1 == 0 and fn != 0:
                fn >>= 1
                sn >>= 1
        else:
            value = node(value, sibling)
        fn >>= 1
        sn >>= 1
    return value if sn == 0 else None


def open_jws(data, kind):
    """(key id, payload, signed bytes, signature) of a JWS of exactly our form, or None."""
    match = re.fullmatch(rb"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]{86})", data)
    if not match:
        return None
    header, payload, signature = (base64url(part.decode()) for part in match.groups())
    if header is None or payload is None or signature is None:
        return None
    named = re.fullmatch(rb'\{"alg":"Ed25519","kid":"([0-9a-f]{16})","typ":"' + re.escape(kind).encode() + rb'"\}', header)
    return named and (named.group(1).decode(), payload, data[:-87], signature)


class Signed:
    """A leaf taken apart: what its writer's signature is over, and whether that is shared by a batch (version 2)."""

    def __init__(self, version, key_id, payload, message, signature):
        self.version, self.key_id, self.payload = version, key_id, payload
        self.message, self.signature = message, signature


def open_record(leaf):
    """A leaf of either version, or None."""
    jws = open_jws(leaf, "writ-record+jws")
    if jws:
        return Signed(1, *jws)
    head, _, tail = leaf.rpartition(b".")
    proof = base64url(tail.decode("latin-1")) if len(tail) == 343 else None
    # A stand-in signature of the usual length, so that header and payload are read by the same rules.
    jws = proof and len(proof) == 257 and proof[64] < 64 and open_jws(head + b"." + b"A" * 86, "writ-record+batch")
    if not jws:
        return None
    value, slot = sha256(b"\0" + head), proof[64]
    for level in range(6):
        sibling = proof[65 + 32 * level : 97 + 32 * level]
        value = node(sibling, value) if slot >> level & 1 else node(value, sibling)
    message = b"writ-batch/1\n" + base64.b64encode(value) + b"\n"
    return Signed(2, jws[0], jws[1], message, proof[:64])


def statement(data, kind, key, what):
    jws = open_jws(data, kind)
    if not jws:
        raise Unreadable(SIGNATURE, f"{what} is not a signed statement of its kind")
    if key is not None and (jws[0] != key_id(key) or not signature_holds(key, jws[2], jws[3])):
        raise Unreadable(SIGNATURE, f"{what} is not signed by the key that must sign it")
    payload = parse_object(jws[1])
    if payload is None:
        raise Unreadable(FORMAT, f"{what} is not canonical JSON")
    return payload


def open_note(data):
    """(body, origin, size, root, [(name, key id, signature)]) of a checkpoint note, or None."""
    try:
        note = data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    split = note.rfind("\n\n")
    body = re.fullmatch(r"([^\s+]+)\n(0|[1-9][0-9]{0,15})\n(\S+)\n", note[: split + 1]) if split >= 0 else None
    root = base64std(body.group(3)) if body else None
    if root is None or len(root) != 32 or int(body.group(2)) >= 2**53 or not note.endswith("\n"):
        return None
    signatures = []
    for line in note[split + 2 : -1].split("\n"):
        match = re.fullmatch("\u2014 ([^\\s+]+) (\\S+)", line)
        blob = base64std(match.group(2)) if match else None
        if blob is None or len(blob) < 5:
            return None
        signatures.append((match.group(1), blob[:4], blob[4:]))
    return note[: split + 1], body.group(1), int(body.group(2)), root, signatures


def is_signed(parsed, keys):
    """True when one of the keys signed the note under its own origin."""
    body, origin, _, _, signatures = parsed
    for key in keys:
        identity = sha256(origin.encode() + b"\n\1" + key)[:4]
        for name, kid, signature in signatures:
            if name == origin and kid == identity and signature_holds(key, body.encode(), signature):
                return True
    return False


def epoch_findings(bundle, policy):
    """Every epoch must hold exactly this checkpoint in one slot of its tree of heads; then the witnesses are counted."""
    seen = set()
    for name in bundle.files:
        match = re.fullmatch(r"epochs/(0|[1-9][0-9]{0,14})\.note", name)
        if not match:
            continue
        number = int(match.group(1))
        proof = parse_object(bundle.get(f"epochs/{number}.head-proof"))
        try:
            data = bundle.files[name].decode("utf-8")
        except UnicodeDecodeError:
            data = None
        if proof is None or data is None or not is_note(data):
            raise Unreadable(FORMAT, f"{name} or its head proof is malformed")
        parsed = open_note(bundle.files[name])
        keys = [key["public"] for key in bundle.keys
                if key["use"] in ("epoch", "log") and key["name"] and data.startswith(key["name"])]
        if parsed is None or not is_signed(parsed, keys):
            yield SIGNATURE, None, f"{name} is not signed by an epoch key of the keyset"
        elif epoch_root(bundle, proof, number, parsed[2]) != parsed[3]:
            yield ROOT, None, f"{name} does not hold the checkpoint of this bundle in its slot"
        elif policy:
            seen |= policy.cosigners(parsed[0], parsed[4], signature_holds)
    if policy and not policy.quorum(seen):
        yield WITNESS, None, "the witnesses of your policy did not cosign"


def is_note(text):
    split = text.rfind("\n\n")
    if split < 0 or not text.endswith("\n"):
        return False
    for line in text[split + 2 : -1].split("\n"):
        match = re.fullmatch("\u2014 ([^\\s+]+) (\\S+)", line)
        blob = base64std(match.group(2)) if match else None
        if blob is None or len(blob) < 5:
            return False
    return True


def epoch_root(bundle, proof, number, size):
    slot, slots = proof.get("slot"), proof.get("slots")
    paths = []
    for name in ("headProof", "epochProof"):
        values = proof.get(name)
        whole = type(values) is list and len(values) <= 63
        if not whole or not all(is_text(value) and re.fullmatch("[0-9a-f]{64}", value) for value in values):
            return None
        paths.append([bytes.fromhex(value) for value in values])
    if proof.get("number") != number or type(proof.get("number")) is not int or not is_count(slot) or not is_count(slots):
        return None
    head = sha256(b"\0" + f"writ-head/v1\n{slot}\n{bundle.body}".encode())
    heads = root_from_proof(slot, slots, head, paths[0])
    if heads is None:
        return None
    epoch = f"writ-epoch/v1\n{number}\n{base64.b64encode(heads).decode()}\n".encode()
    return root_from_proof(number, size, sha256(b"\0" + epoch), paths[1])


class Bundle:
    def __init__(self, data, root_key):
        self.files = read_tar(data)
        self.root_key = root_key
        self.read_keyset()
        self.read_writers()

    def get(self, name):
        if name not in self.files:
            raise Unreadable(FORMAT, f"the bundle holds no {name}")
        return self.files[name]

    def read_keyset(self):
        keyset = statement(self.get("trust/keyset.jws"), "writ-keyset+jws", self.root_key, "the keyset")
        keys = keyset.get("keys")
        if keyset.get("_t") != "writ.keyset/1" or type(keys) is not list or not is_text(keyset.get("deployment")):
            raise Unreadable(FORMAT, "trust/keyset.jws is not a writ.keyset/1")
        self.keys = []
        for key in keys:
            key = key if type(key) is dict else {}
            public = base64std(key["pub"]) if is_text(key.get("pub")) else None
            texts = all(is_text(key.get(name)) for name in ("use", "kid", "name"))
            counts = is_count(key.get("from")) and is_count(key.get("until"))
            if not texts or not counts or public is None or len(public) != 32 or key_id(public) != key["kid"]:
                raise Unreadable(FORMAT, "a key of the keyset is malformed")
            revoked = key.get("revoked")
            if "revoked" in key:
                whole = type(revoked) is dict and is_count(revoked.get("at")) and type(revoked.get("lastSize")) is dict
                if not whole:
                    raise Unreadable(FORMAT, "a revocation of the keyset is malformed")
            self.keys.append({**key, "public": public, "revoked": revoked})

    def read_writers(self):
        self.writers = {}
        for name, data in self.files.items():
            if not name.startswith("writers/"):
                continue
            jws = open_jws(data, "writ-enrolment+jws")
            authority = next(
                (key for key in self.keys if key["use"] == "writer-ca" and jws and key["kid"] == jws[0]), None)
            if authority is None:
                raise Unreadable(SIGNATURE, f"{name} is not signed by a writer authority of the keyset")
            said = statement(data, "writ-enrolment+jws", authority["public"], name)
            public = base64std(said["pub"]) if is_text(said.get("pub")) else None
            whole = said.get("_t") == "writ.enrolment/1" and is_text(said.get("w"))
            whole = whole and is_count(said.get("from")) and is_count(said.get("until"))
            whole = whole and public is not None and len(public) == 32 and key_id(public) == said.get("kid")
            if not whole or name != f"writers/{said['w']}.jws":
                raise Unreadable(FORMAT, f"{name} is malformed")
            if not authority["from"] <= said["from"] <= authority["until"]:
                raise Unreadable(SIGNATURE, f"{name} was signed outside its authority's time")
            if authority["revoked"] and said["from"] >= authority["revoked"]["at"]:
                raise Unreadable(SIGNATURE, f"{name} was signed after its authority was revoked")
            self.writers[said["kid"]] = {**said, "public": public}

    def read_manifest(self):
        data = self.get("manifest.jws")
        jws = open_jws(data, "writ-manifest+jws")
        key = next((key for key in self.keys if key["use"] == "export" and jws and key["kid"] == jws[0]), None)
        if key is None:
            raise Unreadable(SIGNATURE, "manifest.jws is not signed by an exporter of the keyset")
        manifest = statement(data, "writ-manifest+jws", key["public"], "manifest.jws")
        if jws[1] != self.get("manifest.json"):
            raise Unreadable(FORMAT, "manifest.json is not what manifest.jws signs")
        whole = manifest.get("_t") == "writ.bundle/1" and type(manifest.get("files")) is list
        whole = whole and all(is_text(manifest.get(name)) for name in ("bundle", "tenant", "origin"))
        whole = whole and all(is_count(manifest.get(name)) for name in ("created", "from", "to", "size"))
        if not whole:
            raise Unreadable(FORMAT, "manifest.json is not a writ.bundle/1")
        made = manifest["created"]
        if not key["from"] <= made <= key["until"] or (key["revoked"] and made >= key["revoked"]["at"]):
            raise Unreadable(SIGNATURE, "the exporter key was not valid when the bundle was made")
        listed = [file.get("name") if type(file) is dict else None for file in manifest["files"]]
        if listed + ["manifest.json", "manifest.jws"] != list(self.files):
            raise Unreadable(FORMAT, "the files of the tar are not those of the manifest")
        self.manifest = manifest

    def read_checkpoint(self, at_ms):
        parsed = open_note(self.get("log/checkpoint"))
        if parsed is None or len(parsed[4]) > 16:
            raise Unreadable(FORMAT, "log/checkpoint is not a C2SP checkpoint")
        self.note = self.get("log/checkpoint").decode()
        self.body, self.origin, self.size, self.root, _ = parsed
        keys = []
        for key in self.keys:
            revoked = key["revoked"]
            last = revoked["lastSize"].get(self.origin) if revoked else None
            timely = key["from"] <= at_ms <= key["until"] and (
                not revoked or (is_count(last) and self.size <= last))
            if key["use"] == "log" and timely and self.origin.startswith(key["name"]):
                keys.append(key["public"])
        if not is_signed(parsed, keys):
            raise Unreadable(SIGNATURE, "log/checkpoint is not signed by a log key that the keyset allows here")

    def read_range(self):
        said = parse_object(self.get("log/range.json")) or {}
        start, end = said.get("from"), said.get("to")
        whole = is_count(start) and is_count(end) and start <= end <= self.size and start % 256 == 0
        if not whole or said.get("size") != self.size:
            raise Unreadable(FORMAT, "log/range.json does not describe a range of the signed tree")
        self.start, self.end = start, end
        self.after = cover(end, self.size)
        hashes = []
        for name, count in (("left", bin(start).count("1")), ("right", len(self.after))):
            values = said.get(name)
            whole = type(values) is list and len(values) == count
            if not whole or not all(is_text(v) and re.fullmatch("[0-9a-f]{64}", v) for v in values):
                raise Unreadable(FORMAT, "log/range.json lacks hashes")
            hashes.append([bytes.fromhex(value) for value in values])
        self.left, self.right = hashes

    def paths(self):
        """(first index, width, tile path) of every tile of the range."""
        for first in range(self.start, self.end, 256):
            width = min(256, self.end - first)
            digits = str(first // 256)
            digits = digits.zfill((len(digits) + 2) // 3 * 3)
            groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
            path = "/".join(["x" + group for group in groups[:-1]] + groups[-1:])
            yield first, width, path + ("" if width == 256 else f".p/{width}")

    def expect_known_files(self):
        """Every file has a meaning here, and the file that it belongs to beside it."""
        tiles = {f"log/tile/{kind}/{path}" for _, _, path in self.paths() for kind in ("0", "entries", "sealed")}
        for name in self.files:
            if name in ALONE or name in tiles or re.fullmatch(r"writers/.+\.jws", name):
                continue
            match = re.fullmatch(r"(sealed|open|records|proofs|epochs)/(0|[1-9][0-9]{0,14})\.(.+)", name)
            needs = match and COMPANIONS.get((match.group(1), match.group(3)))
            if needs is None:
                raise Unreadable(FORMAT, f"the file {name} has no meaning in this bundle")
            if needs and needs.format(match.group(2)) not in self.files:
                raise Unreadable(FORMAT, f"the bundle holds {name}, and not what it belongs to")
        if "trust/policy" in self.files:
            try:
                Policy(self.files["trust/policy"].decode("latin-1"))
            except ValueError:
                raise Unreadable(FORMAT, "trust/policy is not a C2SP tlog-policy") from None

    def sealed_tiles(self):
        """Index to sealed content, as far as the tiles hold it."""
        found = {}
        for first, width, path in self.paths():
            data = self.files.get(f"log/tile/sealed/{path}")
            if data is None:
                continue
            at, count = 0, 0
            while at + 4 <= len(data):
                length = int.from_bytes(data[at : at + 4], "big")
                part = data[at + 4 : at + 4 + length]
                if part:
                    found[first + count] = part
                at += 4 + length
                count += 1
            if at != len(data) or count != width:
                raise Unreadable(FORMAT, f"the tile {path} does not hold {width} sealed parts")
        return found

    def leaves(self):
        """(index, leaf hash in the tree, bytes or b"") for every index of the range."""
        for first, width, path in self.paths():
            hashes, entries = self.get(f"log/tile/0/{path}"), self.get(f"log/tile/entries/{path}")
            split, at = [], 0
            while at + 2 <= len(entries):
                length = int.from_bytes(entries[at : at + 2], "big")
                split.append(entries[at + 2 : at + 2 + length])
                at += 2 + length
            if len(hashes) != 32 * width or len(split) != width or at != len(entries):
                raise Unreadable(FORMAT, f"the tile {path} does not hold {width} entries")
            for offset, entry in enumerate(split):
                yield first + offset, hashes[32 * offset : 32 * offset + 32], entry


class Examiner:
    def __init__(self, bundle):
        self.bundle = bundle
        self.tree_findings = []
        self.findings = []
        self.absent, self.skipped, self.batches = set(), 0, {}
        self.ends, self.ids, self.finished = {}, {}, {}
        self.decisions = {}
        self.newest = 0
        self.prunes, self.holds = {}, {}
        self.read_gaps()
        self.sealed = bundle.sealed_tiles()
        self.unclaimed = {name for name in bundle.files if name.startswith(("sealed/", "open/"))}

    def tell(self, code, index, what):
        self.findings.append((code, index, what))

    # one leaf by itself

    def record(self, leaf, index):
        """The payload of a leaf whose signature and place hold, or None after telling why not."""
        bundle = self.bundle
        signed = open_record(leaf)
        if signed is None:
            return self.tell(SIGNATURE, index, "the leaf is not a signed record")
        writer = bundle.writers.get(signed.key_id)
        if writer is None:
            return self.tell(SIGNATURE, index, f"no enrolled writer has the key {signed.key_id}")
        if not signature_holds(writer["public"], signed.message, signed.signature):
            return self.tell(SIGNATURE, index, "the signature is not one of the writer")
        said = parse_object(signed.payload)
        if said is None or not self.whole(said, signed.version):
            return self.tell(FORMAT, index, "the record is not canonical JSON with a whole envelope")
        if said.get("log") != bundle.origin or said.get("tenant") != bundle.manifest["tenant"]:
            return self.tell(ROOT, index, "the record belongs to another log or tenant")
        if said["w"].split("/")[0] != writer["w"]:
            return self.tell(SIGNATURE, index, "the record names another writer than its key's")
        if not writer["from"] - TOLERANCE_MS <= said["ts"] <= writer["until"] + TOLERANCE_MS:
            return self.tell(SIGNATURE, index, "the key was not enrolled at that time")
        self.batches[index] = signed.signature if signed.version == 2 else None
        return said

    @staticmethod
    def whole(said, version):
        kinds = r"writ\.(decision|dispatch|segment|outcome|event)/" + str(version)
        kind = re.fullmatch(kinds, said["_t"]) if is_text(said.get("_t")) else None
        texts = all(is_text(said.get(name)) for name in ("rid", "w", "prev", "n"))
        if not kind or not texts or not is_count(said.get("wseq")) or said["wseq"] < 1 or not is_count(said.get("ts")):
            return False
        shaped = UUID7.fullmatch(said["rid"]) and re.fullmatch("[0-9a-f]{64}", said["prev"]) and len(said["n"]) == 22
        shaped = shaped and re.fullmatch(r"[a-z0-9][a-z0-9.-]{0,62}/[1-9][0-9]{0,14}", said["w"])
        if not shaped or (kind.group(1) != "event" and not is_text(said.get("req"))):
            return False
        return "k" not in said or (type(said["k"]) is dict and type(said.get("seal")) is dict)

    # what records say of each other

    def chain_fault(self, said, index, leaf_hash):
        lane, sequence, previous = said["w"], said["wseq"], said["prev"]
        fault = None
        batch = self.batches[index]
        end = self.ends.get(lane)
        if said["rid"] in self.ids:
            fault = f"the record id is also that of index {self.ids[said['rid']]}"
        elif lane.split("/")[0] in self.finished:
            fault = "the writer wrote after its end"
        elif end:
            # Records of one batch name the leaf that the batch follows, not each other.
            last, last_leaf, last_previous, last_batch, skipped = end
            named = previous == (last_previous if batch is not None and batch == last_batch else last_leaf)
            missing = sequence - last - 1
            lacking = missing > 0 and (previous in self.absent or (named and self.may_lack(missing, skipped, batch)))
            if not (missing == 0 and named) and not lacking:
                fault = f"{lane} goes from {end[0]} to {sequence}, or names another record as the one before"
        elif sequence == 1:
            fault = None if previous == NO_PREVIOUS else f"{lane} begins with a record before its first"
        elif self.bundle.start == 0 and previous not in self.absent and not (
                previous == NO_PREVIOUS and self.may_lack(sequence - 1, 0, batch)):
            fault = f"{lane} begins at {sequence}: what it wrote before is missing"
        self.ends[lane] = (sequence, leaf_hash, previous, batch, self.skipped)
        self.ids[said["rid"]] = index
        fields = said.get("fields")
        if said["_t"][5:-2] == "event" and said.get("name") in ("writer.closed", "writer.lost"):
            if type(fields) is dict and is_text(fields.get("w")):
                self.finished[fields["w"]] = index
        return fault

    def may_lack(self, missing, skipped, batch):
        """Those that lack between records of a batch must at least be as many as leaves are absent since."""
        return batch is not None and self.skipped - skipped >= missing

    def closing_fault(self, said, index, leaf_hash):
        kind = said["_t"][5:-2]
        if kind == "event":
            return None
        if kind == "decision":
            if said.get("effect") not in ("permit", "deny"):
                return "the decision neither permits nor denies"
            self.decisions[leaf_hash] = {
                "index": index, "said": said, "results": [], "windows": [], "dispatches": [], "windows_said": 0}
            return None
        link = said.get("decisionLeaf")
        decision = self.decisions.get(link) if is_text(link) else None
        if decision is None:
            elsewhere = is_text(link) and (self.bundle.start > 0 or link in self.absent)
            return None if elsewhere else f"the {kind} follows no decision of this log"
        if said["req"] != decision["said"]["req"]:
            return f"the {kind} is of another request than its decision"
        if kind == "outcome":
            result, results = said.get("result"), decision["results"]
            if not is_text(result):
                return "the outcome has no result"
            if any((one == "indeterminate") == (result == "indeterminate") for one in results):
                return "the decision was closed before"
            results.append(result)
            response = said.get("response") if type(said.get("response")) is dict else {}
            if is_count(response.get("windows")):
                decision["windows_said"] = response["windows"]
            named = said.get("dispatchLeaves") if type(said.get("dispatchLeaves")) is list else []
            for leaf in named:
                elsewhere = is_text(leaf) and (self.bundle.start > 0 or leaf in self.absent)
                if not elsewhere and leaf not in decision["dispatches"]:
                    return "the outcome names a dispatch that is not in this log"
            return None
        if decision["said"]["effect"] == "deny":
            return f"the {kind} follows a deny"
        if kind == "segment":
            window = tuple(said.get(name) for name in ("window", "from", "to"))
            if not all(map(is_count, window)):
                return "the segment has no window"
            decision["windows"].append(window)
            return None
        decision["dispatches"].append(leaf_hash)
        endpoints = decision["said"].get("endpoints")
        if type(endpoints) is list and said.get("endpoint") not in endpoints:
            return "the dispatch went to an endpoint outside the authorized set"
        return None

    def time_fault(self, said):
        late = said.get("late") is True
        id_time = int(said["rid"].replace("-", "")[:12], 16)
        if abs(id_time - said["ts"]) > TOLERANCE_MS and not late:
            return "its time and the time in its id differ by more than five minutes"
        if said["ts"] < self.newest - TOLERANCE_MS and not late:
            return "it is dated more than five minutes before a record that was there first"
        if said["ts"] > self.bundle.manifest["created"] + TOLERANCE_MS:
            return "it is dated after the bundle was made"
        self.newest = max(self.newest, said["ts"])
        return None

    def disclosure_fault(self, said, index):
        commitments = said.get("k") if type(said.get("k")) is dict else {}
        alone = self.claim(f"sealed/{index}.bin")
        seal = said.get("seal") if type(said.get("seal")) is dict else {}
        for sealed in (alone, self.sealed.get(index)):
            if sealed is not None and hashlib.sha256(sealed).hexdigest() != seal.get("sha256"):
                return "the sealed content is not the one that the leaf names"
        disclosed = self.claim(f"open/{index}.json")
        if disclosed is None:
            return None
        fields = parse_object(disclosed)
        if fields is None:
            return "the disclosed fields are not canonical JSON"
        for name, field in fields.items():
            field = field if type(field) is dict else {}
            salt = base64url(field["salt"]) if is_text(field.get("salt")) else None
            expected = base64url(commitments[name]) if is_text(commitments.get(name)) else None
            if not is_text(field.get("value")) or salt is None or len(salt) != 32 or expected is None:
                return f"the disclosed field {name} is malformed"
            message = b"writ/v1\0" + name.encode() + b"\0" + field["value"].encode()
            if hmac.new(salt, message, hashlib.sha256).digest() != expected:
                return f"the disclosed {name} is not what was committed to"
        return None

    def claim(self, name):
        """The file that stands for one record, now that there is one to compare it with."""
        self.unclaimed.discard(name)
        return self.bundle.files.get(name)

    # what is absent

    def read_gaps(self):
        try:
            gaps = parse(self.bundle.get("gaps.json"))
        except (ValueError, RecursionError):
            gaps = None
        if type(gaps) is not list:
            raise Unreadable(FORMAT, "gaps.json is not a list")
        end = self.bundle.start
        for gap in gaps:
            gap = gap if type(gap) is dict else {}
            whole = is_count(gap.get("from")) and is_count(gap.get("to")) and gap.get("reason") in ("pruned", "withheld")
            whole = whole and ("record" not in gap or is_count(gap["record"]))
            if not whole:
                raise Unreadable(FORMAT, "a range of gaps.json is malformed")
            if gap["from"] < end or gap["to"] <= gap["from"] or gap["to"] > self.bundle.end:
                raise Unreadable(FORMAT, "the ranges of gaps.json overlap or lie outside the export")
            end = gap["to"]
        self.gaps = gaps
        self.allowed = set()
        for gap in gaps:
            self.allowed.update(range(gap["from"], gap["to"]))

    def note(self, said, index):
        fields = said.get("fields")
        if said["_t"][5:-2] != "event" or type(fields) is not dict:
            return
        if said.get("name") == "retention.prune":
            self.prunes[index] = fields
        hold = fields.get("hold")
        if said.get("name") == "hold.placed" and is_text(hold):
            if is_count(fields.get("from")) and is_count(fields.get("to")):
                self.holds[hold] = [index, fields["from"], fields["to"], 2**53]
        if said.get("name") == "hold.released" and is_text(hold) and hold in self.holds:
            self.holds[hold][3] = min(self.holds[hold][3], index)

    def gap_findings(self):
        for gap in self.gaps:
            if gap["reason"] != "pruned":
                continue
            order = self.prunes.get(gap.get("record"), {})
            start, end = order.get("from"), order.get("to")
            if not is_count(start) or not is_count(end) or start > gap["from"] or end < gap["to"]:
                yield RETENTION, gap["from"], "the range was pruned without an order in the log"
                continue
            for placed, held_from, held_to, released in self.holds.values():
                if placed < gap["record"] < released and held_from < gap["to"] and gap["from"] < held_to:
                    yield RETENTION, gap["from"], "the range was pruned under a hold"

    # all of it

    def run(self):
        bundle = self.bundle
        tree = Range(bundle.start, bundle.left)
        for index, leaf_hash, leaf in bundle.leaves():
            tree.push(1, leaf_hash)
            hexed = leaf_hash.hex()
            if leaf and index in self.allowed:
                self.tell(FORMAT, index, "gaps.json says that the leaf is absent, and it is there")
            if not leaf and index not in self.allowed:
                self.tell(GAP, index, "the leaf is missing, and nothing says why")
            said = None
            if leaf and sha256(b"\0" + leaf) != leaf_hash:
                self.tell(PAYLOAD, index, "the record's bytes are not those that the tree holds")
            elif leaf:
                said = self.record(leaf, index)
            if not leaf and index in self.sealed:
                self.tell(PAYLOAD, index, "sealed content stands beside a leaf that is absent")
            if said is None:
                self.absent.add(hexed)
                self.skipped += 1
                continue
            self.examine(said, index, hexed)
        for size, value in zip(bundle.after, bundle.right):
            tree.push(size, value)
        if tree.root() != bundle.root:
            self.tree_findings.append((ROOT, None, "the leaf hashes do not lead to the root that the checkpoint signs"))
        self.cited()
        for name in self.unclaimed:
            self.tell(PAYLOAD, None, f"{name} belongs to no record of this bundle that can be read")
        return self.tree_findings + self.findings + list(self.gap_findings()) + self.open_findings()

    def examine(self, said, index, hexed):
        for code, check in (
            (CHAIN, lambda: self.chain_fault(said, index, hexed)),
            (CLOSING, lambda: self.closing_fault(said, index, hexed)),
            (TIME, lambda: self.time_fault(said)),
            (PAYLOAD, lambda: self.disclosure_fault(said, index)),
        ):
            fault = check()
            if fault is not None:
                self.tell(code, index, fault)
                break
        self.note(said, index)

    def cited(self):
        bundle = self.bundle
        for name, leaf in bundle.files.items():
            match = re.fullmatch(r"records/(0|[1-9][0-9]{0,14})\.jws", name)
            if not match:
                continue
            index = int(match.group(1))
            proof = bundle.files.get(f"proofs/{index}.tlog-proof")
            if proof is None:
                raise Unreadable(FORMAT, f"{name} has no proof")
            head, tail = f"c2sp.org/tlog-proof@v1\nindex {index}\n".encode(), b"\n" + bundle.note.encode()
            root = None
            if proof.startswith(head) and proof.endswith(tail) and len(proof) >= len(head) + len(tail):
                lines = proof[len(head) : len(proof) - len(tail)].decode("latin-1")
                whole = lines == "" or lines.endswith("\n")
                hashes = [base64std(line) for line in lines.split("\n")[:-1]]
                if whole and all(value is not None and len(value) == 32 for value in hashes):
                    root = root_from_proof(index, bundle.size, sha256(b"\0" + leaf), hashes)
            if root != bundle.root:
                self.tell(ROOT, index, "its proof does not lead from the record to the checkpoint")
                continue
            said = self.record(leaf, index)
            if said is not None:
                self.note(said, index)
                fault = self.disclosure_fault(said, index)
                if fault is not None:
                    self.tell(PAYLOAD, index, fault)

    def open_findings(self):
        if self.absent:
            return []
        findings = []
        until = self.bundle.manifest["created"] if self.bundle.end == self.bundle.size else self.newest
        for decision in self.decisions.values():
            missing = missing_window(decision) if "completed" in decision["results"] else None
            if missing is not None:
                findings.append((CLOSING, decision["index"], f"window {missing} of the answer to it is missing"))
            unclosed = decision["said"]["effect"] == "permit" and not decision["results"]
            if unclosed and until - decision["said"]["ts"] > LONGEST_OPEN_MS:
                findings.append((CLOSING, decision["index"], "the permit was never closed by an outcome"))
        return findings


def missing_window(decision):
    """Windows of a completed answer are 1 to n and touch; the outcome itself covers the last."""
    end, windows = 0, sorted(decision["windows"])
    for place, (window, start, stop) in enumerate(windows, 1):
        if window != place or start != end or stop < start:
            return place
        end = stop
    return len(windows) + 1 if len(windows) < decision["windows_said"] - 1 else None


def prepared(data, root_key):
    bundle = Bundle(data, root_key)
    bundle.read_manifest()
    bundle.read_checkpoint(bundle.manifest["created"])
    bundle.read_range()
    said = bundle.manifest
    if (said["from"], said["to"], said["size"], said["origin"]) != (
            bundle.start, bundle.end, bundle.size, bundle.origin):
        raise Unreadable(FORMAT, "the manifest, the range and the checkpoint do not speak of the same log")
    bundle.expect_known_files()
    return bundle


def compare(bundle, data):
    other = Bundle.__new__(Bundle)
    other.files, other.keys = read_tar(data), bundle.keys
    other.read_checkpoint(bundle.manifest["created"])
    other.read_range()
    if other.origin != bundle.origin:
        return [(FORK, None, "the other bundle is of another log")]
    if other.size == bundle.size and other.root != bundle.root:
        return [(FORK, None, f"two roots are signed for the size {bundle.size}")]
    theirs, tree = {}, Range(other.start, other.left)
    for index, leaf_hash, _ in other.leaves():
        theirs[index] = leaf_hash
        tree.push(1, leaf_hash)
    for size, value in zip(other.after, other.right):
        tree.push(size, value)
    if tree.root() != other.root:
        return [(ROOT, None, "the other bundle does not lead to its own checkpoint")]
    for index, leaf_hash, _ in bundle.leaves():
        if theirs.get(index, leaf_hash) != leaf_hash:
            return [(FORK, index, "the other bundle has another leaf here")]
    return []


def compare_pinned(bundle, note):
    parsed = open_note(note)
    keys = [key["public"] for key in bundle.keys if key["use"] == "log"]
    if parsed is None or not is_signed(parsed, keys) or parsed[1] != bundle.origin:
        return [(FORK, None, "the pinned checkpoint is not one of this log")]
    size, root = parsed[2], parsed[3]
    if size > bundle.size:
        return [(FORK, None, f"the log was {size} long and is now {bundle.size}")]
    if bundle.start != 0 or bundle.end < size:
        return []
    tree = Range()
    for index, leaf_hash, _ in bundle.leaves():
        if index < size:
            tree.push(1, leaf_hash)
    return [] if tree.root() == root else [(FORK, None, "the pinned tree is not a stage of this one")]


def hash_findings(bundle):
    for file in bundle.manifest["files"]:
        content = bundle.files[file["name"]]
        if len(content) != file.get("bytes") or hashlib.sha256(content).hexdigest() != file.get("sha256"):
            yield FORMAT, None, f"the file {file['name']} is not the one that the manifest lists"


def verify(data, root_key=None, other=None, policy=None, pinned=None):
    """(exit code, findings)"""
    try:
        bundle = prepared(data, root_key)
        findings = Examiner(bundle).run()
        if other is not None:
            findings += compare(bundle, other)
        if pinned is not None:
            findings += compare_pinned(bundle, pinned)
        findings += epoch_findings(bundle, policy)
        findings += hash_findings(bundle)
    except Unreadable as fault:
        return fault.code, [(fault.code, None, str(fault))]
    if findings:
        return findings[0][0], findings
    return (0 if root_key is not None else UNANCHORED), []


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("bundle")
    parser.add_argument("--root", help="the deployment's root public key, 64 hex digits")
    parser.add_argument("--compare", help="another bundle of the same log")
    parser.add_argument("--policy", help="the witnesses that must have cosigned (C2SP tlog-policy)")
    parser.add_argument("--pinned", help="a checkpoint of this log that was kept")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    root_key = bytes.fromhex(args.root) if args.root else None
    with open(args.bundle, "rb") as file:
        data = file.read()
    other = None
    if args.compare:
        with open(args.compare, "rb") as file:
            other = file.read()
    policy = pinned = None
    if args.policy:
        with open(args.policy, encoding="latin-1") as file:
            policy = Policy(file.read())
    if args.pinned:
        with open(args.pinned, "rb") as file:
            pinned = file.read()
    code, findings = verify(data, root_key, other, policy, pinned)
    if args.json:
        print(json.dumps({"exit": code, "findings": findings[:1000]}))
    else:
        for code_of, index, what in findings[:20]:
            print(f"  [{code_of}] {'' if index is None else f'record #{index}: '}{what}")
        print(f"exit {code}")
    return code


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (OSError, ValueError) as fault:
        print(f"verify.py: {fault}")
        sys.exit(2)
