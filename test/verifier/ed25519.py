"""Ed25519 verification after RFC 8032, section 5.1, on Python integers: slow, short, and nobody else's code."""

import hashlib

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)


def _recover_x(y, sign):
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P != 0:
        x = x * ROOT_OF_MINUS_ONE % P
    if (x * x - square) % P != 0 or (x == 0 and sign):
        return None
    return P - x if x & 1 != sign else x


def _decode(text):
    y = int.from_bytes(text, "little")
    sign = y >> 255
    y &= (1 << 255) - 1
    if y >= P:
        return None
    x = _recover_x(y, sign)
    return None if x is None else (x, y, 1, x * y % P)


def _encode(point):
    x, y, z, _ = point
    inverse = pow(z, P - 2, P)
    x, y = x * inverse % P, y * inverse % P
    return (y | ((x & 1) << 255)).to_bytes(32, "little")


def _add(one, other):
    a = (one[1] - one[0]) * (other[1] - other[0]) % P
    b = (one[1] + one[0]) * (other[1] + other[0]) % P
    c = 2 * one[3] * other[3] * D % P
    d = 2 * one[2] * other[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


_Y = 4 * pow(5, P - 2, P) % P
_X = _recover_x(_Y, 0)
BASE = (_X, _Y, 1, _X * _Y % P)
NEUTRAL = (0, 1, 1, 0)


def _table(point):
    """For each of 64 places of a scalar in base 16, the 16 multiples that a digit there can mean."""
    rows = []
    for _ in range(64):
        row = [NEUTRAL]
        for _ in range(15):
            row.append(_add(row[-1], point))
        rows.append(row)
        point = _add(row[-1], point)
    return rows


def _times(scalar, table):
    result = NEUTRAL
    for row in table:
        digit = scalar & 15
        if digit:
            result = _add(result, row[digit])
        scalar >>= 4
    return result


_BASE_TABLE = _table(BASE)
_minus_tables = {}  # of the few keys of a log; None for bytes that are no point


def _minus_table(public_key):
    if public_key not in _minus_tables:
        if len(_minus_tables) >= 256:
            _minus_tables.clear()
        point = _decode(public_key)
        _minus_tables[public_key] = point and _table((P - point[0], point[1], 1, P - point[3]))
    return _minus_tables[public_key]


def verify(public_key, message, signature):
    """True when the signature is one of the 32-byte public key over the message."""
    if len(public_key) != 32 or len(signature) != 64:
        return False
    table = _minus_table(public_key)
    scalar = int.from_bytes(signature[32:], "little")
    if table is None or scalar >= L:
        return False
    challenge = hashlib.sha512(signature[:32] + public_key + message).digest()
    challenge = int.from_bytes(challenge, "little") % L
    return _encode(_add(_times(scalar, _BASE_TABLE), _times(challenge, table))) == signature[:32]
