"""Runs cells in a real kernel and prints what they print, errors included.

Arguments: the kernel's name, and the cells.
"""
import sys

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

kernel, *cells = sys.argv[1:]
notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
client = NotebookClient(notebook, kernel_name=kernel, timeout=100)
failed = False
try:
    client.execute()
except CellExecutionError as error:
    failed = True
    print(f"{error.ename}: {error.evalue}", file=sys.stderr)
for cell in notebook.cells:
    for output in cell.get("outputs", []):
        if output.output_type == "stream":
            stream = sys.stdout if output.name == "stdout" else sys.stderr
            print(output.text, end="", file=stream)
sys.exit(1 if failed else 0)
