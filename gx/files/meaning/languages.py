"""The names of bars' columns in other languages, as vendors there write them."""

_NAMES = {
    # German, Dutch, French, Spanish, Portuguese, Italian, Polish, Turkish, Russian; then Japanese,
    # Chinese and Korean.
    "date": "datum fecha data tarih дата 日付 日付け 日期 日期时间 交易日期 날짜 일자",
    "time": "uhrzeit zeit heure hora ora время",
    "open": "eröffnung eröffn. eröffnungskurs erster ouverture ouv. ouv apertura abertura otwarcie "
    "açılış открытие откр. 始値 开盘 开盘价 시가",
    "high": "hoch tageshoch höchstkurs höchst hoog plus_haut haut máximo máx. máxima massimo "
    "najwyższy yüksek максимум макс. 高値 最高 最高价 고가",
    "low": "tief tagestief tiefstkurs tiefst laag plus_bas bas mínimo mín. mínima minimo "
    "najniższy düşük минимум мин. 安値 最低 最低价 저가",
    "close": "schluss schlusskurs schlußkurs slot clôture clôt. clot cierre fechamento chiusura "
    "zamknięcie kapanış закрытие закр. 終値 收盘 收盘价 종가",
    "volume": "volumen stücke stuecke volumi wolumen hacim hac. объём объем 出来高 成交量 거래량",
    "symbol": "股票代码 证券代码 코드 тикер",
}
# Read so only where nothing else is.
_WEAK = {
    "close": "zuletzt letzter kurs dernier último ultimo şimdi цена",
    "symbol": "代码",
}


def names_of(*, weak: bool) -> dict[str, tuple[str, ...]]:
    """By meaning what its columns are called; ``weak`` ones where no other column has it."""
    found = _WEAK if weak else _NAMES
    return {
        meaning: tuple(one.replace("_", " ") for one in names.split())
        for meaning, names in found.items()
    }
