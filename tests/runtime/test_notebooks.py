"""Functions that are defined in a notebook's cells, by IPython itself."""

from pathlib import Path

from programs import Programs

CELLS = r"""
import os
from pathlib import Path
from IPython.core.interactiveshell import InteractiveShell

shell = InteractiveShell.instance()
def cell(source):
    shell.run_cell(source, store_history=True).raise_error()

cell("import cloudpickle, inspect, obsv")
cell("@obsv.monitor\ndef square(number):\n    return number * number\n")
cell("print(inspect.getsource(square), inspect.getsourcelines(square)[1], square(3))")
cell("print(cloudpickle.loads(cloudpickle.dumps(square))(4))")
cell("@obsv.monitor\ndef half(number):\n    return 1 / number\n")
cell("try:\n    half(0)\nexcept ZeroDivisionError:\n    pass")
cell("@obsv.monitor\nasync def later():\n    return 5\nprint(await later())")
cell("%load_ext autoreload\n%autoreload 2\nfrom rates import Rate, rate\nold = Rate()\nprint(rate(), old.get())")
changed = Path("rates.py")
changed.write_text(changed.read_text().replace("return 1", "return 2"))
os.utime(changed, (2_000_000_000, 2_000_000_000))
cell("print(rate(), old.get())")
"""
RATES = """
import obsv

@obsv.monitor
def rate():
    return 1

class Rate:
    @obsv.monitor
    def get(self):
        return 1
"""


def test_cells(tmp_path: Path) -> None:
    """Source, lines and pickles are a plain function's, `%autoreload` changes it, and a failing line is stored."""
    programs = Programs(tmp_path)
    programs.write("rates.py", RATES)
    programs.write("cells.py", CELLS)
    outcome = programs.plain("cells.py", IPYTHONDIR=str(tmp_path / "ipython"))
    source = "@obsv.monitor\ndef square(number):\n    return number * number\n"
    assert outcome.output == f"{source} 1 9\n16\n5\n1 1\n2 2\n", outcome.errors
    assert programs.rows("process, status, count(*)", "group by process order by process") == [
        ("__main__.half", "ERR", 1),
        ("__main__.later", "OK", 1),
        ("__main__.square", "OK", 2),
        ("rates.Rate.get", "OK", 2),
        ("rates.rate", "OK", 2),
    ]
    ((failure,),) = programs.rows("exception", "where status = 'ERR'")
    assert "return 1 / number" in str(failure)
