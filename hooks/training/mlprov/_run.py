"""Runs: one's own, or the one that this process runs in.

What is logged is a line in ``logged.jsonl`` of the run's directory; mlprov reads it when the run ends. No process is
started for it.
"""

import atexit
import dataclasses
import json
import math
import os
import sys
import warnings

from . import _notebook, _program

_active = []


class Error(Exception):
    """A run could not be begun, ended, or recorded as it was."""


def run(
    name=None,
    *,
    inputs=(),
    outputs=(),
    metrics=(),
    params=(),
    set_params=None,
    model=None,
    model_group=None,
    require=(),
    require_clean=False,
    sweep=None,
    rehash=False,
    nested=False,
    required=False,
):
    """Begins a run, and returns it; as a context manager it ends it, too. The arguments are those of ``mlprov run``.

    Below ``mlprov run``, and inside another run of this process, it is that run, and stays open at the end of the block;
    ``nested=True`` makes a run of its own that names the other as its parent. Of a distributed job only rank 0 records.

    Without ``with``, a notebook's run ends with its kernel: FAIL if the last cell failed, else COMPLETE. That of a script
    ends as UNKNOWN unless ``end()`` is called: nobody sees its exit code.

    Where there is no mlprov command or no project, nothing is recorded; with ``required=True`` Error is raised. Error is
    raised as well if the run's beginning cannot be recorded.
    """
    program = _program.find()
    missing = None
    if program is None:
        missing = "there is no mlprov command"
    elif not _in_project():
        missing = "this is no mlprov project: mlprov init"
    if missing and required:
        raise Error(missing)
    if missing or _rank() != 0:
        return Run(None, None, None, own=False)
    around = active_run()
    if around is not None and not nested:
        declared = (metrics, params, set_params, model, require, require_clean, sweep, rehash, inputs)
        if any(declared):
            warnings.warn(f"run {around.id} goes on already: of what is declared here only outputs count", stacklevel=2)
        joined = Run(program, around.id, around.directory, own=False)
        for output in outputs:
            joined.log_output(output)
        return joined
    arguments = ["run", "begin", "--pid", str(os.getpid())]
    for flag, values in (("-d", inputs), ("-o", outputs), ("-m", metrics), ("-p", params), ("--require", require)):
        values = [values] if isinstance(values, (str, os.PathLike)) else values
        for value in values:
            arguments += [flag, os.fspath(value)]
    for key, value in (set_params or {}).items():
        arguments += ["-S", f"{key}={value if isinstance(value, str) else json.dumps(_plain(value))}"]
    for flag, value in (("-n", name), ("--sweep", sweep), ("--model", model), ("--model-group", model_group)):
        if value is not None:
            arguments += [flag, os.fspath(value)]
    arguments += ["--require-clean"] * bool(require_clean) + ["--rehash"] * bool(rehash)
    try:
        begun = _program.call(program, *arguments)
    except _program.Failed as e:
        raise Error(str(e)) from None
    return Run(program, begun["run"], begun["directory"], own=True, leaf=begun["leaf"])


def active_run():
    """The run that goes on in this process, else the one that it runs in; None if there is neither."""
    if _active:
        return _active[-1]
    here, directory = os.environ.get("MLPROV_RUN_ID"), os.environ.get("MLPROV_RUN_DIR")
    if here and directory and os.path.isdir(directory) and _rank() == 0:
        return Run(_program.find(), here, directory, own=False, join=False)
    return None


