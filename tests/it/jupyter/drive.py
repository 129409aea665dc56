"""Uses Jupyter as notebooks and programs do, for the tests. Prints JSON.

drive.py run KERNEL CODE             start a kernel with jupyter_client, run the code, print its text output
drive.py start URL TOKEN KERNEL      start a kernel over REST, print its id
drive.py restart|stop URL TOKEN ID   restart or end it over REST
drive.py server URL TOKEN NAME       have JupyterHub start a person's server, print its address
drive.py ask ID CODE                 run code in a kernel that a server started
drive.py specs URL TOKEN             the kernelspecs as the browser gets them
drive.py nbclient|papermill KERNEL CODE   run a notebook of one cell
drive.py life URL TOKEN KERNEL LANG  interrupt, restart, kill and end a kernel, and say how it took that
drive.py listings COUNT              list kernelspecs until stdin ends, at least COUNT times
"""

import json
import sys
import threading
import urllib.request


def rest(url, token, path, method="GET", body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url + path, data, {"Authorization": "token " + token}, method=method)
    with urllib.request.urlopen(request, timeout=60) as answer:
        text = answer.read()
    return json.loads(text) if text else None


def output(client, code):
    texts = []

    def hook(message):
        content = message["content"]
        if message["msg_type"] == "stream" and content["name"] == "stdout":
            texts.append(content["text"])
        elif message["msg_type"] == "error":
            texts.append("ERROR " + content["evalue"])

    # a slow start looks like a dead kernel
    patiently(lambda: client.wait_for_ready(timeout=60))
    client.execute_interactive(code, timeout=60, output_hook=hook)
    return "".join(texts)


def run(kernel, code):
    from jupyter_client.manager import start_new_kernel

    manager, client = start_new_kernel(kernel_name=kernel, startup_timeout=60)
    try:
        return output(client, code)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def start(url, token, kernel):
    return rest(url, token, "api/kernels", "POST", {"name": kernel})["id"]


def server(hub, token, name):
    path = "hub/api/users/" + name
    rest(hub, token, path, "POST")
    rest(hub, token, path + "/server", "POST", {})

    def ready():
        assert rest(hub, token, path)["servers"][""]["ready"]

    patiently(ready)
    return hub + "user/" + name + "/"


def restart(url, token, kernel_id):
    rest(url, token, "api/kernels/" + kernel_id + "/restart", "POST", {})


def stop(url, token, kernel_id):
    rest(url, token, "api/kernels/" + kernel_id, "DELETE")


def specs(url, token):
    return rest(url, token, "api/kernelspecs")["kernelspecs"]


def ask(kernel_id, code):
    from jupyter_client.blocking import BlockingKernelClient
    from jupyter_core.paths import jupyter_runtime_dir

    client = BlockingKernelClient(connection_file=jupyter_runtime_dir() + "/kernel-" + kernel_id + ".json")
    client.load_connection_file()
    client.start_channels()
    try:
        return output(client, code)
    finally:
        client.stop_channels()


def notebook(kernel, code):
    import nbformat

    cell = nbformat.v4.new_code_cell(code)
    spec = {"name": kernel, "display_name": kernel, "language": "python"}
    return nbformat.v4.new_notebook(cells=[cell], metadata={"kernelspec": spec})


def texts(result):
    outputs = [output for cell in result.cells for output in cell.get("outputs", [])]
    return "".join(output.get("text", "") for output in outputs if output.output_type == "stream")


def nbclient(kernel, code):
    from nbclient import NotebookClient

    book = notebook(kernel, code)
    NotebookClient(book, timeout=60).execute()
    return texts(book)


def papermill(kernel, code):
    import nbformat
    import papermill as pm

    nbformat.write(notebook(kernel, code), "in.ipynb")
    return texts(pm.execute_notebook("in.ipynb", "out.ipynb", progress_bar=False))


