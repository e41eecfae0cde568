"""The mlprov command: where it is, and calls of it."""

import json
import os
import shutil
import subprocess
import sysconfig


def find():
    """Path of the command, or None: the one installed with this package, else the first on the PATH."""
    beside = os.path.join(sysconfig.get_path("scripts"), "mlprov")
    return shutil.which(beside) or shutil.which("mlprov")


class Failed(Exception):
    """The command ended badly: its exit code, what it said, and its document if it has one."""

    def __init__(self, code, said, document):
        super().__init__(said)
        self.code, self.document = code, document


def call(program, *arguments):
    """Its one JSON document. Raises Failed."""
    done = subprocess.run(
        [program, "--json", "--no-progress", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
    )
    if done.returncode != 0:
        said = done.stderr.strip()
        said = said[len("Error: ") :] if said.startswith("Error: ") else said
        raise Failed(done.returncode, said, json.loads(done.stdout or "{}"))
    return json.loads(done.stdout)
