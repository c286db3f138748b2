"""Files from the field that say what they hold in a way of their own, and what is said of them."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gx.errors import BarFileError
from tests.unit.files.frames import bars, checked, days_of, expected, reads_as, together

HEADER = "Date,Open,High,Low,Close,Volume"
TWO = {"AAPX": bars(), "BRK-B": bars(seed=2, price=400.0)}


def table(frame: pd.DataFrame, header: str, form: str = "%Y-%m-%d", sep: str = ",") -> str:
    """Date, open, high, low, close and volume, below a header."""
    made = frame.copy()
    made.index = pd.Index(days_of(frame).strftime(form))
    return header + "\n" * bool(header) + made.to_csv(header=False, sep=sep)


@pytest.mark.parametrize(
    ("header", "form"),
    [
        ("Datum;Eröffnung;Hoch;Tief;Schluss;Volumen", "%d.%m.%Y"),
        ("Date;Ouverture;Plus haut;Plus bas;Clôture;Volume", "%d/%m/%Y"),
        ("Fecha;Apertura;Máximo;Mínimo;Último;Vol.", "%d/%m/%Y"),
        ("Data;Abertura;Máxima;Mínima;Fechamento;Volume", "%d/%m/%Y"),
        ("Дата;Откр.;Макс.;Мин.;Цена;Объём", "%d.%m.%Y"),
        ("日付け;始値;高値;安値;終値;出来高", "%Y年%m月%d日"),
        ("日期;开盘;最高;最低;收盘;成交量", "%Y-%m-%d"),
        ("#Date;Open;High;Low;Close;Volume", "%Y-%m-%d"),
        ("Dates;PX_OPEN;PX_HIGH;PX_LOW;PX_LAST;PX_VOLUME", "%Y-%m-%d"),
        ("Date;Price Open;Price High;Price Low;Price Close;Volume", "%Y-%m-%d"),
        ("Date;Open Price;High Price;Low Price;Close Price;No.of Shares", "%d-%B-%Y"),
        ("Date;Open (CNY);High (CNY);Low (CNY);Close (CNY);Volume", "%Y-%m-%d"),
        ("Date;Open;High;Low;Close;Volume;", "%Y-%m-%d"),  # a delimiter at the header's end alone
    ],
)
def test_a_header_of_another_language_or_vendor_is_read(tmp_path: Path, header: str, form: str):
    path = tmp_path / "b.csv"
    path.write_text(table(bars(), header, form, ";"))
    assert reads_as(path, bars())


def candles(frame: pd.DataFrame, unit: str) -> pd.DataFrame:
    """Binance's twelve columns."""
    times = days_of(frame).tz_localize("UTC").as_unit(unit).asi8  # type: ignore[arg-type]
    made = frame.set_axis(times, axis=0)
    made["close_time"] = times + 86_399_999
    made["quote"] = (frame["Volume"] * (frame["High"] + frame["Low"]) / 2).to_numpy()
    return made.assign(trades=7, base=frame["Volume"].to_numpy() / 2, money=1.5, ignore=0)


def low_first(frame: pd.DataFrame) -> pd.DataFrame:
    """Coinbase's six columns, newest first."""
    times = days_of(frame).tz_localize("UTC").as_unit("s").asi8
    made = frame.set_axis(times, axis=0)[["Low", "High", "Open", "Close", "Volume"]]
    return made.iloc[::-1]


def symbol_first(frame: pd.DataFrame) -> pd.DataFrame:
    made = frame.set_axis(days_of(frame).strftime("%d-%b-%Y"), axis=0)
    return made.reset_index().set_axis(["AAPX"] * len(frame), axis=0)


@pytest.mark.parametrize(
    "made",
    [
        lambda frame: candles(frame, "ms"),
        lambda frame: candles(frame, "us"),
        lambda frame: candles(frame, "ms").iloc[:, :5],
        low_first,
        symbol_first,
        lambda frame: candles(frame, "s").iloc[:, :5].assign(oi=0),
    ],
)
def test_a_file_without_a_header_is_read_by_what_it_holds(
    tmp_path: Path, made: Callable[[pd.DataFrame], pd.DataFrame]
):
    path = tmp_path / "b.csv"
    made(bars()).to_csv(path, header=False)
    assert reads_as(path, bars())
    assert "has no header: by what they hold its columns are" in together(path, symbol="A").notes[0]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"Vol": 17, "Spread": 1}, "--columns date,open,high,low,close,volume,-,-"),
        ({"Adjusted": 180.5}, "--columns date,open,high,low,close,volume,-"),
    ],
)
def test_of_two_columns_that_may_be_the_volume_none_is_taken(
    tmp_path: Path, more: dict[str, float], said: str
):
    path = tmp_path / "b.csv"
    bars().assign(**more).to_csv(path, header=False)
    with pytest.raises(BarFileError, match=f"no header that names columns.*{said}"):
        checked(path)


