"""The names that columns of bars have in the field, and what they mean."""

import re
import unicodedata
from collections.abc import Mapping

from gx.files.meaning.languages import names_of

NUMBERS = ("open", "high", "low", "close", "volume")
COLUMNS = ("symbol", "date", *NUMBERS)
# What a column may be named for by ``--columns``.
MEANINGS = (*COLUMNS, "time", "created_at")
WORDS = {"created_at": "createdat"}

_NAMES = {
    "symbol": "symbol ticker tic tickersymbol stockcode stocksymbol actsymbol secid ric tscode",
    "date": "date dates datetime timestamp tradedate tradingdate tradingday dt tsevent windowstart "
    "gmttime localtime utctime datetimeutc opentime candletime bartime dateutc timeutc",
    "time": "time timeofday",
    "open": "open openprice openingprice priceopen pxopen",
    "high": "high highprice pricehigh pxhigh",
    "low": "low lowprice pricelow pxlow",
    "close": "close closeprice closingprice priceclose close/last",
    "volume": "volume vol tradevolume tradedvolume totalvolume realvolume sharevolume pxvolume "
    "shares noofshares numberofshares sharestraded tottrdqty acvoluns",
    "created_at": "createdat",
}
# Read so only where nothing else is.
_WEAK = {
    "symbol": "name sym instrument stock code",
    "close": "price last lastprice pxlast settle settlement settleprice settlementprice",
    "date": "time day unix unixtime unixtimestamp epoch",
}
# One letter each, where all of a bar's prices are called so: Polygon's, Alpaca's and Finnhub's.
_LETTERS = {"t": "date", "o": "open", "h": "high", "l": "low", "c": "close", "v": "volume"}
_NOT_USED = {
    "adjusted prices, not those that were traded": "adjclose adjustedclose adjopen adjhigh adjlow "
    "adjustedopen adjustedhigh adjustedlow adjusted adjcp closeadj adjvolume adjustedvolume "
    "closeadjusted",
    "a dividend or a split": "dividends dividend dividendamount divcash stocksplits splitfactor "
    "splitcoefficient capitalgains splitratio split",
    "the number of ticks, not of shares": "tickvol tickvolume",
    "an average price": "vw vwap average wap avgprice averageprice",
    "the number of trades": "n transactions tradecount trades barcount numberoftrades",
    "open interest": "openint openinterest oi",
    "a change, which follows from the prices": "change changepct change% chg chg% changepercent "
    "pctchange %change %chg",
    "a spread": "spread",
}
# What pandas calls an index that has no name.
NAMELESS = frozenset({"", "index", "level0", "level1", "indexlevel0", "indexlevel1"})
# Columns of one text, or of few: what they hold is no symbol.
_NO_SYMBOL = (
    "currency devise wahrung divisa valuta moneda exchange source provider vendor per period "
    "interval timeframe freq frequency series "
    "type assettype market country sector industry adjusted session day weekday dayofweek month "
    "rtype publisherid instrumentid mic feed venue side status"
)
NO_SYMBOL = frozenset(_NO_SYMBOL.split())


# In brackets behind a name: what prices are in.
_MONEY = (
    "usd|eur|gbp|gbx|inr|jpy|cny|cnh|chf|cad|aud|nzd|hkd|sgd|krw|twd|brl|rub|try|zar|sek|nok|dkk|"
    r"pln|mxn|idr|thb|btc|eth|usdt|usdc|\$|€|£|¥|₹"
)


def plain(name: str) -> str:
    """A name without what differs among vendors: ``1. open``, ``<OPEN>``, ``Adj Close*``."""
    text = name.strip(" \t\r\n#\"'").casefold()
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text)
        text = "".join(sign for sign in text if not unicodedata.combining(sign))
    text = re.sub(r"^<(.*)>$", r"\1", text)
    text = re.sub(r"^\d+[a-z]?\. ", "", text)  # Alpha Vantage's
    if not text.startswith("vol"):  # one in dollars is none of shares
        text = re.sub(rf"\s*[(\[]({_MONEY}|utc|gmt)[)\]]$", "", text)
    return re.sub(r"[\s_.*\-]+", "", text)


def _by_name(english: Mapping[str, str], *, weak: bool) -> dict[str, str]:
    foreign = names_of(weak=weak).items()
    found = {plain(name): meaning for meaning, names in foreign for name in names}
    return found | {name: meaning for meaning, names in english.items() for name in names.split()}


KNOWN = _by_name(_NAMES, weak=False)
WEAK = _by_name(_WEAK, weak=True)
NOT_USED = {name: why for why, names in _NOT_USED.items() for name in names.split()}


def meaning_of(name: str) -> str | None:
    """What a name means by itself, or would if nothing else did; None for one that is unknown."""
    short = plain(name)
    return KNOWN.get(short) or WEAK.get(short)


def is_known(name: str) -> bool:
    """Whether bars have a column of this name, used or not."""
    short = plain(name)
    return short in KNOWN or short in WEAK or short in NOT_USED


def names_utc(name: str) -> bool:
    """Whether the name of a column of times says that they are UTC: ``Gmt time``."""
    return bool(re.search(r"(?<![a-z])(utc|gmt)(?![a-z])", name.casefold().replace("_", " ")))


def letters(names: list[str]) -> dict[int, str]:
    """By position what columns of one letter mean, where a bar's four prices are all there.

    Polygon has ``T`` for the symbol beside ``t`` for the time.
    """
    short = [name.strip() for name in names]
    if not {"o", "h", "l", "c"} <= set(map(str.casefold, short)):
        return {}
    both = {"T", "t"} <= set(short)
    found = {
        place: "symbol" if both and name == "T" else _LETTERS[name.casefold()]
        for place, name in enumerate(short)
        if name.casefold() in _LETTERS
    }
    return found | {place: "symbol" for place, name in enumerate(short) if name in ("S", "s")}
