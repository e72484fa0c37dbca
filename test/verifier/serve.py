"""Verifies bundle after bundle for the mutation tests.

Reads frames from standard input: the length of the bundle and of the other bundle (0 for none), four bytes each, big
endian, then both. Answers each with one line: the exit code, or `crash` and the exception.
"""

import sys

from verify import verify


def main():
    root_key = bytes.fromhex(sys.argv[1])
    stream = sys.stdin.buffer
    while len(lengths := stream.read(8)) == 8:
        size, other_size = int.from_bytes(lengths[:4], "big"), int.from_bytes(lengths[4:], "big")
        data, other = stream.read(size), stream.read(other_size) if other_size else None
        try:
            print(verify(data, root_key, other)[0], flush=True)
        except Exception as fault:  # a crash is what the tests look for
            print(f"crash {type(fault).__name__}: {fault}".replace("\n", " "), flush=True)


if __name__ == "__main__":
    main()
