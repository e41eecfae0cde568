import sys

import mlflow
import mlprov

mlflow.set_tracking_uri("sqlite:///" + sys.argv[1])


def train():
    with mlflow.start_run() as theirs:
        mlflow.log_metric("acc", 0.9)
    return mlflow.get_run(theirs.info.run_id)


if sys.argv[2] == "own":
    with mlprov.run("with mlflow") as run:
        theirs = train()
    assert theirs.data.tags["mlprov.run_id"] == run.id, theirs.data.tags
else:
    theirs = train()
print(theirs.info.run_id, theirs.data.tags.get("mlprov.run_id"), theirs.data.tags.get("mlprov.leaf"))
