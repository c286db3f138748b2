"""How a page of Data Docs is put together."""

from abc import abstractmethod
from typing import Any

from great_expectations.render.renderer.content_block.validation_results_table_content_block import (  # noqa: E501
    ValidationResultsTableContentBlockRenderer,
)
from great_expectations.render.renderer.page_renderer import ValidationResultsPageRenderer
from great_expectations.render.view.view import DefaultJinjaPageView


class EscapingView(DefaultJinjaPageView):
    """A page of which every value that fills a sentence is escaped."""

    @staticmethod
    @abstractmethod
    def escaped(value: object) -> str:
        """The value as text of HTML."""

    @classmethod  # a static method in the original
    def _escape_template_param_value(cls, value: Any) -> str:
        return cls.escaped(value)


class RowsRenderer(ValidationResultsTableContentBlockRenderer):
    """A table of checks, each of whose rows may be changed."""

    @classmethod
    @abstractmethod
    def changed(cls, rows: Any, result: Any) -> None:
        """Change the rows of a result: a list of cells each, the status first."""

    @classmethod
    def _get_content_block_fn(cls, *args: Any, **kwargs: Any) -> Any:
        row_of: Any = super()._get_content_block_fn(*args, **kwargs)

        def changed(*row_args: Any, result: Any, **row_kwargs: Any) -> Any:
            rows = row_of(*row_args, result=result, **row_kwargs)
            cls.changed(rows, result)
            return rows

        return changed


class HeadedPageRenderer(ValidationResultsPageRenderer):
    """The page of a validation result, whose heading may be changed."""

    @classmethod
    @abstractmethod
    def headed(cls, sentence: dict[str, Any], validation_results: Any) -> None:
        """Change the heading's sentence: its `template`, and `params` by their names."""

    @classmethod
    def _render_validation_header(cls, validation_results: Any) -> Any:
        block: Any = super()._render_validation_header(validation_results)  # type: ignore[no-untyped-call]
        cls.headed(block.subheader.string_template, validation_results)
        return block
