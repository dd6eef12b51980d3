"""Features of other packages, by the entry-point group ``zhiyin.features``: each a `Feature` that has its name."""

from collections import Counter
from functools import cache
from importlib.metadata import entry_points

from zhiyin.core.errors import ModelError
from zhiyin.features.feature import Feature

GROUP = "zhiyin.features"


@cache
def plugins() -> dict[str, Feature]:
    """All of them by name. Raises `ModelError` for two of one name, and for what is no `Feature` of its name."""
    points = list(entry_points(group=GROUP))
    double = next((name for name, n in Counter(point.name for point in points).items() if n > 1), None)
    if double is not None:
        where = " and ".join(point.value for point in points if point.name == double)
        raise ModelError(f"feature {double!r} is defined twice, by {where}; take one of the packages out", found=double)
    found = {point.name: point.load() for point in points}
    for name, feature in found.items():
        if not isinstance(feature, Feature) or feature.name != name:
            raise ModelError(
                f"the plug-in feature {name!r} is {feature!r:.80}; give a zhiyin.features.Feature of this name",
                found=name,
            )
    return found


def where_from(name: str) -> str:
    """The place that an entry point names."""
    return next(point.value for point in entry_points(group=GROUP) if point.name == name)
