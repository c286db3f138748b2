"""What TWS says, by its codes.

The codes are those of https://interactivebrokers.github.io/tws-api/message_codes.html; the texts
are those that gateways send, as users' logs quote them.
"""

from dataclasses import dataclass

HISTORICAL = "Historical Market Data Service error message:"
QUERY = "Historical Market Data Service query message:"
INVALID = "Error validating request.-'bP' : cause - "

NO_SECURITY = "No security definition has been found for the request"
CLIENT_ID_IN_USE = (
    "Unable to connect as the client id is already in use. Retry with a unique client id."
)
READ_ONLY = f"{INVALID}The API interface is currently in Read-Only mode."
# Of the account, not of a request: they go to everybody, with -1 for the request.
OF_THE_SYSTEM = {
    326: CLIENT_ID_IN_USE,
    1100: "Connectivity between IBKR and Trader Workstation has been lost.",
    1101: "Connectivity between IBKR and Trader Workstation has been restored - data lost. "
    "Market and account data subscription requests must be resubmitted",
    1102: "Connectivity between IBKR and Trader Workstation has been restored - data maintained. "
    "All data farms are connected: usfarm; ushmds; secdefnj.",
    2103: "Market data farm connection is broken:usfarm",
    2104: "Market data farm connection is OK:usfarm",
    2105: "HMDS data farm connection is broken:ushmds",
    2106: "HMDS data farm connection is OK:ushmds",
    2107: "HMDS data farm connection is inactive but should be available upon demand.ushmds",
    2108: "Market data farm connection is inactive but should be available upon demand.usfarm",
    2110: "Connectivity between Trader Workstation and server is broken. "
    "It will be restored automatically.",
    2157: "Sec-def data farm connection is broken:secdefnj",
    2158: "Sec-def data farm connection is OK:secdefnj",
}
OF_A_REQUEST = {
    100: "Max rate of messages per second has been exceeded",
    162: f"{HISTORICAL}HMDS query returned no data: {{symbol}}@{{exchange}} {{what}}",
    165: f"{QUERY}HMDS server disconnect occurred.  Attempting reconnection...",
    200: NO_SECURITY,
    321: f"{INVALID}Please enter exchange",
    322: "Error processing request.-'bP' : cause - "
    "Only 50 simultaneous API historical data requests allowed.",
    354: "Requested market data is not subscribed. "
    "Check API status by selecting the Account menu then under Management choose "
    "Market Data Subscription Manager and/or availability of delayed data.",
    366: "No historical data query found for ticker id:{request}",
}


@dataclass(frozen=True)
class Said:
    """An error: its code and what TWS says with it."""

    code: int
    text: str = ""

    @property
    def of_the_system(self) -> bool:
        """Whether it belongs to no request."""
        return self.code in OF_THE_SYSTEM

    def about(self, **named: str) -> str:
        """The text, about what is named: symbol, exchange, kind, what and request."""
        text = self.text or OF_THE_SYSTEM.get(self.code) or OF_A_REQUEST.get(self.code, "")
        for name, value in named.items():
            text = text.replace(f"{{{name}}}", value)
        return text


PACING = Said(162, f"{HISTORICAL}Historical data request pacing violation")
TOO_MANY_OPEN = Said(322)
NO_DATA = Said(162)
CANCELLED = Said(162, f"{HISTORICAL}API historical data query cancelled: {{request}}")
NO_QUERY = Said(366)
NO_PERMISSION = Said(
    162,
    f"{HISTORICAL}No market data permissions for {{exchange}} {{kind}}. Requested market data "
    "requires additional subscription for API. See link in 'Market Data Connections' dialog for "
    "more details.",
)
NOT_SUBSCRIBED = Said(354)
UNKNOWN = Said(200)
AMBIGUOUS = Said(200, "The contract description specified for {symbol} is ambiguous.")
NO_EXCHANGE = Said(321)


def unreadable(cause: str) -> Said:
    """The request's fields are none that TWS can read."""
    return Said(320, f"Error reading request. {cause}")


def invalid(cause: str) -> Said:
    """The request can't be understood, for ``cause``.

    ib_async takes 321 as a warning and goes on waiting, so that it ends in a time-out.
    """
    return Said(321, INVALID + cause)
