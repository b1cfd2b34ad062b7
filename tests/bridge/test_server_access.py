"""Who may talk to the server, and what they get."""

from __future__ import annotations

import asyncio
import contextlib

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from companion.bridge.connection import BURST_MESSAGES
from protocol import messages as m
from protocol.closing import CloseCode
from protocol.codec import MAX_CLIENT_FRAME_BYTES, encode_client
from protocol.version import PROTOCOL_VERSION


async def http(port, request):
    """The raw answer to a raw HTTP request."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request)
        async with asyncio.timeout(20):
            return await reader.read()
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


def get(path, host, extra=""):
    return f"GET {path} HTTP/1.1\r\nHost: {host}\r\n{extra}\r\n".encode()


async def closed_with(socket):
    """The close code, once the server has closed."""
    async with asyncio.timeout(20):
        async for _ in _frames(socket):
            pass
    return socket.close_code


async def _frames(socket):
    with contextlib.suppress(ConnectionClosed):
        while True:
            yield await socket.recv()


def address(daemon):
    return f"ws://127.0.0.1:{daemon.port}/ws"


def hello(token, version=PROTOCOL_VERSION):
    return encode_client(m.Hello(protocol_version=version, token=token))


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "LOCALHOST", "[::1]"])
async def test_the_page_is_served_to_this_machine(start, name):
    async with start() as daemon:
        answer = await http(daemon.port, get("/", f"{name}:{daemon.port}"))
        head, _, body = answer.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200")
        assert b"text/html" in head
        assert b"<html" in body.lower() or b"<!doctype html" in body.lower()


async def test_pages_carry_a_strict_policy(start):
    async with start() as daemon:
        answer = await http(daemon.port, get("/", f"127.0.0.1:{daemon.port}"))
        head = answer.partition(b"\r\n\r\n")[0].decode().lower()
        assert "content-security-policy: default-src 'none'; script-src 'self'" in head
        assert "unsafe" not in head
        assert "nosniff" in head
        assert "frame-ancestors 'none'" in head
        assert "access-control-allow-origin" not in head


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "127.0.0.1.nip.io:{port}"],
)
async def test_other_host_names_are_refused(start, host):
    async with start() as daemon:
        answer = await http(daemon.port, get("/", host.format(port=daemon.port)))
        assert answer.startswith(b"HTTP/1.1 403")


async def test_a_missing_or_doubled_host_is_refused(start):
    async with start() as daemon:
        none = await http(daemon.port, b"GET / HTTP/1.1\r\n\r\n")
        assert none.startswith(b"HTTP/1.1 403")
        name = f"127.0.0.1:{daemon.port}"
        two = await http(daemon.port, get("/", name, f"Host: {name}\r\n"))
        assert two.startswith(b"HTTP/1.1 400")


@pytest.mark.parametrize(
    "path",
    ["/nothing", "/../daemon.py", "/%2e%2e/daemon.py", "/..%5cdaemon.py", "//etc/passwd", "/ws/"],
)
async def test_only_the_built_files_are_served(start, path):
    async with start() as daemon:
        answer = await http(daemon.port, get(path, f"127.0.0.1:{daemon.port}"))
        assert answer.startswith(b"HTTP/1.1 404")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "HEAD", "get"])
async def test_other_methods_are_refused(start, method):
    async with start() as daemon:
        request = f"{method} / HTTP/1.1\r\nHost: 127.0.0.1:{daemon.port}\r\n\r\n".encode()
        assert not (await http(daemon.port, request)).startswith(b"HTTP/1.1 2")


async def test_the_socket_path_without_an_upgrade_changes_nothing(start):
    async with start() as daemon:
        answer = await http(daemon.port, get("/ws", f"127.0.0.1:{daemon.port}"))
        assert answer.startswith(b"HTTP/1.1 426")


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "null",
        "http://127.0.0.1:1",
        "https://127.0.0.1:{port}",
        "http://localhost",
    ],
)
async def test_foreign_pages_are_refused(start, origin):
    async with start() as daemon:
        headers = {"Origin": origin.format(port=daemon.port)}
        with pytest.raises(InvalidStatus) as caught:
            async with connect(address(daemon), additional_headers=headers):
                pass
        assert caught.value.response.status_code == 403


async def test_the_own_page_is_let_in(start, join):
    async with start() as daemon:
        for name in ("127.0.0.1", "localhost"):
            headers = {"Origin": f"http://{name}:{daemon.port}"}
            async with join(daemon, additional_headers=headers) as client:
                assert client.map is not None


@pytest.mark.parametrize("token", ["", "wrong", "täuschend"])
async def test_a_wrong_token_closes(start, token):
    async with start() as daemon, connect(address(daemon)) as socket:
        await socket.send(hello(token))
        assert await closed_with(socket) == CloseCode.WRONG_TOKEN


async def test_another_version_closes(start):
    async with start() as daemon, connect(address(daemon)) as socket:
        await socket.send(hello(daemon.token, PROTOCOL_VERSION + 1))
        assert await closed_with(socket) == CloseCode.OTHER_VERSION


@pytest.mark.parametrize(
    "first",
    [
        b"garbage",
        "text",
        encode_client(m.Undo(request_id="1")),
        b"",
    ],
)
async def test_anything_before_hello_closes(start, first):
    async with start() as daemon, connect(address(daemon)) as socket:
        await socket.send(first)
        assert await closed_with(socket) == CloseCode.BAD_MESSAGE


async def test_silence_before_hello_closes(start, monkeypatch):
    monkeypatch.setattr("companion.bridge.connection.HELLO_TIMEOUT_S", 0.01)
    async with start() as daemon, connect(address(daemon)) as socket:
        assert await closed_with(socket) == CloseCode.BAD_MESSAGE


async def test_a_second_hello_closes(start, join):
    async with start() as daemon, join(daemon) as client:
        await client.socket.send(hello(daemon.token))
        assert await closed_with(client.socket) == CloseCode.BAD_MESSAGE


async def test_a_huge_frame_closes(start, join):
    async with start() as daemon, join(daemon) as client:
        await client.socket.send(b"\0" * (MAX_CLIENT_FRAME_BYTES + 1))
        assert await closed_with(client.socket) == 1009


def _dismissal(number):
    return encode_client(m.Dismiss(request_id=str(number), finding_id="none"))


async def test_a_flood_closes_and_the_daemon_lives(start, join):
    async with start() as daemon:
        async with join(daemon) as client:
            with contextlib.suppress(ConnectionClosed):
                for number in range(BURST_MESSAGES * 3):
                    await client.socket.send(_dismissal(number))
            assert await closed_with(client.socket) == CloseCode.TOO_MANY_MESSAGES
        async with join(daemon) as client:
            assert client.map is not None


async def test_too_many_connections_are_refused(start, monkeypatch):
    monkeypatch.setattr("companion.bridge.server.MAX_CONNECTIONS", 1)
    async with start() as daemon, connect(address(daemon)) as socket:
        await socket.send(hello(daemon.token))
        await socket.recv()
        with pytest.raises(InvalidStatus) as caught:
            async with connect(address(daemon)):
                pass
        assert caught.value.response.status_code == 503


async def test_tokens_differ_between_starts(start):
    async with start() as first, start() as second:
        assert first.token != second.token
        assert first.url == f"http://127.0.0.1:{first.port}/#token={first.token}"
