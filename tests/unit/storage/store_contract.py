"""The contract of a `Store`: the tests that every implementation must pass.

To test an implementation, derive a class named `Test...` from `StoreContract` and define the fixtures `store`, which
returns an empty store, and `reopen`, which returns a function that opens the same store again, as the next run does.
Override `steps` if the order of its steps can be observed. Tests of guarantees that an implementation may lack depend
on its `properties`.
"""

from __future__ import annotations

import errno
import hashlib
import io
import json
from typing import TYPE_CHECKING

import anyio
import pytest

from flickr_mirror.errors import BadImageError, NotAnImageError, PlaceTakenError
from flickr_mirror.models.identifiers import inventory_number
from flickr_mirror.storage.media_decoding import decode
from flickr_mirror.storage.media_inspection import inspect
from flickr_mirror.storage.store import Store, sha256_of
from tests.support.media_files import image

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PHOTO, OTHER = "49674775373", "49674775374"
LARGE = bytes(range(256)) * 8192  # two blocks of a file in a folder


async def put(store: Store, photo_id: str, extension: str, data: bytes) -> Path:
    """Write a photo's file as a run does; return its path."""
    path = store.path(photo_id, extension)
    async with store.new_file() as file:
        await file.write(data)
        await file.commit(path, lambda: store.check_name(photo_id))
    return path


def content(store: Store, path: Path) -> bytes:
    """Return the bytes of a file."""
    with store.open_file(path) as file:
        return file.readall()


def listed(store: Store) -> dict[str, dict[str, Path]]:
    """Return the listing of a store, by the names of photos without extension."""
    return {next(iter(paths.values())).stem: dict(paths) for paths in store.list_files()}


