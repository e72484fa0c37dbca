"""Bytes that have one spelling only: canonical JSON (RFC 8785 without floats), base64, and the tar of a bundle."""

import base64
import binascii
import json
import re


class Unreadable(Exception):
    """Nothing further can be read; carries the exit code."""

    def __init__(self, code, what):
        super().__init__(what)
        self.code = code


def base64url(text):
    """The bytes of canonical, unpadded base64url, or None."""
    if not re.fullmatch(r"[A-Za-z0-9_-]*", text):
        return None
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        return None
    return data if base64.urlsafe_b64encode(data).rstrip(b"=").decode() == text else None


def base64std(text):
    """The bytes of canonical, padded base64, or None."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return data if base64.b64encode(data).decode() == text else None


def is_count(value):
    return type(value) is int and 0 <= value < 2**53


def is_text(value):
    return type(value) is str


def _canonical(value):
    if value is None:
        return "null"
    if value is True:
        return "true"
    if value is False:
        return "false"
    if type(value) is int:
        if abs(value) >= 2**53:
            raise ValueError("unsafe integer")
        return str(value)
    if type(value) is str:
        if "\0" in value:
            raise ValueError("NUL")
        value.encode("utf-8")  # a lone surrogate has no UTF-8
        return json.dumps(value, ensure_ascii=False)
    if type(value) is list:
        return "[" + ",".join(map(_canonical, value)) + "]"
    if type(value) is dict:
        names = sorted(value, key=lambda name: name.encode("utf-16-be"))
        return "{" + ",".join(_canonical(name) + ":" + _canonical(value[name]) for name in names) + "}"
    raise ValueError("a float")


def _depth(text):
    depth = deepest = 0
    in_string = escaped = False
    for unit in text:
        if in_string:
            if escaped:
                escaped = False
            elif unit == "\\":
                escaped = True
            elif unit == '"':
                in_string = False
        elif unit == '"':
            in_string = True
        elif unit in "{[":
            depth += 1
            deepest = max(deepest, depth)
        elif unit in "}]":
            depth -= 1
    return deepest


def parse(data):
    """The value of canonical JSON bytes. Raises ValueError for any other bytes."""
    text = data.decode("utf-8")
    if _depth(text) > 64:
        raise ValueError("too deep")
    value = json.loads(text)
    if _canonical(value) != text:
        raise ValueError("not canonical")
    return value


def parse_object(data):
    """A JSON object from canonical bytes, or None."""
    try:
        value = parse(data)
    except (ValueError, RecursionError):
        return None
    return value if type(value) is dict else None


_NAME = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._-]*(?:/[A-Za-z0-9][A-Za-z0-9._-]*)*")


def _header(name, size):
    fields = name.ljust(100, b"\0") + b"0000644\0" + b"0000000\0" + b"0000000\0"
    fields += b"%011o\0" % size + b"00000000000\0"
    tail = b"0" + b"\0" * 100 + b"ustar\x0000"
    tail = tail.ljust(512 - 156, b"\0")
    total = sum(fields) + sum(tail) + 8 * 32
    return fields + b"%06o\0 " % total + tail


def read_tar(data):
    """Name to content, in order. Only the one form of tar that a bundle has."""
    files = {}
    at = 0
    while at + 512 <= len(data):
        header = data[at : at + 512]
        if header == b"\0" * 512:
            break
        name = header[:100].rstrip(b"\0")
        size_text = header[124:136]
        if not re.fullmatch(rb"[0-7]{11}\0", size_text) or not _NAME.fullmatch(name):
            raise Unreadable(20, f"the tar header at byte {at} is not one of a bundle")
        size = int(size_text[:11], 8)
        if header != _header(name, size):
            raise Unreadable(20, f"the tar header at byte {at} is not one of a bundle")
        start, end = at + 512, at + 512 + size
        padded = at + 512 + (size + 511) // 512 * 512
        if padded > len(data) or data[end:padded].strip(b"\0"):
            raise Unreadable(20, f"the file {name.decode()} is cut short or badly padded")
        if name.decode() in files:
            raise Unreadable(20, f"the file {name.decode()} is there twice")
        files[name.decode()] = data[start:end]
        at = padded
    if data[at:] != b"\0" * 1024:
        raise Unreadable(20, "the tar does not end as a bundle does")
    return files
