"""Verifies bundle after bundle for the mutation tests.

Reads frames from standard input: the lengths of the bundle, of another bundle, of a policy and of a pinned checkpoint (0
for none), four bytes each, big endian, then all four. Answers each with one line: the exit code, or `crash` and the exception.
"""

import sys

from verify import verify
from witnesses import Policy


def main():
    root_key = bytes.fromhex(sys.argv[1])
    stream = sys.stdin.buffer
    while len(lengths := stream.read(16)) == 16:
        sizes = [int.from_bytes(lengths[at : at + 4], "big") for at in (0, 4, 8, 12)]
        data, other, policy, pinned = (stream.read(size) if size else None for size in sizes)
        try:
            demanded = Policy(policy.decode("latin-1")) if policy else None
            print(verify(data or b"", root_key, other, demanded, pinned)[0], flush=True)
        except Exception as fault:  # a crash is what the tests look for
            print(f"crash {type(fault).__name__}: {fault}".replace("\n", " "), flush=True)


if __name__ == "__main__":
    main()