def test_as_many_columns_are_proposed_as_there_are(tmp_path: Path):
    path = tmp_path / "b.csv"
    bars().iloc[:, :4].to_csv(path, header=False)
    with pytest.raises(
        BarFileError, match=r"its 5 columns by .*--columns date,open,high,low,close "
    ):
        checked(path)


@pytest.mark.parametrize(
    ("write", "said"),
    [("to_feather", "is a Feather file, which is not read"), ("to_pickle", "is a pickle")],
)
def test_other_formats_are_called_by_their_name(tmp_path: Path, write: str, said: str):
    path = tmp_path / "A.bin"
    getattr(bars().reset_index(), write)(path)
    with pytest.raises(BarFileError, match=f"{said}.*write it as CSV or Parquet"):
        checked(path)


def test_fractions_near_the_prices_are_no_volume(tmp_path: Path):
    path = tmp_path / "b.csv"
    bars().assign(Volume=bars()["Close"] * 0.97).to_csv(path, header=False)
    with pytest.raises(BarFileError, match="no header that names columns"):
        checked(path)


@pytest.mark.parametrize("name", ["{field}_{symbol}", "{symbol}_{field}", "{symbol}.{field}"])
def test_columns_named_by_price_and_symbol_are_made_long_and_this_is_said(
    tmp_path: Path, name: str
):
    path = tmp_path / "b.csv"
    wide = pd.concat(TWO, axis="columns", sort=True)
    pairs = [(symbol, field) for symbol, frame in TWO.items() for field in frame.columns]
    wide.columns = pd.Index([name.format(symbol=one, field=str(field)) for one, field in pairs])
    wide.to_csv(path)
    both = sorted([*expected(TWO["AAPX"]), *expected(TWO["BRK-B"], "BRK-B")])
    assert checked(path, None) == both
    assert "its columns are those of 2 symbols, as " in together(path).notes[0]


def test_bids_and_asks_are_no_symbols(tmp_path: Path):
    path = tmp_path / "b.csv"
    frame = bars().add_prefix("Bid_").join(bars().add_prefix("Ask_"))
    frame.to_csv(path)
    with pytest.raises(BarFileError, match="lacks the columns open, high, low, close"):
        checked(path)


def test_a_merged_header_of_prices_over_symbols_is_read(tmp_path: Path):
    path = tmp_path / "b.xlsx"
    frame = pd.concat(TWO, axis=1, names=["Ticker", "Price"]).swaplevel(axis=1).sort_index(axis=1)
    frame.to_excel(path)
    both = sorted([*expected(TWO["AAPX"]), *expected(TWO["BRK-B"], "BRK-B")])
    assert checked(path, None) == both


def test_an_empty_sheet_beside_the_bars_is_no_choice(tmp_path: Path):
    path = tmp_path / "b.xlsx"
    with pd.ExcelWriter(path) as writer:
        bars().to_excel(writer)
        pd.DataFrame().to_excel(writer, sheet_name="Sheet2", header=False, index=False)
    assert reads_as(path, bars())


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("Total,,,,,5000", "line 32 left out, no bar but a sum: 'Total'"),
        ("Average,1,2,1,2,5000", "line 32 left out, no bar but a sum: 'Average'"),
        ("Source: an exchange,,,,,", "line 32 left out, a remark: 'Source: an exchange'"),
        ("# end", "line 32 is left out, no bar: '# end'"),
        ("30 rows", "line 32 is left out, a sentence: '30 rows'"),
        ("2025-10-15,0.26 Dividend,,,,", "line 32 left out, no bar: '0.26 Dividend'"),
        ("2025-10-15,2:1 Stock Split", "line 32 is left out, no bar: '2025-10-15,2:1 Stock Split'"),
    ],
)
def test_rows_that_are_no_bars_are_left_out_and_said(tmp_path: Path, row: str, said: str):
    path = tmp_path / "b.csv"
    path.write_text(bars().to_csv() + row + "\n")
    assert reads_as(path, bars())
    assert f"{path}: {said}" in together(path, symbol="AAPX").notes


