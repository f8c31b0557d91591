"""Run by the Python of a Digital Slide Archive: what slicer_cli_web makes of our entry.

python girder_side.py arguments XML LOGIN FILE      what the container would be started with
python girder_side.py progress < OUTPUT             what Girder's job would show and log
"""

from __future__ import annotations

import json
import sys
from pathlib import Path


def arguments(xml: str, login: str, file: str) -> list[str]:
    """Strings as they are; what a worker replaces or fetches, by the name of its class."""
    import cherrypy
    from girder.models.token import Token
    from girder.models.user import User
    from slicer_cli_web.cli_utils import as_model, get_cli_parameters
    from slicer_cli_web.prepare_task import prepare_task

    user = User().findOne({"login": login})
    token = Token().createToken(user)
    cherrypy.request.headers["Girder-Token"] = token["_id"]  # as slicer_cli_web does in batch runs
    form = {"inputImageFile": file, "analysis_roi": "[100, 50, 400, 300]", "threshold": "0.5"}
    form |= {"model": "tiny", "serviceUrl": "", "girderApiUrl": "", "girderToken": ""}
    indexed, optional, outputs = get_cli_parameters(as_model(Path(xml).read_text()))
    made, _, _ = prepare_task(form, user, token, indexed, optional, bool(outputs), {})
    return [one if isinstance(one, str) else type(one).__name__ for one in made]


class Manager:
    """Girder's job, as a worker writes to it."""

    def __init__(self) -> None:
        self.log, self.progress = "", list[tuple[float, str]]()

    def write(self, text: bytes) -> None:
        self.log += text.decode()

    def updateProgress(self, total: float, current: float, message: str) -> None:  # noqa: N802
        self.progress.append((current / total, message))


def progress(output: str) -> dict[str, object]:
    from slicer_cli_web.girder_worker_plugin.cli_progress import CLIProgressCLIWriter

    manager = Manager()
    writer = CLIProgressCLIWriter(manager)
    for line in output.splitlines(keepends=True):
        writer.write(line.encode())
    writer.close()
    return {"log": manager.log, "progress": manager.progress}


if __name__ == "__main__":
    if sys.argv[1] == "arguments":
        answer: object = arguments(*sys.argv[2:])
    else:
        answer = progress(sys.stdin.read())
    print("ANSWER" + json.dumps(answer))
