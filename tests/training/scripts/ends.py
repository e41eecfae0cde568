import os
import signal
import sys

import mlprov

how = sys.argv[1]
if how == "unclosed":
    mlprov.run("unclosed")
elif how == "ended":
    mlprov.run("ended").end()
elif how == "fork":
    with mlprov.run("fork"):
        if os.fork() == 0:
            sys.exit(0)
        os.wait()
elif how == "fork-exit":
    mlprov.run("fork-exit")
    if os.fork() == 0:
        sys.exit(0)
    os.wait()
    mlprov.active_run().end("COMPLETE")
elif how == "killed":
    mlprov.run("killed")
    os.kill(os.getpid(), signal.SIGKILL)
elif how == "late":
    run = mlprov.run("late")
    run.end()
    run.log_metric("acc", 1)
elif how == "unmet":
    with mlprov.run("unmet", require=["acc > 1"]):
        mlprov.log_metric("acc", 1)
else:
    with mlprov.run(how):
        if how == "raised":
            raise ValueError("no")
        if how == "interrupted":
            raise KeyboardInterrupt
        if how == "exit-3":
            sys.exit(3)
        if how == "exit-0":
            sys.exit(0)
        if how == "lost":
            import shutil

            shutil.rmtree(os.environ["MLPROV_RUN_DIR"])
            mlprov.log_metric("acc", 1)