def test_a_symbol_that_is_called_as_a_sum_is_kept(tmp_path: Path):
    path = tmp_path / "b.csv"
    frame = bars().assign(symbol="SUM").reset_index()
    frame.loc[29, "Date"] = pd.NaT
    frame.to_csv(path, index=False)
    assert len(together(path).table) == 30


def test_an_index_of_symbols_without_a_name_is_taken_and_said(tmp_path: Path):
    path = tmp_path / "OTHER.csv"
    frame = bars().assign(one="AAPX").set_index("one", append=True).swaplevel()
    frame.rename_axis([None, None]).to_csv(path)
    assert checked(path, None) == expected(bars())
    assert "its symbols are taken from column 1, which has no name" in together(path).notes[0]


def test_the_volume_in_the_coin_is_taken_of_several(tmp_path: Path):
    path = tmp_path / "b.csv"
    made = bars().rename(columns={"Volume": "Volume BTC"}).assign(Symbol="BTC/USDT")
    made["Volume USDT"] = made["Volume BTC"] * 191
    path.write_text("https://www.example.com\n" + made.iloc[::-1].to_csv())
    assert checked(path, None) == expected(bars(), "BTC/USDT")
    made.assign(Symbol="ETH/USDT").to_csv(path)
    with pytest.raises(BarFileError, match="lacks the column volume"):
        checked(path, None)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            table(bars(), HEADER, "%Y-%m-%d 09:30 EST"),
            "2025-09-02 09:30:00 EST is in summer, when America/New_York has another time",
        ),
        (
            table(
                bars().join(bars().add_suffix("2")),
                "t,Open (CNY),High (CNY),Low (CNY),"
                "Close (CNY),Volume,Open (USD),High (USD),Low (USD),Close (USD),x",
            ),
            "two columns for open; leave one out, or choose: --columns 'open=Open \\(CNY\\)'",
        ),
        (
            table(bars().assign(n=9), HEADER + ",Shares"),
            "two columns for volume; leave one out, or choose: --columns 'volume=Volume' or",
        ),
        (
            "Symbol: MSFX\n\n" + table(bars(), HEADER),
            "above its header stands 'Symbol: MSFX'; name the symbol with --symbol",
        ),
        (
            table(bars().assign(n=700), HEADER + ",sec") + table(bars().assign(n=941), ""),
            "several rows of one moment, which its column sec tells apart: if it is the symbol, "
            "say --columns 'symbol=sec', else keep the rows of one",
        ),
        (
            table(bars()[:15], HEADER) + table(bars()[15:], "", "%m/%d/%Y"),
            "dates are written in several ways: '2025-09-02' is one as YMD, '09/23/2025' as MDY",
        ),
    ],
)
def test_what_would_be_read_wrongly_is_refused(tmp_path: Path, text: str, said: str):
    path = tmp_path / "OTHER.csv"
    path.write_text(text)
    with pytest.raises(BarFileError, match=said):
        together(path)


def test_days_since_1970_are_not_taken_for_old_days_of_excel(tmp_path: Path):
    path = tmp_path / "A.csv"
    days = (bars().index - pd.Timestamp("1970-01-01")).days
    bars().set_axis(pd.Index(days, name="Date"), axis=0).to_csv(path)
    said = "20333 is 1955-09-01 as Excel counts days, or 2025-09-02 as days since 1970"
    with pytest.raises(BarFileError, match=said):
        together(path)
    assert str(together(path, date_format="excel").table["date"][0]) == "1955-09-01"


def test_a_title_that_names_the_file_s_own_symbol_is_no_doubt(tmp_path: Path):
    path = tmp_path / "AAPX.csv"
    path.write_text("Symbol: AAPX\n" + table(bars(), HEADER))
    assert set(together(path).table["symbol"].to_pylist()) == {"AAPX"}


