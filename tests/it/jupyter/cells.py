"""Runs cells in a real kernel as a front end does, and saves the notebook as a front end does.

cells.py KERNEL NOTEBOOK

Each line on stdin is a JSON object: `code`, and `answer`, which is given when the cell asks for something.
Without `answer` the cell can't ask, as in papermill. With `dialogue` each question is told on stdout at once, with what
the cell shows by then, and the next line on stdin answers it. Each line on stdout tells how the cell went. When stdin
ends, the notebook is saved. What the kernel itself says goes to kernel.log beside the notebook.
"""

import json
import os
import sys

import nbformat
from jupyter_client.manager import start_new_kernel
from jupyter_core.utils import ensure_async

kernel, path = sys.argv[1:]
notebook = nbformat.v4.new_notebook(metadata={"kernelspec": {"name": kernel, "display_name": kernel}})


class Cell:
    def __init__(self, code):
        self.cell = nbformat.v4.new_code_cell(code)
        self.displays = {}
        self.told = {"stdout": "", "stderr": "", "html": "", "error": "", "asked": []}
        notebook.cells.append(self.cell)

    def show(self, message):
        kind, content = message["msg_type"], message["content"]
        if kind in ("stream", "error", "display_data", "execute_result"):
            self.cell.outputs.append(nbformat.v4.output_from_msg(message))
        if kind == "stream":
            self.told[content["name"]] += content["text"]
        elif kind == "error":
            self.told["error"] += content["ename"] + ": " + content["evalue"]
            self.told["stderr"] += "\n".join(content["traceback"])
        elif kind in ("display_data", "execute_result"):
            self.told["html"] += content["data"].get("text/html", "")
            self.told["stdout"] += content["data"].get("text/plain", "") + "\n"
            self.displays[content.get("transient", {}).get("display_id")] = self.cell.outputs[-1]
        elif kind == "update_display_data":
            self.displays[content["transient"]["display_id"]].data = nbformat.from_dict(content["data"])
        elif kind == "clear_output":
            self.cell.outputs.clear()

    def ask(self, client, answer):
        async def asked(message):
            content = message["content"]
            self.told["asked"].append(content)
            given = answer
            if given is None:
                # the question may overtake the address, which comes on another channel
                while "http" not in self.told["stdout"]:
                    self.show(await ensure_async(client.iopub_channel.get_msg(timeout=60)))
                print(json.dumps(self.told), flush=True)
                given = json.loads(sys.stdin.readline())
            # a front end keeps the prompt, and what was typed unless that is hidden
            typed = "·" * 8 if content["password"] else given
            text = content["prompt"] + typed + "\n"
            self.cell.outputs.append(nbformat.v4.new_output("stream", name="stdout", text=text))
            client.input(given)

        return asked


def run(client, code, answer=None, dialogue=False):
    cell = Cell(code)
    asked = cell.ask(client, answer) if dialogue or answer is not None else None
    try:
        reply = client.execute_interactive(
            code, allow_stdin=asked is not None, output_hook=cell.show, stdin_hook=asked, timeout=60
        )["content"]
        # IPython only prints a UsageError
        if reply["status"] == "error" and not cell.told["error"]:
            cell.told["error"] = reply["ename"] + ": " + reply["evalue"]
    except TimeoutError:
        cell.told["error"] = "it hangs"
    return cell.told


with open(os.path.join(os.path.dirname(path), "kernel.log"), "ab") as log:
    manager, client = start_new_kernel(kernel_name=kernel, startup_timeout=100, stdout=log, stderr=log)
try:
    for line in sys.stdin:
        print(json.dumps(run(client, **json.loads(line))), flush=True)
    nbformat.write(notebook, path)
finally:
    client.stop_channels()
    manager.shutdown_kernel(now=True)
