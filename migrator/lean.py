"""What a process of the migrator's own does before it imports anything heavy."""

import os
import sys


class _WithoutPandas:
    """Hides pandas: pyarrow imports it wherever it is installed, which takes half a second and serves nothing here."""

    @staticmethod
    def find_spec(name: str, *_: object) -> None:
        if name == "pandas":
            raise ModuleNotFoundError(name)


def stay_lean() -> None:
    """Keep out of this process what others would bring along."""
    sys.meta_path.insert(0, _WithoutPandas())
    # numpy would start a thread for each core to do linear algebra, of which there is none here.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
