"""`obsv forget`: count or remove calls and all that is left of them; list receipts."""

from __future__ import annotations

from pathlib import Path

from obsv.cli.common import complain
from obsv.cli.output import print_json, say, table
from obsv.forgetting import Asked, Outcome
from obsv.forgetting import forget as forget_rows
from obsv.store.writing import ForgetBook
from obsv.times import iso, ts


def forget(db: Path, asked: Asked, is_meant: bool, as_json: bool) -> None:
    """Forget calls, or count what would be removed.

    Args:
        db: path of the database.
        asked: what to forget.
        is_meant: whether to remove it.
        as_json: whether to print JSON.

    Raises:
        ObsvError: see `obsv.forgetting.forget`.
    """
    outcome = forget_rows(db, asked, is_dry=not is_meant)
    if as_json:
        print_json(_document(outcome))
        return
    found = [(name.replace("_", " "), f"{count:,}") for name, count in outcome.counts.items() if count]
    if found:
        table(("what", "removed" if is_meant else "would be removed"), found, right=("removed", "would be removed"))
    if outcome.receipt is None:
        say("Nothing was found." if not outcome.total else "Nothing was removed: add --yes to remove it.")
    else:
        say(f"Forgotten, of all that was recorded until {iso(outcome.until_ns)}; receipt {outcome.receipt}.")
    for remark in outcome.remarks:
        complain(remark)


def _document(outcome: Outcome) -> dict[str, object]:
    return {
        "receipt": outcome.receipt,
        "until": iso(outcome.until_ns),
        "counts": outcome.counts,
        "remarks": outcome.remarks,
    }


def list_receipts(db: Path, as_json: bool) -> None:
    """Print what was forgotten before, latest first.

    Raises:
        StoreError: the database cannot be read.
    """
    book = ForgetBook(db)
    try:
        receipts = book.receipts()
    finally:
        book.close()
    if as_json:
        print_json(*(receipt._asdict() for receipt in receipts))
        return
    if not receipts:
        say("Nothing was forgotten on request.")
        return
    rows = [
        (
            receipt.id,
            ts(receipt.begun_ns)[:19],
            receipt.actor,
            ts(receipt.until_ns)[:19] if receipt.ended_ns else "interrupted: repeat it",
            ", ".join(f"{name} {count:,}" for name, count in receipt.counts.items() if count),
            receipt.condition,
        )
        for receipt in receipts
    ]
    table(("Receipt", "When (UTC)", "Who", "Recorded until", "Removed", "Hash"), rows, spare=("Hash",))
