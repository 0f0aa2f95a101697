"""E-mail over SMTP. The Message-ID contains the message's ID, so a duplicate mail can be recognized."""

from __future__ import annotations

import smtplib
import ssl
from email.message import EmailMessage
from email.utils import formatdate

from obsv.alerts.messages import Message
from obsv.alerts.notifiers.base import cut, lines_of, option
from obsv.alerts.retry import Answer
from obsv.alerts.rules import NotifierConfig

PORTS = {"none": 25, "starttls": 587, "tls": 465}
_SUBJECT_CHARS = 200


class Mail:
    """A sender that sends one mail per message.

    Args:
        config: `host`, `port`, `tls`, `user`, `from`, `to`, secret `password`.
    """

    def __init__(self, config: NotifierConfig) -> None:
        self._config = config

    def send(self, message: Message) -> Answer:
        """Send the message; 5xx is final, 4xx and timeouts are retried."""
        mail = mail_of(message, str(option(self._config, "from")), option(self._config, "to"))
        try:
            with self._connected() as server:
                refused = server.send_message(mail)
        except smtplib.SMTPResponseException as error:
            text = error.smtp_error.decode("utf-8", "replace") if isinstance(error.smtp_error, bytes) else str(error)
            return Answer(False, error.smtp_code, text, 500 <= error.smtp_code < 600)
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _ in error.recipients.values()]
            return Answer(False, codes[0], f"refused: {error.recipients}", all(500 <= code < 600 for code in codes))
        return Answer(True, 250, f"refused for {', '.join(refused)}" if refused else "")

    def _connected(self) -> smtplib.SMTP:
        tls, host = option(self._config, "tls"), option(self._config, "host")
        port, timeout_s = option(self._config, "port") or PORTS[tls], self._config.timeout_s
        if tls == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=timeout_s, context=ssl.create_default_context())
        else:
            server = smtplib.SMTP(host, port, timeout=timeout_s)
        try:
            if tls == "starttls":
                server.starttls(context=ssl.create_default_context())
            if option(self._config, "user"):
                server.login(option(self._config, "user"), option(self._config, "password") or "")
        except BaseException:
            server.close()
            raise
        return server


def mail_of(message: Message, sender: str, to: tuple[str, ...]) -> EmailMessage:
    """Return the mail. Label values never become headers, and line breaks in the subject become spaces."""
    mail = EmailMessage()
    mail["Subject"] = cut(" ".join(f"[obsv] {message.title}: {message.summary}".split()), _SUBJECT_CHARS)
    mail["From"], mail["To"], mail["Date"] = sender, ", ".join(to), formatdate()
    mail["Message-ID"] = f"<{message.id}@obsv.invalid>"
    mail["Auto-Submitted"] = "auto-generated"
    rows = "\n".join(f"{name}: {value}" for name, value in lines_of(message))
    mail.set_content(f"{message.summary}\n\n{rows}\n\n{message.link}\n")
    return mail
