"""The documents say what is so: links lead somewhere, commands exist, settings and checks are those of the code."""

import ast
import re
from pathlib import Path

import pytest
import typer.main
from typer.testing import CliRunner

from benchmark_data.table_import import import_tables
from benchmark_data.table_spec import read_spec
from benchmark_data.verify import verify
from evaluator.cli.app import app

ROOT = Path(__file__).parents[3]
DOCUMENTS = [ROOT / "README.md", ROOT / "deploy" / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
SITE, HOST = ROOT / "leaderboard" / "settings.py", ROOT / "evaluator" / "agent" / "settings.py"
SETTINGS, CHECKS = ROOT / "docs" / "settings.md", ROOT / "leaderboard" / "checks.py"
OF_PROVIDERS = {"GITHUB_CLIENT_ID", "GITHUB_SECRET", "ORCID_CLIENT_ID", "ORCID_SECRET"}


def anchors(path):
    lines = re.sub(r"```.*?```", "", path.read_text(), flags=re.DOTALL).splitlines()
    headings = [line.lstrip("#").strip() for line in lines if re.match(r"#{1,4} ", line)]
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_relative_link_leads_to_something(path):
    text = re.sub(r"```.*?```", "", path.read_text(), flags=re.DOTALL)
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if link.startswith(("http://", "https://")):
            continue
        where, _, anchor = link.partition("#")
        there = (path.parent / where).resolve() if where else path
        assert there.exists(), link
        assert not anchor or anchor in anchors(there), link


def commands_named():
    """`holdout …` wherever it is written as code, as far as its words name commands."""
    for path in DOCUMENTS:
        text = path.read_text()
        blocks = re.findall(r"```[a-z]*\n(.*?)```", text, flags=re.DOTALL)
        code = blocks + re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
        for words in re.findall(r"(?:^|[\s;&(]|bin/)holdout((?: [a-z-]+(?![\w./-]))+)", "\n".join(code)):
            yield path, tuple(words.split())


def named_command(words):
    """The longest beginning of the words that is a command, or None where a word should be one and is not."""
    command, found = typer.main.get_command(app), []
    for word in words:
        group = getattr(command, "commands", None)
        if group is None:
            return found
        if word not in group:
            return None
        command = group[word]
        found.append(word)
    return found


def test_every_command_that_is_named_exists_and_explains_itself():
    named = {words: path for path, words in commands_named()}
    assert len(named) > 10
    missing = {(str(path), words) for words, path in named.items() if named_command(words) is None}
    assert missing == set()
    for words in {tuple(named_command(words)) for words in named}:
        assert CliRunner().invoke(app, [*words, "--help"]).exit_code == 0, words


def test_every_management_command_that_is_named_exists():
    there = {path.stem for path in (ROOT / "leaderboard" / "management" / "commands").glob("[a-z]*.py")}
    of_django = {"migrate", "createsuperuser", "check", "shell"}
    for path in DOCUMENTS:
        for word in re.findall(r"(?:manage\.py|-m django) ([a-z_]+)", path.read_text()):
            assert word in there | of_django, (path, word)


def read_by_the_site():
    """(name, default) of each variable; the default is None where it is none or is computed."""
    for call in (node for node in ast.walk(ast.parse(SITE.read_text())) if isinstance(node, ast.Call)):
        of = call.func
        if not (isinstance(of, ast.Attribute) and isinstance(of.value, ast.Name) and of.value.id == "env"):
            continue
        first, *rest = call.args
        default = rest[0].value if rest and isinstance(rest[0], ast.Constant) else None
        for name in (node for node in ast.walk(first) if isinstance(node, ast.Constant)):
            if re.fullmatch(r"[A-Z][A-Z_]+", str(name.value)):
                yield name.value, {True: "on", False: "off", "-": None}.get(default, default)


def read_by_a_host():
    for call in (node for node in ast.walk(ast.parse(HOST.read_text())) if isinstance(node, ast.Call)):
        if isinstance(call.func, ast.Name) and call.func.id == "setting":
            default = call.args[2].value if len(call.args) > 2 and isinstance(call.args[2], ast.Constant) else None
            yield call.args[0].value, None if default == "," else default


def tabled(*titles):
    """The rows of the tables below these headings: variable → default."""
    parts = re.split(r"^## ", SETTINGS.read_text(), flags=re.MULTILINE)
    text = "".join(part for part in parts if part.startswith(titles))
    return dict(re.findall(r"^\| `([A-Z_]+)` \| (.*?) \|", text, flags=re.MULTILINE))


@pytest.mark.parametrize(
    ("read", "titles"), [(read_by_the_site, ("The site", "Sealed studies")), (read_by_a_host, ("A host",))]
)
def test_every_setting_stands_in_its_table_with_its_default(read, titles):
    read, said = list(read()), tabled(*titles)
    assert {name for name, _ in read} == set(said)
    wrong = {name: default for name, default in read if default is not None and f"`{default}`" not in said[name]}
    assert wrong == {}


def test_providers_and_the_command_lines_variables_are_named():
    text = SETTINGS.read_text()
    assert all(f"`{name}`" in text for name in OF_PROVIDERS | set(tabled("The command line")))
    source = (ROOT / "evaluator" / "cli" / "submit.py").read_text()
    assert set(re.findall(r'envvar="([A-Z_]+)"', source)) == set(tabled("The command line"))


def test_every_check_is_explained():
    assert sorted(set(re.findall(r'id="(holdout\.[EW]\d+)"', CHECKS.read_text()))) == re.findall(
        r"^\| `(holdout\.[EW]\d+)` \|", SETTINGS.read_text(), flags=re.MULTILINE
    )


def test_the_curators_example_is_the_file_that_is_imported_and_it_is_a_release(tmp_path):
    folder = ROOT / "docs" / "example" / "screen"
    assert f"```toml\n{(folder / 'spec.toml').read_text()}```" in (ROOT / "docs" / "quickstart-curators.md").read_text()
    import_tables(read_spec(str(folder / "spec.toml")), folder, tmp_path / "made")
    assert verify(tmp_path / "made").findings == ()
