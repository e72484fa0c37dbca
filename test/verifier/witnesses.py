"""C2SP tlog-policy and cosignature/v1: which witnesses the verifier demands, and whether they signed."""

import hashlib
import re

from strict import base64std

COSIGNATURE = b"\4"


def _vkey(text):
    """(key name, public key) of a vkey of type 0x04, or None."""
    match = re.fullmatch(r"([^+\s]+)\+([0-9a-f]{8})\+(\S+)", text)
    blob = base64std(match.group(3)) if match else None
    if blob is None or len(blob) != 33 or blob[:1] != COSIGNATURE:
        return None
    name, key = match.group(1), blob[1:]
    return (name, key) if key_id(name, key).hex() == match.group(2) else None


def key_id(name, key):
    return hashlib.sha256(name.encode() + b"\n" + COSIGNATURE + key).digest()[:4]


class Policy:
    """Raises ValueError for a text that is not exactly a policy."""

    def __init__(self, text):
        self.witnesses, self.rules, self.members, self.quorum = [], {}, set(), None
        for line in text.split("\n"):
            words = [word for word in re.split("[ \t]+", line) if word]
            if not words or words[0].startswith("#") or words[0] == "log":
                continue
            if len(words) < 2:
                raise ValueError("a line cut short")
            getattr(self, "_" + words[0] if words[0] in ("witness", "group", "quorum") else "_unknown")(words[1:])
        if self.quorum is None:
            raise ValueError("no quorum")

    def _unknown(self, _):
        raise ValueError("a word of its own")

    def _name(self, name, rule):
        if name in self.rules or name == "none":
            raise ValueError("a name twice")
        self.rules[name] = rule

    def _witness(self, words):
        known = _vkey(words[1]) if len(words) in (2, 3) else None
        if known is None or any(known[0] == one[0] or known[1] == one[1] for one in self.witnesses):
            raise ValueError("a witness that cannot be used")
        self.witnesses.append(known)
        self._name(words[0], lambda seen: known[0] in seen)

    def _group(self, words):
        name, threshold, parts = words[0], words[1] if len(words) > 1 else "", words[2:]
        if not parts or len(set(parts)) != len(parts) or any(p in self.members or p not in self.rules for p in parts):
            raise ValueError("a group that cannot be used")
        needed = {"all": len(parts), "any": 1}.get(threshold)
        if needed is None:
            needed = int(threshold) if re.fullmatch("[1-9][0-9]{0,3}", threshold) else 0
        if not 1 <= needed <= len(parts):
            raise ValueError("a threshold that cannot be used")
        self.members.update(parts)
        rules = [self.rules[part] for part in parts]
        self._name(name, lambda seen: sum(rule(seen) for rule in rules) >= needed)

    def _quorum(self, words):
        if self.quorum is not None or len(words) != 1:
            raise ValueError("not one quorum")
        self.quorum = (lambda seen: True) if words[0] == "none" else self.rules.get(words[0])
        if self.quorum is None:
            raise ValueError("an unknown quorum")

    def cosigners(self, body, signatures, signature_holds):
        """Names of the witnesses that cosigned the text of a note."""
        found = set()
        for name, key in self.witnesses:
            for signer, kid, blob in signatures:
                if signer != name or kid != key_id(name, key) or len(blob) != 72:
                    continue
                seconds = int.from_bytes(blob[:8], "big")
                message = f"cosignature/v1\ntime {seconds}\n{body}".encode()
                if seconds < 2**53 and signature_holds(key, message, blob[8:]):
                    found.add(name)
        return found
