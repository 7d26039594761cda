# SPDX-License-Identifier: GPL-2.0-or-later
"""Pinned maps by the bpf system call itself: what the programs see, and nothing of weir's own reading."""
import ctypes
import errno
import os
import platform
import struct

_libc = ctypes.CDLL(None, use_errno=True)
_NUMBER = {"x86_64": 321, "aarch64": 280}.get(platform.machine(), 0)
_LOOKUP, _UPDATE, _OBJ_GET, _TEST_RUN, _FD_BY_ID, _LOOKUP_BATCH = 1, 2, 7, 10, 14, 24


def _bpf(command, attributes):
    buffer = ctypes.create_string_buffer(attributes, len(attributes))
    result = _libc.syscall(_NUMBER, command, buffer, len(attributes))
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return result, buffer.raw


class Map:
    """An array map; `with Map.pinned(path, value_size) as values: values[3]`."""

    def __init__(self, fd, value_size):
        self.fd, self.value_size = fd, value_size

    @classmethod
    def pinned(cls, path, value_size):
        name = ctypes.create_string_buffer(path.encode())
        return cls(_bpf(_OBJ_GET, struct.pack("=QII", ctypes.addressof(name), 0, 0))[0], value_size)

    @classmethod
    def by_id(cls, number, value_size):
        return cls(_bpf(_FD_BY_ID, struct.pack("=III", number, 0, 0))[0], value_size)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self.fd)

    def __getitem__(self, index):
        """The value, or None where an array of maps has none."""
        key = ctypes.create_string_buffer(struct.pack("=I", index), 4)
        value = ctypes.create_string_buffer(self.value_size)
        try:
            _bpf(_LOOKUP, struct.pack("=IIQQQ", self.fd, 0, ctypes.addressof(key), ctypes.addressof(value), 0))
        except OSError as error:
            if error.errno == errno.ENOENT:
                return None
            raise
        return value.raw

    def __setitem__(self, index, data):
        key = ctypes.create_string_buffer(struct.pack("=I", index), 4)
        value = ctypes.create_string_buffer(data, self.value_size)
        _bpf(_UPDATE, struct.pack("=IIQQQ", self.fd, 0, ctypes.addressof(key), ctypes.addressof(value), 0))

    def all(self, count):
        """The first `count` values, at once."""
        keys = ctypes.create_string_buffer(4 * count)
        values = ctypes.create_string_buffer(self.value_size * count)
        cursor = ctypes.create_string_buffer(4)
        attributes = struct.pack("=QQQQIIQQ", 0, ctypes.addressof(cursor), ctypes.addressof(keys),
                                 ctypes.addressof(values), count, self.fd, 0, 0)
        try:
            _bpf(_LOOKUP_BATCH, attributes)
        except OSError as error:
            if error.errno != errno.ENOENT:
                raise
        return [values.raw[at:at + self.value_size] for at in range(0, len(values), self.value_size)]


def run_program(path, context):
    """Runs a pinned syscall program with `context`; what it has made of it."""
    name = ctypes.create_string_buffer(path.encode())
    program = _bpf(_OBJ_GET, struct.pack("=QII", ctypes.addressof(name), 0, 0))[0]
    try:
        memory = ctypes.create_string_buffer(context, len(context))
        _bpf(_TEST_RUN, struct.pack("=IIIIQQIIIIQQIII4x", program, 0, 0, 0, 0, 0, 0, 0, len(context), 0,
                                    ctypes.addressof(memory), 0, 0, 0, 0))
        return memory.raw
    finally:
        os.close(program)
