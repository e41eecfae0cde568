"""Which notebook runs, as far as its front end says."""

import os
import sys


def shell():
    """IPython's shell, or None outside of it."""
    module = sys.modules.get("IPython")
    return module.get_ipython() if module is not None else None


def path():
    """Path of the notebook that runs; None if none does, or nobody says which.

    VS Code sets ``__vsc_ipynb_file__``, Jupyter Server (>= 2) JPY_SESSION_NAME in the environment, papermill (with
    ``--inject-paths``) ``PAPERMILL_INPUT_PATH``.
    """
    ours = shell()
    if ours is None or not hasattr(ours, "kernel"):
        return None
    names = ours.user_ns
    told = names.get("__vsc_ipynb_file__") or names.get("PAPERMILL_INPUT_PATH") or os.environ.get("JPY_SESSION_NAME")
    # What is no path is the name that a session has without a notebook.
    return os.path.abspath(told) if told and str(told).endswith(".ipynb") and os.path.isfile(told) else None


def runs():
    """Whether this is a notebook's kernel."""
    return hasattr(shell(), "kernel")


def last_cell_failed():
    """Whether the cell that ran last ended with an error."""
    ours = shell()
    return ours is not None and getattr(ours, "last_execution_succeeded", True) is False