class Run:
    """A run. ``id`` is None if nothing is recorded."""

    def __init__(self, program, id, directory, own, leaf=None, join=True):
        self.id = id
        #: Hash of its run.started in the ledger (RFC 6962), in hexadecimal.
        self.leaf = leaf or (os.environ.get("MLPROV_RUN_LEAF") if id else None)
        #: A directory of its own, which goes when it ends.
        self.directory = directory
        self._program, self._own, self._process = program, own, os.getpid()
        self._ended, self._lost, self._before = False, [], {}
        if id is None or not join:
            return
        self._log(interpreter={"path": sys.executable or "python3"})
        if _notebook.runs():
            path = _notebook.path()
            if path is not None:
                self._log(notebook={"path": path})
            else:
                self.log_note("a notebook ran; its front end did not say which")
        _active.append(self)
        if own:
            told = {"MLPROV_RUN_ID": id, "MLPROV_RUN_DIR": directory, "MLPROV_RUN_LEAF": self.leaf}
            self._before = {name: os.environ.get(name) for name in told}
            os.environ.update(told)
            atexit.register(self._at_exit)

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if kind is None:
            self.end()
        elif issubclass(kind, KeyboardInterrupt):
            self._end_quietly("--status", "ABORT")
        elif issubclass(kind, SystemExit):
            code = error.code
            if code is None or code == 0:
                self.end()
            else:
                self._end_quietly("--exit-code", str(code if isinstance(code, int) else 1))
        else:
            self._end_quietly("--status", "FAIL")
        return False

    def log_metric(self, name, value, step=None):
        """A number. Its last value counts; every one is kept."""
        line = {"name": str(name), "value": _number(value)}
        if step is not None:
            line["step"] = int(step)
        self._log(metric=line)

    def log_metrics(self, metrics, step=None):
        for name, value in metrics.items():
            self.log_metric(name, value, step)

    def log_param(self, name, value):
        """Anything that JSON can hold; what is nested gets dotted names."""
        self._log(param={"name": str(name), "value": _plain(value)})

    def log_params(self, params):
        for name, value in _plain(params).items():
            self.log_param(name, value)

    def log_output(self, path):
        """A file or directory that the run makes; it is stored as it lies there when the run ends."""
        self._log(output={"path": os.path.abspath(path)})

    def log_model(self, path, group):
        """The model that the run makes; it is registered in a model package group if the run is COMPLETE."""
        self._log(model={"path": os.path.abspath(path), "group": str(group)})

    def log_note(self, text):
        """A sentence for people."""
        self._log(note={"text": str(text)})

    def log_external_id(self, name, value):
        """What another system calls the run."""
        self._log(externalId={"name": str(name), "value": str(value)})

    def end(self, status=None):
        """Ends it: COMPLETE, FAIL, ABORT or UNKNOWN. Raises Error if that cannot be recorded as it was.

        A run that goes on around this one is left to whoever began it.
        """
        self._end(*(["--status", status] if status else []))

    def _log(self, **line):
        if self.id is None:
            return
        text = json.dumps(line, allow_nan=False) + "\n"
        try:
            if self._ended:
                raise OSError(f"run {self.id} has ended")
            file = os.open(
                os.path.join(self.directory, "logged.jsonl"), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600
            )
            try:
                rest = text.encode("utf-8", "replace")
                while rest:
                    rest = rest[os.write(file, rest) :]
            finally:
                os.close(file)
        except OSError as e:
            # Training goes on; the run will not count as complete.
            if not self._lost:
                warnings.warn(f"mlprov cannot log: {e}", stacklevel=4)
            self._lost.append(str(e))

    def _end(self, *arguments):
        if self in _active:
            _active.remove(self)
        if self.id is None or self._ended:
            return
        if not self._own or self._process != os.getpid():
            self._ended = True
            if self._lost:
                raise Error(f"{len(self._lost)} lines could not be logged: {self._lost[0]}")
            return
        _note_mlflow(self)
        self._ended = True
        atexit.unregister(self._at_exit)
        for name, value in self._before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        if self._lost:
            arguments = ("--status", "FAIL")
        try:
            ended = _program.call(self._program, "run", "end", self.id, *arguments)
        except _program.Failed as e:
            if e.code != 1:
                raise Error(str(e)) from None
            # It is recorded, and not COMPLETE though it ended well.
            raise Error("; ".join([f"run {self.id} is not complete", *e.document.get("notes", [])])) from None
        if self._lost:
            raise Error(f"{len(self._lost)} lines could not be logged: {self._lost[0]}")
        return ended

    def _end_quietly(self, *arguments):
        """The error that ends the block is the one to see."""
        try:
            self._end(*arguments)
        except Error as e:
            warnings.warn(f"mlprov: {e}", stacklevel=3)

    def _at_exit(self):
        if self._process != os.getpid():
            return
        if not _notebook.runs():
            self._end_quietly("--status", "UNKNOWN")
        elif _notebook.last_cell_failed():
            self._end_quietly("--status", "FAIL")
        else:
            self._end_quietly()


def log_metric(name, value, step=None):
    """`Run.log_metric` of the active run."""
    _current().log_metric(name, value, step)


def log_metrics(metrics, step=None):
    """`Run.log_metrics` of the active run."""
    _current().log_metrics(metrics, step)


def log_param(name, value):
    """`Run.log_param` of the active run."""
    _current().log_param(name, value)


def log_params(params):
    """`Run.log_params` of the active run."""
    _current().log_params(params)


def log_output(path):
    """`Run.log_output` of the active run."""
    _current().log_output(path)


def log_model(path, group):
    """`Run.log_model` of the active run."""
    _current().log_model(path, group)


def log_note(text):
    """`Run.log_note` of the active run."""
    _current().log_note(text)


def _current():
    run = active_run()
    if run is not None:
        return run
    if _program.find() is not None and _in_project() and _rank() == 0:
        warnings.warn("no mlprov run is active: this is not recorded", stacklevel=3)
    return Run(None, None, None, own=False)


def _in_project():
    place = os.getcwd()
    while True:
        if os.path.isfile(os.path.join(place, ".mlprov", "config.toml")):
            return True
        above = os.path.dirname(place)
        if above == place or os.path.exists(os.path.join(place, ".git")):
            return False
        place = above


def _rank():
    """This process's rank in a distributed job: torchrun, Slurm's srun, Open MPI."""
    for name in ("RANK", "SLURM_PROCID", "OMPI_COMM_WORLD_RANK"):
        value = os.environ.get(name, "")
        if value.isdigit():
            return int(value)
    return 0


def _note_mlflow(run):
    """What MLflow calls the run, if it was told of ours."""
    mlflow = sys.modules.get("mlflow")
    theirs = mlflow and (mlflow.active_run() or getattr(mlflow, "last_active_run", lambda: None)())
    if theirs and theirs.data.tags.get("mlprov.run_id") == run.id:
        run.log_external_id("mlflow", theirs.info.run_id)


def _number(value):
    if isinstance(value, (bool, int)):
        return int(value)
    value = float(value)
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return value


def _plain(value):
    """What JSON can hold of it."""
    if isinstance(value, (str, bool, int)) or value is None:
        return value
    if isinstance(value, float):
        return _number(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if type(value).__name__ == "Namespace":
        value = vars(value)
    if hasattr(value, "items"):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    # NumPy's and torch's own.
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    return str(value)
