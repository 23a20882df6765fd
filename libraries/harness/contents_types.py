"""What kind of values an Arrow type holds, however they are laid out."""

import pyarrow as pa


def value_type(seen: pa.DataType) -> pa.DataType:
    """The type of the values themselves, behind a dictionary or an extension such as parquet's JSON."""
    if isinstance(seen, pa.BaseExtensionType):
        return value_type(seen.storage_type)
    return value_type(seen.value_type) if pa.types.is_dictionary(seen) else seen


def is_text(kind: pa.DataType) -> bool:
    """Whether a type holds text."""
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)


def is_binary(kind: pa.DataType) -> bool:
    """Whether a type holds bytes."""
    return (
        pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
        or pa.types.is_binary_view(kind)
        or pa.types.is_fixed_size_binary(kind)
    )
