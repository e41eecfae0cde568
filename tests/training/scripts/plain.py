import os
import subprocess
import sys

import mlprov

with mlprov.run("plain", inputs=["data"], outputs=["model.txt"], set_params={"lr": 0.5}, require=["acc >= 0.9"]) as run:
    assert mlprov.active_run() is run and os.environ["MLPROV_RUN_ID"] == run.id
    assert open("params.yaml").read() == "lr: 0.5\n"
    mlprov.log_params({"layers": [64, 32], "opt": {"name": "adam", "eps": 1e-8}, "where": run})
    for step, acc in enumerate([0.5, float("nan"), 0.95]):
        mlprov.log_metric("acc", acc, step)
    mlprov.log_metrics({"n": True, "big": 2**40})
    mlprov.log_note("told")
    # A child of this process adds to the same run; a run inside it names it as its parent.
    subprocess.run([sys.executable, "-c", "import mlprov; mlprov.log_param('child', 1)"], check=True)
    with mlprov.run("inner", nested=True) as inner:
        assert inner.id != run.id and mlprov.active_run() is inner
    with mlprov.run() as same:
        assert same.id == run.id
    assert mlprov.active_run() is run
    open("model.txt", "w").write("model\n")
    open("extra.txt", "w").write("extra\n")
    run.log_output("extra.txt")
assert mlprov.active_run() is None and "MLPROV_RUN_ID" not in os.environ
