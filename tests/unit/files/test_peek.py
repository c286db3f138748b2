"""What is shown of how a file was understood, and the formats that are kept for --format."""

import json
from pathlib import Path

import pytest

from gx.cli import add_commands, explain_error, new_app, run_app
from gx.files.asked.format import Format
from gx.files.asked.kept import FormatError, add_format, asked_format, format_names, read_format
from gx.files.peek import peek_at
from gx.files.understand import open_file
from gx.suite.calendars import Calendars
from tests.unit.files.frames import bars, checked, expected


def peek(path: Path, **asked: object) -> str:
    (source,) = open_file(path, Format.model_validate(asked))
    return "\n".join(peek_at(source, Calendars()).lines())


def test_everything_that_was_decided_is_shown(tmp_path: Path):
    path = tmp_path / "AAPX.csv"
    newest = bars().iloc[::-1].assign(Spread=1)
    newest.to_csv(path, sep=";", decimal=",", date_format="%d.%m.%Y", encoding="utf-8-sig")

    said = peek(path).replace("  ", " ")

    first = newest.iloc[0]
    for line in (
        "file    text, UTF-8 with a mark",
        "delimiter semicolon",
        "header   line 1",
        f"decimal  comma ('{first['Open']:.2f}' in column open)".replace(".", ",", 1),
        "is none in another order)",
        "zone    none",
        "symbol   AAPX (the file's name)",
        "bars    daily",
        "rows    30",
        "Spread not used: a spread 1",
        "uncertain its symbol is taken from its name: AAPX (--symbol names another)",
    ):
        assert line.replace("  ", " ") in said.replace("  ", " "), (line, said)


def test_what_keeps_a_file_from_being_read_is_shown_below_what_is_known(tmp_path: Path):
    path = tmp_path / "A.csv"
    path.write_text("date,open,high,low,close,volume\n04/11/2025,1,2,1,2,5\n")
    said = peek(path)
    assert "date    date         04/11/2025" in said
    assert "cannot be read: its dates can be read in 2 ways" in said


def test_bars_within_the_day_show_their_size_and_zone(tmp_path: Path):
    path = tmp_path / "A.csv"
    times = [f"2025-11-03 {hour}:{minute:02}" for hour in (10, 11) for minute in range(0, 60, 5)]
    path.write_text(
        "date,open,high,low,close,volume\n" + "".join(f"{t},1,2,1,2,5\n" for t in times)
    )
    assert "bars       5 minutes" in peek(path)
    assert "zone       none (--zone names one)" in peek(path)
    assert "zone       Asia/Tokyo (--zone)" in peek(path, zone="Asia/Tokyo")


def command(*arguments: object) -> int:
    app = new_app("", "")
    add_commands(app)
    return run_app(app, "gate", explain=explain_error, arguments=[str(one) for one in arguments])


def test_the_command_prints_json_and_ends_by_whether_all_can_be_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    bars().to_csv(tmp_path / "AAPX.csv")
    assert command("peek", tmp_path / "AAPX.csv", "--json") == 0
    (seen,) = json.loads(capsys.readouterr().out)
    assert (seen["rows"], seen["symbols"], seen["bar_size"]) == (30, ["AAPX"], "daily")
    assert seen["columns"][0] | {"example": ""} == {
        "name": "Date",
        "meaning": "date",
        "example": "",
        "why": "",
    }
    assert command("peek", tmp_path / "AAPX.csv", "--decimal", ",") == 2
    assert "line 2, column open" in capsys.readouterr().out
    assert command("peek", tmp_path / "AAPX.csv", "--decimal", ";") == 2
    said = capsys.readouterr().err
    assert said == "error: --decimal: ';' is no decimal sign; it is . or ,\n"


def test_a_format_is_kept_read_and_overridden(tmp_path: Path):
    kept = Format(columns={"close": "Preis"}, decimal=",", delimiter="tab", date_format="DMY")
    path = add_format("ours", kept, tmp_path)
    assert read_format("ours", tmp_path) == kept
    assert format_names(tmp_path) == ["ours"]
    over = asked_format({"format_name": "ours", "decimal": ".", "symbol": None}, tmp_path)
    assert over == kept.model_copy(update={"decimal": "."})
    by_place = asked_format({"format_name": "ours", "columns": "date,close"}, tmp_path)
    assert (by_place.columns, by_place.order) == (None, ("date", "close"))
    with pytest.raises(FormatError, match="is there already"):
        add_format("ours", kept, tmp_path)
    assert "decimal: ','" in path.read_text()


def test_the_faults_of_a_kept_format_are_told_all_at_once(tmp_path: Path):
    (tmp_path / "ours.yml").write_text("decimal: x\ncolums: {close: A}\nzone: 5\n")
    with pytest.raises(FormatError) as raised:
        read_format("ours", tmp_path)
    lines = str(raised.value).splitlines()
    assert len(lines) == 3
    assert all(line.startswith(str(tmp_path / "ours.yml")) for line in lines)
    assert any("colums: is no key of a format; did you mean columns?" in line for line in lines)
    for text, said in (("- a", "says nothing"), ("a: [", "is no YAML")):
        (tmp_path / "ours.yml").write_text(text)
        with pytest.raises(FormatError, match=said):
            read_format("ours", tmp_path)
    with pytest.raises(
        FormatError, match=r"no format 'our'; did you mean 'ours'\? There are: ours"
    ):
        read_format("our", tmp_path)
    with pytest.raises(FormatError, match="is no name of a format"):
        add_format("../x", Format(decimal=","), tmp_path)
    with pytest.raises(FormatError, match="a format says something"):
        add_format("empty", Format(), tmp_path)


def test_a_file_is_read_by_a_kept_format(tmp_path: Path):
    frame = bars()
    made = frame.rename(columns={"Close": "Schluss"}).rename_axis("Tag")
    made.to_csv(tmp_path / "b.csv", sep=";", decimal=",", date_format="%d.%m.%Y")
    add_format("german", Format(columns={"close": "Schluss", "date": "Tag"}), tmp_path)
    asked = asked_format({"format_name": "german"}, tmp_path).model_dump(exclude_none=True)
    assert checked(tmp_path / "b.csv", **asked) == expected(frame)