class StoreContract:
    """The tests."""

    @pytest.fixture
    def steps(self) -> Callable[[], list[str]] | None:
        """Return a function that returns the steps since its last call, or `None` if they cannot be observed.

        The steps are "write", "sync bytes", "name", "remove" and "sync names".
        """
        return None

    # Names

    def test_a_path_has_the_number_and_the_extension(self, store: Store) -> None:
        """Each pair of photo and extension has its own path, which is always the same."""
        path = store.path(PHOTO, "jpg")

        assert path.name == f"{inventory_number(PHOTO)}.jpg"
        assert path == store.path(PHOTO, "jpg")
        assert len({path, store.path(PHOTO, "json"), store.path(OTHER, "jpg")}) == 3

    @pytest.mark.parametrize("extension", ["", "../x", "j pg", "jpg/", "ü", "a.b"])
    def test_an_invalid_extension_is_rejected(self, store: Store, extension: str) -> None:
        """An extension from a manipulated catalogue cannot address a file outside of the store."""
        with pytest.raises(ValueError, match="Invalid file extension"):
            store.path(PHOTO, extension)

    # Writing

    @pytest.mark.parametrize("data", [b"", b"small", LARGE], ids=["empty", "small", "large"])
    async def test_a_committed_file_can_be_read(
        self, store: Store, reopen: Callable[[], Store], data: bytes
    ) -> None:
        """The bytes, the size and the SHA-256 are those written, for this run and the next one."""
        path = store.path(PHOTO, "jpg")
        async with store.new_file() as file:
            await file.write(data)
            assert file.size == len(data)
            assert await file.sha256() == hashlib.sha256(data).digest()
            assert await file.commit(path) == hashlib.sha256(data).digest()
            assert file.is_closed

        for opened in (store, reopen()):
            assert content(opened, path) == data
            assert opened.size(path) == len(data)
            with opened.open_file(path) as reader:
                reader.seek(len(data) // 2)
                assert sha256_of(reader) == hashlib.sha256(data).digest()

    @pytest.mark.parametrize("data", [b"small", LARGE], ids=["small", "large"])
    async def test_a_file_that_is_not_committed_does_not_exist(self, store: Store, data: bytes) -> None:
        """Neither an exception nor a missing commit leaves a file under the final name."""
        path = store.path(PHOTO, "jpg")
        with pytest.raises(ZeroDivisionError):
            async with store.new_file() as file:
                await file.write(data)
                raise ZeroDivisionError
        async with store.new_file() as file:
            await file.write(data)
            with pytest.raises(FileNotFoundError):
                store.size(path)

        assert store.find(PHOTO, ["jpg"]) is None
        assert listed(store) == {}

    @pytest.mark.parametrize("data", [b"wrong", LARGE], ids=["small", "large"])
    async def test_a_restarted_file_has_only_the_later_bytes(self, store: Store, data: bytes) -> None:
        """A download that restarts leaves no bytes of its first attempt."""
        path = store.path(PHOTO, "jpg")
        async with store.new_file() as file:
            await file.write(data)
            await file.restart()
            assert file.size == 0
            await file.write(b"right")
            assert await file.commit(path) == hashlib.sha256(b"right").digest()

        assert content(store, path) == b"right"

    async def test_a_new_file_can_be_inspected_and_decoded(self, store: Store) -> None:
        """An image is checked before it gets its name."""
        async with store.new_file() as file:
            await file.write(image("JPEG"))
            picture = await file.inspect()
            assert (picture.extension, picture.ends) == ("jpg", True)
            await file.decode()
        async with store.new_file() as file:
            await file.write(b"BM, or not")
            assert await file.extension("photo") == "bin"
            with pytest.raises(NotAnImageError):
                await file.inspect()
        async with store.new_file() as file:
            await file.write(image("JPEG")[:-100])
            with pytest.raises(BadImageError):
                await file.decode()

    async def test_files_are_written_concurrently(self, store: Store) -> None:
        """Concurrent commits do not mix their bytes or names."""
        numbers = [str(number) for number in range(1, 25)]
        async with anyio.create_task_group() as tasks:
            for number in numbers:
                tasks.start_soon(put, store, number, "jpg", number.encode())

        assert [content(store, store.path(number, "jpg")) for number in numbers] == [
            number.encode() for number in numbers
        ]

    # Replacing

    async def test_a_file_replaces_the_earlier_one(self, store: Store) -> None:
        """A photo that was changed at Flickr has one file: the new one."""
        await put(store, PHOTO, "jpg", b"old")
        path = await put(store, PHOTO, "jpg", b"new")

        assert content(store, path) == b"new"
        assert listed(store) == {path.stem: {"jpg": path}}

    async def test_a_reader_sees_the_old_or_the_new_bytes(self, store: Store) -> None:
        """A file that is open while it is replaced does not change."""
        if not store.properties.has_atomic_replace:
            pytest.skip("this store does not replace atomically")
        path = await put(store, PHOTO, "jpg", b"old")
        with store.open_file(path) as file:
            await put(store, PHOTO, "jpg", b"a new and longer one")
            assert file.readall() == b"old"

    async def test_check_is_called_only_for_a_name_in_use(self, store: Store) -> None:
        """A free name needs no check. If the check raises, its exception is raised and the file stays."""
        path, calls = store.path(PHOTO, "jpg"), list[str]()

        def refuse() -> None:
            calls.append("called")
            raise PlaceTakenError("taken", path)

        async with store.new_file() as file:
            await file.write(b"first")
            await file.commit(path, refuse)
        assert calls == []
        async with store.new_file() as file:
            await file.write(b"second")
            with pytest.raises(PlaceTakenError, match="taken"):
                await file.commit(path, refuse)

        assert calls == ["called"]
        assert content(store, path) == b"first"

    async def test_of_many_files_of_one_name_the_first_is_created(self, store: Store) -> None:
        """With a check that refuses, later files are refused; with atomic creation, concurrent ones too."""
        path = store.path(PHOTO, "jpg")
        outcomes: dict[bytes, object] = {}

        def refuse() -> None:
            raise PlaceTakenError("taken", path)

        async def create(data: bytes) -> None:
            async with store.new_file() as file:
                await file.write(data)
                try:
                    outcomes[data] = await file.commit(path, refuse)
                except PlaceTakenError as error:
                    outcomes[data] = error

        async with anyio.create_task_group() as tasks:
            for number in range(8):
                tasks.start_soon(create, str(number).encode())

        created = [data for data, outcome in outcomes.items() if isinstance(outcome, bytes)]
        assert len(outcomes) == 8
        assert content(store, path) in created
        if store.properties.has_atomic_create:
            assert len(created) == 1

    # Names of other photos

    async def test_files_of_another_photo_are_not_replaced(self, store: Store) -> None:
        """If the sidecar file with the photo's name is of another photo, nothing of it changes."""
        path = await put(store, PHOTO, "jpg", b"of the other photo")
        await put(store, PHOTO, "json", json.dumps({"flickr": {"id": OTHER}}).encode())
        with pytest.raises(PlaceTakenError, match=f"of photo {OTHER}"):
            store.check_name(PHOTO)
        with pytest.raises(PlaceTakenError, match=f"of photo {OTHER}"):
            await put(store, PHOTO, "jpg", b"of this photo")
        with pytest.raises(PlaceTakenError, match=f"of photo {OTHER}"):
            await store.write_sidecar(PHOTO, {"flickr": {"id": PHOTO}})
        with pytest.raises(PlaceTakenError, match=f"of photo {OTHER}"):
            store.find_copies([PHOTO])
        assert store.trash(PHOTO) == 0

        assert content(store, path) == b"of the other photo"
        assert store.read_sidecar(PHOTO) == {"flickr": {"id": OTHER}}

    async def test_a_name_is_free_without_a_sidecar_or_with_that_of_the_photo(self, store: Store) -> None:
        """Sidecars without an id, or that cannot be read, do not name another photo."""
        store.check_name(PHOTO)
        for data in (b"{", b"[]", b'{"title": "x"}', json.dumps({"flickr": {"id": PHOTO}}).encode()):
            path = await put(store, PHOTO, "json", data)
            store.check_name(PHOTO)
            assert content(store, path) == data

    # Reading

    async def test_find_returns_the_first_extension_that_exists(self, store: Store) -> None:
        """Other photos and other extensions do not count."""
        await put(store, PHOTO, "png", b"png")
        await put(store, PHOTO, "gif", b"gif")

        assert store.find(PHOTO, ["jpg", "gif", "png"]) == store.path(PHOTO, "gif")
        assert store.find(PHOTO, ["jpg"]) is None
        assert store.find(OTHER, ["gif"]) is None

    def test_a_missing_file_is_an_os_error(self, store: Store) -> None:
        """A caller can distinguish a missing file from one that cannot be read."""
        path = store.path(PHOTO, "jpg")
        with pytest.raises(FileNotFoundError):
            store.size(path)
        with pytest.raises(FileNotFoundError):
            store.open_file(path)
        assert store.find_link(path) is None
        assert store.read_sidecar(PHOTO) is None

    async def test_an_open_file_can_be_inspected_decoded_and_hashed(self, store: Store) -> None:
        """One open file can be used for all checks, in any order, and stays open."""
        path = await put(store, PHOTO, "png", image("PNG"))
        with store.open_file(path) as file:
            assert isinstance(file, io.RawIOBase)
            assert inspect(file).extension == "png"
            decode(file)
            assert sha256_of(file) == hashlib.sha256(image("PNG")).digest()
            assert inspect(file).ends

    async def test_the_listing_has_the_files_of_each_photo(
        self, store: Store, reopen: Callable[[], Store]
    ) -> None:
        """Every photo is yielded once with all of its files; partial, trashed and broken files are not."""
        paths = {extension: await put(store, PHOTO, extension, b"x") for extension in ("jpg", "json", "mp4")}
        other = await put(store, OTHER, "jpg", b"x")
        for photo_id in ("1", "2"):
            await put(store, photo_id, "jpg", b"x")
        store.trash("1")
        store.quarantine(store.path("2", "jpg"))

        async with store.new_file() as file:
            await file.write(LARGE)
            for opened in (store, reopen()):
                assert listed(opened) == {paths["jpg"].stem: paths, other.stem: {"jpg": other}}

    async def test_the_listing_of_an_empty_store_is_empty(self, store: Store) -> None:
        """An empty store is not an error."""
        assert list(store.list_files()) == []

    # Sidecars

    async def test_a_sidecar_can_be_read_back(self, store: Store) -> None:
        """The returned path and bytes are those in the store, as readable UTF-8."""
        document = {"title": {"content": "Phố cổ"}, "flickr": {"id": PHOTO}}
        path, data = await store.write_sidecar(PHOTO, document)

        assert path == store.path(PHOTO, "json")
        assert content(store, path) == data
        assert "Phố cổ" in data.decode()
        assert store.read_sidecar(PHOTO) == document

    async def test_a_sidecar_is_replaced(self, store: Store) -> None:
        """A changed document replaces the earlier one, also if the caller expected none."""
        await store.write_sidecar(PHOTO, {"title": "old"})
        await store.write_sidecar(PHOTO, {"title": "new"})
        assert store.read_sidecar(PHOTO) == {"title": "new"}
        await store.write_sidecar(PHOTO, {"title": "newest"}, may_exist=False)
        assert store.read_sidecar(PHOTO) == {"title": "newest"}

    async def test_the_part_of_an_import_is_kept(self, store: Store) -> None:
        """A run writes a sidecar without the part of an account export, which stays in the file."""
        details = {"notes": [{"id": "1"}]}
        await store.write_sidecar(PHOTO, {"title": "old", "flickr": {"id": PHOTO, "export": details}})
        path, data = await store.write_sidecar(PHOTO, {"title": "new", "flickr": {"id": PHOTO}})
        expected = {"title": "new", "flickr": {"id": PHOTO, "export": details}}
        assert store.read_sidecar(PHOTO) == expected
        assert content(store, path) == data
        _, same = await store.write_sidecar(PHOTO, {"title": "new", "flickr": {"id": PHOTO}})
        assert same == data
        await store.write_sidecar(PHOTO, {"title": "new", "flickr": {"id": PHOTO, "export": {}}})
        assert store.read_sidecar(PHOTO) == {"title": "new", "flickr": {"id": PHOTO, "export": {}}}

    async def test_parts_of_a_sidecar_from_other_calls_are_kept(self, store: Store) -> None:
        """Unless the new document has them too, or is of another photo; the order is always the same."""
        old = {"title": "old", "flickr": {"id": PHOTO, "exif": None, "details": {"notes": []}, "tags": ["a"]}}
        await store.write_sidecar(PHOTO, old)
        _, data = await store.write_sidecar(
            PHOTO, {"title": "new", "flickr": {"id": PHOTO, "faves": {"people": []}}}
        )
        whole: dict[str, object] = {
            "id": PHOTO,
            "details": {"notes": []},
            "faves": {"people": []},
            "exif": None,
        }
        assert store.read_sidecar(PHOTO) == json.loads(data) == {"title": "new", "flickr": whole}
        assert [*json.loads(data)["flickr"]] == [*whole]
        again = await store.write_sidecar(PHOTO, {"title": "new", "flickr": {"id": PHOTO}})
        assert again[1] == data
        await store.write_sidecar(PHOTO, {"title": "new", "flickr": {"id": PHOTO, "details": {"notes": [1]}}})
        assert store.read_sidecar(PHOTO) == {"title": "new", "flickr": {**whole, "details": {"notes": [1]}}}

    @pytest.mark.parametrize("data", [b"", b"{", b"[]", b"\xff\xfe", b"[" * 100_000])
    async def test_a_damaged_sidecar_is_not_read_and_is_replaced(self, store: Store, data: bytes) -> None:
        """Damaged documents are not trusted."""
        await put(store, PHOTO, "json", data)
        assert store.read_sidecar(PHOTO) is None
        await store.write_sidecar(PHOTO, {"title": "x"})
        assert store.read_sidecar(PHOTO) == {"title": "x"}

    # Removing

    async def test_a_removed_file_does_not_exist(self, store: Store) -> None:
        """Other files of the photo stay. Removing a missing file is not an error."""
        path, sidecar = await put(store, PHOTO, "jpg", b"x"), await put(store, PHOTO, "json", b"{}")
        store.remove(path)
        store.remove(path)
        store.remove(store.path(OTHER, "jpg"))

        assert listed(store) == {path.stem: {"json": sidecar}}

    async def test_trash_moves_all_files_of_one_photo(self, store: Store) -> None:
        """Their number is returned, their bytes still exist, and other photos stay."""
        for extension in ("jpg", "json"):
            await put(store, PHOTO, extension, extension.encode())
        other = await put(store, OTHER, "jpg", b"x")

        assert store.trash(PHOTO) == 2
        assert store.trash(PHOTO) == 0
        assert listed(store) == {other.stem: {"jpg": other}}
        copies = store.find_copies([PHOTO])[PHOTO]
        assert {content(store, path) for path in copies} == {b"jpg", b"json"}

    async def test_quarantine_moves_one_file(self, store: Store) -> None:
        """A broken file can be examined later. The photo's other files stay."""
        path, sidecar = await put(store, PHOTO, "jpg", b"broken"), await put(store, PHOTO, "json", b"{}")
        store.quarantine(path)

        assert listed(store) == {path.stem: {"json": sidecar}}
        (copy,) = store.find_copies([PHOTO])[PHOTO].keys() - {sidecar}
        assert content(store, copy) == b"broken"

    @pytest.mark.parametrize("operation", ["trash", "quarantine"])
    async def test_files_that_were_moved_earlier_are_kept(self, store: Store, operation: str) -> None:
        """The second file of a name in the trash or in quarantine does not replace the first."""
        for data in (b"first", b"second", b"third"):
            path = await put(store, PHOTO, "jpg", data)
            if operation == "trash":
                store.trash(PHOTO)
            else:
                store.quarantine(path)

        copies = store.find_copies([PHOTO])[PHOTO]
        assert {content(store, path) for path in copies} == {b"first", b"second", b"third"}

    async def test_all_copies_of_a_photo_can_be_erased(
        self, store: Store, reopen: Callable[[], Store]
    ) -> None:
        """The copies are those in the mirror, the trash and the quarantine, with their sizes, and of this photo."""
        await put(store, PHOTO, "jpg", b"1")
        store.trash(PHOTO)
        store.quarantine(await put(store, PHOTO, "jpg", b"22"))
        await put(store, PHOTO, "jpg", b"333")
        other = await put(store, OTHER, "jpg", b"x")

        found = store.find_copies([PHOTO, OTHER, "7"])
        assert sorted(found[PHOTO].values()) == [1, 2, 3]
        assert (found[OTHER], found["7"]) == ({other: 1}, {})
        for path in found[PHOTO]:
            store.remove(path)
        assert reopen().find_copies([PHOTO]) == {PHOTO: {}}
        assert content(store, other) == b"x"

    # Durability

    @pytest.mark.parametrize("data", [b"small", LARGE], ids=["small", "large"])
    async def test_bytes_are_durable_before_the_name(
        self, store: Store, steps: Callable[[], list[str]] | None, data: bytes
    ) -> None:
        """A power failure leaves no name without its bytes, and loses nothing once the commit has returned."""
        if steps is None:
            pytest.skip("the steps of this store cannot be observed")
        for _ in range(2):  # a new name, then a replaced one
            await put(store, PHOTO, "jpg", data)
            taken = [step for step in steps() if step != "remove"]
            name = taken.index("name")
            assert "write" in taken[:name]
            assert "sync bytes" in taken[:name]
            assert not {"write", "sync bytes"} & set(taken[name:])
            assert taken[-1] == "sync names"

    async def test_moves_and_removals_are_durable(
        self, store: Store, steps: Callable[[], list[str]] | None
    ) -> None:
        """A power failure does not restore a file that was removed, trashed or quarantined."""
        if steps is None:
            pytest.skip("the steps of this store cannot be observed")
        changes: dict[str, Callable[[Path], object]] = {
            "remove": store.remove,
            "trash": lambda _: store.trash(PHOTO),
            "quarantine": store.quarantine,
        }
        for name, change in changes.items():
            path = await put(store, PHOTO, "jpg", b"x")
            steps()
            change(path)
            taken = steps()
            assert ("remove" if name == "remove" else "name") in taken, name
            assert taken[-1] == "sync names", name

    async def test_existing_files_can_be_made_durable(self, store: Store) -> None:
        """Files that a killed run left are made durable together, without a change."""
        paths = [await put(store, PHOTO, "jpg", b"x"), await put(store, PHOTO, "json", b"{}")]
        store.make_durable(paths)

        assert [content(store, path) for path in paths] == [b"x", b"{}"]

    # Links

    async def test_links_are_not_followed(self, store: Store, tmp_path: Path) -> None:
        """A link in place of a file is not a file of the mirror, and is reported."""
        if not store.properties.has_links:
            pytest.skip("this store has no links")
        path = await put(store, PHOTO, "jpg", b"x")
        (tmp_path / "outside").write_bytes(b"of the user")
        store.remove(path)
        path.symlink_to(tmp_path / "outside")

        assert store.find(PHOTO, ["jpg"]) is None
        assert store.find_link(path) == path
        assert listed(store) == {}
        for read in (store.size, store.open_file):
            with pytest.raises(OSError, match="symbolic links") as caught:
                read(path)
            assert caught.value.errno == errno.ELOOP
        with pytest.raises(PlaceTakenError):
            store.make_durable([path])
        assert list(store.find_copies([PHOTO])[PHOTO]) == [path]
        await put(store, PHOTO, "jpg", b"y")
        assert content(store, path) == b"y"
        assert (tmp_path / "outside").read_bytes() == b"of the user"

    def test_a_document_is_written_once(self, store: Store) -> None:
        assert store.write_document("albums/72157-1", {"title": "Huế"}) is True
        assert store.write_document("albums/72157-1", {"title": "Huế"}) is False
        assert store.read_document("albums/72157-1") == {"title": "Huế"}

    def test_a_document_is_replaced_when_it_changes(self, store: Store, reopen: Callable[[], Store]) -> None:
        store.write_document("profile", {"name": "a"})
        assert store.write_document("profile", {"name": "b"}) is True
        assert reopen().read_document("profile") == {"name": "b"}

    def test_documents_are_listed_by_group_and_are_not_files_of_photos(self, store: Store) -> None:
        assert store.list_documents("albums") == []
        for name in ("albums/2", "albums/1", "galleries/3", "profile"):
            store.write_document(name, {})
        assert store.list_documents("albums") == ["albums/1", "albums/2"]
        assert store.list_documents("") == ["profile"]
        assert list(store.list_files()) == []

    def test_a_broken_document_is_moved_aside(self, store: Store) -> None:
        for name in ("albums/1", "profile"):
            store.write_document(name, {})
            store.quarantine(store.document_path(name))
            assert store.read_document(name) is None
        with pytest.raises(ValueError, match="Invalid name"):
            store.document_path("../x")

    def test_a_missing_document_is_none(self, store: Store) -> None:
        assert store.read_document("profile") is None

    @pytest.mark.parametrize("name", ["", "../x", "a/b/c", "a/..", "/etc", "a\\b", "a.json"])
    def test_other_names_of_documents_are_refused(self, store: Store, name: str) -> None:
        with pytest.raises(ValueError, match="name of a document"):
            store.write_document(name, {})
