"""A disk that fails, as SQLite itself meets it: beneath SQLite, where it asks the system.

`bot/simulation/faults` says what SQLite would say. Here SQLite says so itself, with all that it
does then: its own files are opened through a layer (a "VFS", sqlite.org/vfs.html) that passes
everything on to the usual one, and now and then has a write find the disk full, a sync fail, or the
lock for writing be somebody else's.
"""

from __future__ import annotations

import _sqlite3
import ctypes
import random
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import CFUNCTYPE, POINTER, c_char_p, c_int, c_int64, c_void_p

FULL = "disk full, by SQLite itself"
FSYNC = "disk does not keep, by SQLite itself"
LOCKED = "file locked by another process"
KINDS = {
    FULL: sqlite3.SQLITE_FULL,
    FSYNC: sqlite3.SQLITE_IOERR_FSYNC,
    LOCKED: sqlite3.SQLITE_BUSY,
}

TAKE_FOR_WRITING = (0, 1, 2 | 8)
"""What is asked of `xShmLock` by who wants to write: offset, count, SHM_LOCK | SHM_EXCLUSIVE."""


class _Vfs(ctypes.Structure):
    """sqlite.org/c3ref/vfs.html"""

    _fields_ = (
        *(("version", c_int), ("file_size", c_int), ("longest_path", c_int)),
        *(("next", c_void_p), ("name", c_char_p), ("app_data", c_void_p), ("open", c_void_p)),
        ("others", c_void_p * 15),
    )


class _Methods(ctypes.Structure):
    """sqlite.org/c3ref/io_methods.html"""

    _fields_ = (
        *(("version", c_int), ("close", c_void_p), ("read", c_void_p), ("write", c_void_p)),
        *(("truncate", c_void_p), ("sync", c_void_p), ("others", c_void_p * 7)),
        *(("shm_map", c_void_p), ("shm_lock", c_void_p), ("more", c_void_p * 4)),
    )


class _File(ctypes.Structure):
    _fields_ = (("methods", POINTER(_Methods)),)


_Open = CFUNCTYPE(c_int, c_void_p, c_void_p, POINTER(_File), c_int, c_void_p)
_Write = CFUNCTYPE(c_int, c_void_p, c_void_p, c_int, c_int64)
_Sync = CFUNCTYPE(c_int, c_void_p, c_int)
_ShmLock = CFUNCTYPE(c_int, c_void_p, c_int, c_int, c_int)


class FailingDisk:
    """Fails by chance, while `shares` says how often."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(f"disk {seed}")
        self.shares: dict[str, float] = {}
        self.failed: Counter[str] = Counter()
        self._library = ctypes.CDLL(_sqlite3.__file__)
        self._library.sqlite3_vfs_find.restype = POINTER(_Vfs)
        self._usual = self._library.sqlite3_vfs_find(None)
        self._kept: list[object] = []
        """What SQLite holds pointers to must not be let go of."""
        self._methods: dict[int, _Methods] = {}
        """By where the usual ones are: ours in their place."""
        self._ours = _Vfs.from_buffer_copy(self._usual.contents)
        self._ours.name = b"failing"
        self._ours.next = None
        self._ours.open = self._pointer(_Open(self._opened))

    def _pointer(self, function: ctypes._CFuncPtr) -> int | None:
        self._kept.append(function)
        return ctypes.cast(function, c_void_p).value

    def _fails(self, kind: str) -> bool:
        if self._chance.random() >= self.shares.get(kind, 0):
            return False
        self.failed[kind] += 1
        return True

    def _opened(
        self, _vfs: int, name: int, file: ctypes._Pointer[_File], flags: int, out: int
    ) -> int:
        usual = _Open(self._usual.contents.open)
        code: int = usual(ctypes.addressof(self._usual.contents), name, file, flags, out)
        if code == sqlite3.SQLITE_OK:
            theirs = file.contents.methods
            at = ctypes.addressof(theirs.contents)
            if at not in self._methods:
                self._methods[at] = self._in_place_of(theirs.contents)
            file.contents.methods = ctypes.pointer(self._methods[at])
        return code

    def _in_place_of(self, theirs: _Methods) -> _Methods:
        write, lock = _Write(theirs.write), _ShmLock(theirs.shm_lock)

        def written(file: int, data: int, length: int, offset: int) -> int:
            return KINDS[FULL] if self._fails(FULL) else write(file, data, length, offset)

        def synced(_file: int, _flags: int) -> int:
            # The machine is not going to lose its power in the middle of a test.
            return KINDS[FSYNC] if self._fails(FSYNC) else sqlite3.SQLITE_OK

        def locked(file: int, *wanted: int) -> int:
            if wanted == TAKE_FOR_WRITING and self._fails(LOCKED):
                return KINDS[LOCKED]
            return lock(file, *wanted)

        ours = _Methods.from_buffer_copy(theirs)
        ours.write = self._pointer(_Write(written))
        ours.sync = self._pointer(_Sync(synced))
        ours.shm_lock = self._pointer(_ShmLock(locked))
        return ours

    @contextmanager
    def beneath(self) -> Iterator[None]:
        """Files that SQLite opens meanwhile in this process are on it."""
        assert self._library.sqlite3_vfs_register(ctypes.byref(self._ours), 1) == sqlite3.SQLITE_OK
        try:
            yield
        finally:
            self._library.sqlite3_vfs_unregister(ctypes.byref(self._ours))
