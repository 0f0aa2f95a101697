"""Programs of green threads: nothing of obsv stops their hub, and every call is stored."""

from pathlib import Path

import pytest
from programs import Programs

GEVENT = "from gevent import monkey\nmonkey.patch_all()\nimport gevent\npause = gevent.sleep\n"
EVENTLET = (
    "import warnings\nwarnings.simplefilter('ignore')\nimport eventlet\n"
    "eventlet.monkey_patch()\npause = eventlet.sleep\n"
)
OBSV = "import obsv\nmonitor = obsv.monitor\n"
WORK = """
@monitor
def inner(number):
    pause(0)
    return number

@monitor
def main():
    {spawn}
"""
ALL = {
    GEVENT: "print(sum(job.value for job in gevent.joinall([gevent.spawn(inner, number) for number in range(50)])))",
    EVENTLET: "print(sum(eventlet.GreenPool(50).imap(inner, range(50))))",
}


@pytest.mark.parametrize("patch", ALL, ids=["gevent", "eventlet"])
@pytest.mark.parametrize("order", ["patched first", "imported first", "configured first"])
def test_patched_programs(tmp_path: Path, patch: str, order: str) -> None:
    """Patched before or after obsv is imported and started; many green threads make the first call at once."""
    programs = Programs(tmp_path)
    start = {
        "patched first": patch + OBSV,
        "imported first": OBSV + patch,
        "configured first": OBSV + "obsv.configure()\n" + patch,
    }[order]
    begin = "main()\n" if order == "patched first" else f"{ALL[patch]}\n"
    source = start + WORK.format(spawn=ALL[patch]) + begin
    programs.write("green.py", source)
    outcome = programs.plain("green.py")
    assert outcome.output == "1225\n", outcome.errors
    expected = [("__main__.inner", 50)] + ([("__main__.main", 1)] if order == "patched first" else [])
    assert programs.rows("process, count(*)", "group by process order by process") == expected


@pytest.mark.parametrize("patch", ALL, ids=["gevent", "eventlet"])
def test_undecorated_programs(tmp_path: Path, patch: str) -> None:
    """Under `obsv run`."""
    programs = Programs(tmp_path)
    programs.write("green.py", patch + WORK.format(spawn=ALL[patch]).replace("@monitor", "") + "main()\n")
    outcome = programs.recorded("green.py")
    assert outcome.output == "1225\n", outcome.errors
    assert programs.rows("process, count(*)", "group by process order by process") == [
        ("__main__.inner", 50),
        ("__main__.main", 1),
    ]
