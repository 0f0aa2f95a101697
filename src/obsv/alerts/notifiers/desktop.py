"""Desktop notifications through `notify-send`."""

from __future__ import annotations

import shutil
import subprocess

from obsv.alerts.messages import Message
from obsv.alerts.notifiers.base import cut
from obsv.alerts.retry import Answer
from obsv.alerts.rules import NotifierConfig

_TITLE_CHARS, _BODY_CHARS = 100, 500


class Desktop:
    """A sender that runs `notify-send` for each message.

    Args:
        config: has no settings of its own.
    """

    def __init__(self, config: NotifierConfig) -> None:
        self._timeout_s = config.timeout_s

    def send(self, message: Message) -> Answer:
        """Show the message."""
        program = shutil.which("notify-send")
        if program is None:
            return Answer(False, text="notify-send is not installed; install libnotify-bin", is_final=True)
        urgency = "normal" if message.is_resolved else "critical"
        # Notification servers interpret some HTML in the body.
        text = message.summary.replace("&", "&amp;").replace("<", "&lt;").replace("\0", "")
        command = [program, f"--urgency={urgency}", "--app-name=obsv", "--",
                   cut(message.title.replace("\0", ""), _TITLE_CHARS), cut(text, _BODY_CHARS)]  # fmt: skip
        done = subprocess.run(command, capture_output=True, timeout=self._timeout_s, check=False)
        return Answer(done.returncode == 0, text=done.stderr.decode("utf-8", "replace"))
