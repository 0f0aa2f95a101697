"""Readable durations."""

_UNITS = ((1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "µs"), (1, "ns"))


def duration(ns: float) -> str:
    """Format a duration in ns with three digits: `870 ns`, `12.3 µs`, `4.56 ms`, `1.23 s`, `2 min 3 s`, `1 h 5 min`."""
    if ns < 1_000:
        return f"{int(ns)} ns"
    if ns < 60_000_000_000:
        size, unit = next(each for each in _UNITS if ns >= each[0])
        value = ns / size
        return f"{value:.2f} {unit}" if value < 10 else f"{value:.1f} {unit}" if value < 100 else f"{value:.0f} {unit}"
    minutes, seconds = divmod(int(ns // 1_000_000_000), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:,} h {minutes} min" if hours else f"{minutes} min {seconds} s"
