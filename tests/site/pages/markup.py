"""What is wrong with a page's HTML, by the rules that every page keeps."""

from html.parser import HTMLParser

VOID = {"meta", "link", "input", "br", "hr", "img", "line", "circle", "path", "rect", "source", "wbr"}


class _Faults(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.open: list[str] = []
        self.ids: list[str] = []
        self.counts: dict[str, int] = {}

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        names = dict(attributes)
        if "svg" not in self.open:  # a drawing's parts have titles of their own
            self.counts[tag] = self.counts.get(tag, 0) + 1
        if tag == "style" or "style" in names:
            self.found.append(f"inline style in <{tag}>")
        if tag == "script" and "src" not in names:
            self.found.append("inline script")
        self.found += [f"{name} in <{tag}>" for name in names if name.startswith("on")]
        self.found += [
            f"{value}" for value in names.values() if value and value.strip().lower().startswith("javascript:")
        ]
        if tag == "th" and names.get("scope") not in ("row", "col"):
            self.found.append("<th> without a scope")
        if any(name.startswith("hx-") for name in names) and tag not in (
            "nav",
            "form",
            "a",
            "section",
            "div",
            "button",
        ):
            self.found.append(f"hx- on <{tag}>")
        if "id" in names:
            self.ids.append(str(names["id"]))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        if not self.open or self.open.pop() != tag:
            self.found.append(f"</{tag}> closes something else")


def faults(html: str) -> list[str]:
    read = _Faults()
    read.feed(html)
    read.close()
    counts = read.counts
    once = [f"{counts.get(tag, 0)} <{tag}>" for tag in ("h1", "main", "title") if counts.get(tag, 0) != 1]
    captions = ["a table without a caption"] if counts.get("table", 0) != counts.get("caption", 0) else []
    twice = [f"id {name} twice" for name in sorted(set(read.ids)) if read.ids.count(name) > 1]
    left_open = [f"<{tag}> left open" for tag in read.open]
    return read.found + once + captions + twice + left_open
