"""Tells MLflow which mlprov run its runs belong to: the tags ``mlprov.run_id`` and ``mlprov.leaf``.

MLflow finds it by the entry point ``mlflow.run_context_provider``; nothing needs to be imported.
"""

import atexit

from mlflow.tracking.context.abstract_context import RunContextProvider

from . import _run

_known = set()


class Context(RunContextProvider):
    """Tags of MLflow runs that are made while an mlprov run goes on."""

    def in_context(self):
        return _run.active_run() is not None

    def tags(self):
        run = _run.active_run()
        # One that goes on around this process does not know when it ends.
        if run.id not in _known:
            _known.add(run.id)
            atexit.register(_run._note_mlflow, run)
        return {"mlprov.run_id": run.id, "mlprov.leaf": run.leaf or ""}