CODE = {
    "python": {
        "set": "x = 41 + 1",
        "get": "print(x)",
        "pid": "import os; print(os.getpid())",
        "wait": "print('waiting', flush=True)\nimport time; time.sleep(100)",
        "credential": "import os; p = os.environ['GOOGLE_APPLICATION_CREDENTIALS']; print(p + ' ' + open(p).read())",
    },
    "r": {
        "set": "x <- 41 + 1",
        "get": "cat(x)",
        "pid": "cat(Sys.getpid())",
        "wait": "cat('waiting\\n'); flush.console(); Sys.sleep(100)",
        "credential": "p <- Sys.getenv('GOOGLE_APPLICATION_CREDENTIALS'); cat(p, readLines(p, warn = FALSE))",
    },
}


def patiently(what, seconds=60):
    """Tries until it works: a kernel that is being restarted doesn't answer yet."""
    import time

    ends = time.monotonic() + seconds
    while True:
        try:
            return what()
        except Exception:
            if time.monotonic() > ends:
                raise
            time.sleep(0.1)


def is_gone(pid):
    import os

    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    raise TimeoutError(f"process {pid} is still there")


def interrupted(url, token, kernel_id, code):
    """Interrupts the code when it has begun; says whether the kernel gave up on it at once."""
    from jupyter_client.blocking import BlockingKernelClient
    from jupyter_core.paths import jupyter_runtime_dir

    client = BlockingKernelClient(connection_file=jupyter_runtime_dir() + "/kernel-" + kernel_id + ".json")
    client.load_connection_file()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        request = client.execute(code)
        while True:
            message = client.get_iopub_msg(timeout=60)
            if message["msg_type"] == "stream" and "waiting" in message["content"]["text"]:
                break
        rest(url, token, "api/kernels/" + kernel_id + "/interrupt", "POST", {})
        while True:
            reply = client.get_shell_msg(timeout=60)
            if reply["parent_header"].get("msg_id") == request:
                return True
    finally:
        client.stop_channels()


def life(url, token, kernel, language):
    import os
    import signal

    code = CODE[language]
    found = {}
    kernel_id = start(url, token, kernel)

    def pid():
        return int(ask(kernel_id, code["pid"]))

    first = patiently(pid)
    ask(kernel_id, code["set"])
    found["interrupted"] = interrupted(url, token, kernel_id, code["wait"])
    found["state kept"] = ask(kernel_id, code["get"]).strip() == "42" and pid() == first
    found["credential"] = ask(kernel_id, code["credential"]).replace(str(first), "PID")

    restart(url, token, kernel_id)
    second = patiently(pid)
    found["restarted"] = second != first and patiently(lambda: is_gone(first))
    os.kill(second, signal.SIGKILL)

    def other():
        answer = pid()
        assert answer != second
        return answer

    third = patiently(other)
    found["restarted after SIGKILL"] = third != second
    found["credential again"] = "refresh_token" in ask(kernel_id, code["credential"])
    stop(url, token, kernel_id)
    found["gone when shut down"] = patiently(lambda: is_gone(third))
    return found


def orphan(url, token, kernel, server):
    """Kills the server; says whether its Python kernel goes, too."""
    import os
    import signal

    kernel_id = start(url, token, kernel)
    pid = int(ask(kernel_id, CODE["python"]["pid"]))
    os.kill(int(server), signal.SIGKILL)
    return patiently(lambda: is_gone(pid))


def listings(least):
    """How often python3 was listed whole, and how often not."""
    from jupyter_client.kernelspec import KernelSpecManager

    ended = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    manager = KernelSpecManager()
    good = bad = changed = 0
    while not ended.is_set() or good + bad < int(least):
        spec = manager.get_all_specs().get("python3", {}).get("spec", {})
        whole = spec.get("display_name") == "native"
        good += whole
        bad += not whole
        changed += "BQCRED_PROFILE" in spec.get("env", {})
    return {"good": good, "bad": bad, "changed": changed}


verb, *rest_of_line = sys.argv[1:]
print(json.dumps(globals()[verb](*rest_of_line)))
