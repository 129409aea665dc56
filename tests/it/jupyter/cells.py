"""Runs cells in a real kernel as a front end does, and saves the notebook as a front end does.

cells.py KERNEL NOTEBOOK

Each line on stdin is a JSON object: `code`, and `answer`, which is given when the cell asks for something.
Without `answer` the cell can't ask, as in papermill. Each line on stdout tells how the cell went. When stdin
ends, the notebook is saved.
"""

import json
import sys

import nbformat
from jupyter_client.manager import start_new_kernel

kernel, path = sys.argv[1:]
notebook = nbformat.v4.new_notebook(metadata={"kernelspec": {"name": kernel, "display_name": kernel}})


def run(client, code, answer):
    cell = nbformat.v4.new_code_cell(code)
    notebook.cells.append(cell)
    told = {"stdout": "", "stderr": "", "error": "", "asked": []}

    def show(message):
        kind, content = message["msg_type"], message["content"]
        if kind in ("stream", "error", "display_data", "execute_result"):
            cell.outputs.append(nbformat.v4.output_from_msg(message))
        if kind == "stream":
            told[content["name"]] += content["text"]
        elif kind == "error":
            told["error"] += content["ename"] + ": " + content["evalue"]

    def asked(message):
        content = message["content"]
        told["asked"].append(content)
        # a front end keeps the prompt, and what was typed unless that is hidden
        typed = "·" * 8 if content["password"] else answer
        text = content["prompt"] + typed + "\n"
        cell.outputs.append(nbformat.v4.new_output("stream", name="stdout", text=text))
        client.input(answer)

    may_ask = answer is not None
    try:
        client.execute_interactive(
            code, allow_stdin=may_ask, output_hook=show, stdin_hook=asked if may_ask else None, timeout=60
        )
    except TimeoutError:
        told["error"] = "it hangs"
    return told


# the kernel's own stdout isn't ours
manager, client = start_new_kernel(kernel_name=kernel, startup_timeout=100, stdout=sys.stderr)
try:
    for line in sys.stdin:
        cell = json.loads(line)
        print(json.dumps(run(client, cell["code"], cell.get("answer"))), flush=True)
    nbformat.write(notebook, path)
finally:
    client.stop_channels()
    manager.shutdown_kernel(now=True)
