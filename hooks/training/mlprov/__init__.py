"""Records training runs with mlprov, from inside Python.

    import mlprov

    with mlprov.run(inputs=["data"], outputs=["model.pkl"]) as run:
        mlprov.log_params({"lr": 0.01})
        mlprov.log_metric("acc", 0.93)

Below ``mlprov run -- python train.py`` the same lines add to that run. Where there is no mlprov command, or no
project, everything here does nothing: ``required=True`` makes that an error.
"""

from ._run import (
    Error,
    Run,
    active_run,
    log_metric,
    log_metrics,
    log_model,
    log_note,
    log_output,
    log_param,
    log_params,
    run,
)

__all__ = [
    "Error",
    "Run",
    "active_run",
    "log_metric",
    "log_metrics",
    "log_model",
    "log_note",
    "log_output",
    "log_param",
    "log_params",
    "run",
]

Error.__module__ = Run.__module__ = "mlprov"
