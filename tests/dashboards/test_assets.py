"""Scripts and styles beside their pages."""

from fastapi import FastAPI
from fastapi.testclient import TestClient

from obsv.dashboards.assets import FIRST, FOLDER, loaded, serve_assets


def test_the_frame_and_the_parts_come_before_pages() -> None:
    """A page's style may say more than that of a component, and its script uses theirs."""
    folders = list(dict.fromkeys(path.parent.name for path in loaded()))
    assert tuple(folders[: len(FIRST)]) == FIRST
    assert folders[len(FIRST) :] == sorted(folders[len(FIRST) :])
    assert len(folders) > 6


def test_in_a_folder_they_come_by_name() -> None:
    """The order of a page's scripts does not matter: they use each other only after all are loaded."""
    names = [path.name for path in loaded() if path.parent.name == "trace" and path.suffix == ".js"]
    assert names == sorted(names)
    assert "trace.js" in names


def test_what_belongs_to_other_pages_is_not_loaded() -> None:
    """The script in the head, and the styles of the form and of the reference."""
    assert not {"boot.js", "login.css", "reference.css"} & {path.name for path in loaded()}


def test_scripts_are_served_and_python_is_not() -> None:
    """Fonts and licences too; nothing above the folder."""
    served = ("shell/boot.js", "shell/icons/up.svg", "shell/fonts/inter.woff2", "shell/fonts/inter.LICENSE.txt")
    assert statuses(served) == [200] * 4
    assert (FOLDER / "app.py").is_file()
    assert statuses(("app.py", "shell/frame.py", "explorer", "%2e%2e/config.py")) == [404] * 4


def statuses(paths: tuple[str, ...]) -> list[int]:
    app = FastAPI()
    serve_assets(app)
    with TestClient(app, base_url="http://127.0.0.1") as client:
        return [client.get(f"/assets/{path}").status_code for path in paths]
