"""Starts a real Jupyter server, opens a session for a notebook as its front end does, and runs its cells."""

import json
import os
import subprocess
import sys
import time
import urllib.request

from jupyter_client import BlockingKernelClient

path, token, runtime = sys.argv[1], "test", os.environ["JUPYTER_RUNTIME_DIR"]
server = subprocess.Popen(
    [sys.executable, "-m", "jupyter_server", "--ip=127.0.0.1", "--port=0", "--no-browser", "--allow-root",
     f"--IdentityProvider.token={token}"],
    stderr=subprocess.DEVNULL,
)  # fmt: skip
try:
    deadline = time.time() + 60
    found = os.path.join(runtime, f"jpserver-{server.pid}.json")
    while not os.path.exists(found) or not open(found).read():
        assert time.time() < deadline and server.poll() is None, "the server did not start"
        time.sleep(0.1)
    url = json.load(open(found))["url"]

    def call(method, place, body=None):
        request = urllib.request.Request(url + place, method=method, headers={"Authorization": f"token {token}"})
        request.data = json.dumps(body).encode() if body else None
        return json.loads(urllib.request.urlopen(request).read() or "null")

    session = call(
        "POST",
        "api/sessions",
        {"path": path, "name": os.path.basename(path), "type": "notebook", "kernel": {"name": "python3"}},
    )
    kernel = session["kernel"]["id"]
    connection = os.path.join(runtime, f"kernel-{kernel}.json")
    client = BlockingKernelClient(connection_file=connection)
    client.load_connection_file()
    client.start_channels()
    client.wait_for_ready(timeout=60)
    for cell in json.load(open(path))["cells"]:
        reply = client.execute_interactive("".join(cell["source"]), timeout=60)
        print(reply["content"]["status"], reply["content"].get("evalue", ""))
    client.stop_channels()
    call("DELETE", f"api/sessions/{session['id']}")
finally:
    server.terminate()
    server.wait(30)