def test_winter_times_of_new_york_are_read(tmp_path: Path):
    path = tmp_path / "A.csv"
    frame = bars(60).iloc[45:]
    path.write_text(table(frame, HEADER, "%Y-%m-%d 16:00:00 EST"))
    assert reads_as(path, frame)
    path.write_text(table(bars(), HEADER, "%Y-%m-%d 16:00:00 EST"))
    assert reads_as(path, bars(), zone="America/New_York")


def test_a_name_in_digits_is_no_symbol(tmp_path: Path):
    path = tmp_path / "BTC.csv"
    bars().assign(name=np.full(30, 2781)).to_csv(path)
    assert set(together(path).table["symbol"].to_pylist()) == {"BTC"}


@pytest.mark.parametrize(
    ("encoding", "header"),
    [
        ("cp1252", "Datum;Eröffnung;Höchst;Tiefst;Schluss;Volumen"),
        ("cp1251", "Дата;Открытие;Максимум;Минимум;Закрытие;Объем"),
        ("shift_jis", "日付;始値;高値;安値;終値;出来高"),
        ("gb18030", "日期;开盘;最高;最低;收盘;成交量"),
        ("euc_kr", "날짜;시가;고가;저가;종가;거래량"),
    ],
)
def test_an_encoding_is_told_by_the_names_that_it_makes(tmp_path: Path, encoding: str, header: str):
    path = tmp_path / "b.csv"
    path.write_text(table(bars(), header, sep=";"), encoding=encoding)
    assert reads_as(path, bars())
    assert "its encoding is taken for" in together(path, symbol="A").notes[0]


def thirds(sign: str) -> pd.DataFrame:
    """Bars whose prices have three digits behind the sign, with plain volumes."""
    made = bars(price=1.5).astype({"Volume": str})
    for name in ("Open", "High", "Low", "Close"):
        made[name] = made[name].map("{:.3f}".format).str.replace(".", sign)
    return made


def test_other_columns_tell_the_decimal_sign_of_prices_that_do_not(tmp_path: Path):
    path = tmp_path / "b.csv"
    path.write_text(table(thirds(","), HEADER.replace(",", ";"), sep=";"))
    with pytest.raises(BarFileError, match=r"is 1510 or 1\.510, and no number of the file tells"):
        checked(path)
    changed = thirds(",").assign(change="-0,52%")
    path.write_text(table(changed, HEADER.replace(",", ";") + ";Change", sep=";"))
    assert reads_as(path, bars(price=1.5))
    said = "read with a decimal comma: '-0,52%' in a column that is not used"
    assert said in "".join(together(path, symbol="A").notes)
    path.write_text(table(thirds(","), HEADER.replace(",", ";"), "%d.%m.%Y", ";"))
    assert reads_as(path, bars(price=1.5))
    whole = bars().assign(Open=1, High=1, Low=1, Close=1, Volume="1,000")
    path.write_text(table(whole, HEADER.replace(",", ";"), "%d.%m.%Y", ";"))
    with pytest.raises(BarFileError, match=r"column volume: '1,000' is 1000 or 1\.000"):
        checked(path)
    both = thirds(",").assign(change="-0,52%", other="1.5")
    path.write_text(table(both, HEADER.replace(",", ";") + ";Change;Other", sep=";"))
    with pytest.raises(BarFileError, match="no number of the file tells"):
        checked(path)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (
            bars().assign(amount=bars()["Volume"] * bars()["Close"] * 100),
            "its amount is about 100 times volume and close: is the volume in lots",
        ),
        (
            bars().assign(turnover=bars()["Volume"]),
            "its volume is the same as turnover: in money, not in shares?",
        ),
        (
            bars().assign(closeunadj=bars()["Close"] * 4),
            "beside its close stands closeunadj: the prices may be adjusted",
        ),
        (
            (bars() * 1e9).round().astype("int64"),
            "its prices are whole numbers of 100,000,000 and more: if they are parts of 1e-9",
        ),
    ],
)
def test_what_the_numbers_say_against_their_meaning_is_said(
    tmp_path: Path, made: pd.DataFrame, said: str
):
    made.to_csv(tmp_path / "A.csv")
    assert said in "".join(together(tmp_path / "A.csv").notes)


def test_a_turnover_that_fits_is_no_doubt(tmp_path: Path):
    bars().assign(amount=bars()["Volume"] * bars()["Low"]).to_csv(tmp_path / "A.csv")
    assert "amount is" not in "".join(together(tmp_path / "A.csv").notes)
