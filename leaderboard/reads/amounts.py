"""Durations and sizes as people read them."""

MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86400


def duration(wall_s: float) -> str:
    """Two units at most; tenths below ten seconds."""
    if wall_s < 10:
        return f"{wall_s:.1f} s"
    whole = round(wall_s)
    if whole < MINUTE_S:
        return f"{whole} s"
    if whole < HOUR_S:
        return _two(whole, MINUTE_S, "min", 1, "s")
    if whole < DAY_S:
        return _two(whole, HOUR_S, "h", MINUTE_S, "min")
    return _two(whole, DAY_S, "d", HOUR_S, "h")


def _two(whole: int, large: int, large_name: str, small: int, small_name: str) -> str:
    rest = whole % large // small
    return f"{whole // large} {large_name}" + (f" {rest} {small_name}" if rest else "")


def memory(memory_mb: float) -> str:
    return f"{memory_mb:,.0f} MB" if memory_mb < 10_000 else f"{memory_mb / 1024:,.1f} GB"


def size(size_bytes: int) -> str:
    for unit, of in (("GB", 1 << 30), ("MB", 1 << 20), ("kB", 1 << 10)):
        if size_bytes >= of:
            return f"{size_bytes / of:,.1f} {unit}"
    return f"{size_bytes} bytes"
