"""``python -m mlprov``: the command that belongs to this package."""

import os
import sys

from ._program import find


def main():
    program = find()
    if program is None:
        sys.exit("error: there is no mlprov command beside this Python or on the PATH\nhint: pip install mlprov")
    os.execv(program, [program, *sys.argv[1:]])


if __name__ == "__main__":
    main()
