"""Says for each line of standard input, base64 of some bytes, whether they are canonical JSON: 1 or 0."""

import base64
import sys

from strict import parse


def main():
    for line in sys.stdin:
        try:
            parse(base64.b64decode(line))
            print(1)
        except (ValueError, RecursionError):
            print(0)


if __name__ == "__main__":
    main()
