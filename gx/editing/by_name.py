"""Which calendar a symbol's name speaks for; it decides where the bars speak for several alike."""

import re
from collections.abc import Mapping
from typing import Final

# The most traded currencies (Bank for International Settlements, Triennial Survey of 2022).
CURRENCIES: Final = (
    *("USD", "EUR", "JPY", "GBP", "CNY", "AUD", "CAD", "CHF", "HKD", "SGD", "SEK", "KRW", "NOK"),
    *("NZD", "INR", "MXN", "TWD", "ZAR", "BRL", "DKK", "PLN", "THB", "ILS", "IDR", "CZK", "TRY"),
    *("HUF", "CNH"),
)
_PAIR = re.compile(rf"({'|'.join(CURRENCIES)})[/.\-_]?({'|'.join(CURRENCIES)})(=X)?")
# Yahoo's endings.
EXCHANGES: Final[Mapping[str, str]] = {
    "L": "XLON",
    "T": "XTKS",
    "HK": "XHKG",
    "AX": "XASX",
    "TO": "XTSE",
    "DE": "XETR",
    "PA": "XPAR",
    "AS": "XAMS",
    "SW": "XSWX",
    "NS": "XBOM",
    "BO": "XBOM",
    "KS": "XKRX",
    "SS": "XSHG",
    "SA": "BVMF",
}


def calendars_by_name(symbol: str) -> tuple[str, ...]:
    """The calendars that a name speaks for, the likeliest first: none for most."""
    if _PAIR.fullmatch(symbol):
        return ("FX", "24/5")
    exchange = EXCHANGES.get(symbol.rpartition(".")[2]) if "." in symbol else None
    return (exchange,) if exchange else ()
