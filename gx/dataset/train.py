"""What a model is trained on and for: all that ``train`` of a dataset's file may say.

The features' definitions are in `transforms.features`, which nothing here may import.
"""

from pydantic import BaseModel, ConfigDict, Field, field_validator

from gx.nearest import nearest

FEATURES = (
    *("return_1", "return_5", "return_20", "overnight", "intraday", "range", "range_place"),
    *("volatility_20", "volume_ratio_20", "sma_ratio_20", "rsi_14"),
)


class Train(BaseModel):
    """A model of the return over the next ``horizon`` bars, judged over so many ``folds``.

    Of daily bars a horizon is in sessions. Fewer than four folds have no spread to speak of.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    horizon: int = Field(1, ge=1, le=250)
    folds: int = Field(5, ge=4, le=50)
    features: tuple[str, ...] = FEATURES

    @field_validator("features")
    @classmethod
    def _known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        faults = [
            f"there is no feature {one!r}{nearest(one, FEATURES) or f'; there is {_ALL}'}"
            for one in value
            if one not in FEATURES
        ]
        if faults or not value:
            raise ValueError("; ".join(faults) or f"name at least one of {_ALL}")
        return tuple(dict.fromkeys(value))


_ALL = ", ".join(FEATURES)
