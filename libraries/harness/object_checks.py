"""The contents of all objects in a world's bucket, held against the truth of the files that are done."""

from collections.abc import Iterator

from harness import contents
from harness.books import Books, Difference
from harness.world import World


def object_differences(world: World, books: Books) -> Iterator[Difference]:
    """One difference for each object of a done file that does not hold the values or the origin that it must.

    Objects that are missing are the books' business.
    """
    there = {version.key for version in books.versions if not version.delete_marker}
    for file in books.mock.files:
        record = books.record_of(file)
        for expected in file.objects if record and record.state == "done" else ():
            key = f"{books.prefix}{expected.key}"
            if key not in there:
                continue
            body, user = world.bucket.fetch(key)
            told = contents.difference(expected, body) or contents.metadata_difference(
                file, expected, user, contents.footer_of(body)
            )
            if told:
                yield Difference(key, "the values and the origin of its source", told)
