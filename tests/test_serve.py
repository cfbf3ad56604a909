"""Serving the built site: on this machine only, and a clear line when it cannot be done."""

import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path

import pytest

from tools import serve

SCRIPT = Path(serve.__file__)


@pytest.fixture
def site(tmp_path):
    """A site of one page."""
    (tmp_path / "index.html").write_text("<title>The book</title>")
    return tmp_path


def run(*arguments):
    """Run the script as the Makefile does."""
    command = [sys.executable, str(SCRIPT), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=30)


def free_port():
    """Find a port that nothing listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def test_pages_are_served_on_this_machine_only(site):
    server = serve.make_server(site, 0)
    assert server.server_address[0] == "127.0.0.1"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        address = f"http://127.0.0.1:{server.server_port}/"
        with urllib.request.urlopen(address) as response:
            assert b"The book" in response.read()
            assert response.headers["Cache-Control"] == "no-cache"
    finally:
        server.shutdown()
        server.server_close()


def test_an_occupied_port_is_named_with_a_remedy(site):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        result = run(site, "--port", port)
    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr == f"error: port {port} is in use: choose another, as PORT={port + 1}\n"


@pytest.mark.parametrize("port", ["0", "80", "65536", "eight", "-1", "8000.5", ""])
def test_what_is_no_port_is_named(site, port):
    result = run(site, f"--port={port}")
    assert result.returncode == 1
    assert result.stderr.startswith(f"error: {port!r} is not a port")
    assert result.stderr.count("\n") == 1


def test_a_missing_site_is_named(tmp_path):
    result = run(tmp_path / "nothing")
    assert result.returncode == 1
    assert result.stderr == f"error: there is no site in {tmp_path / 'nothing'}: run make book\n"


def test_control_c_ends_it_without_a_traceback(site):
    command = [sys.executable, str(SCRIPT), str(site), "--port", str(free_port())]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert "http://127.0.0.1:" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 0
    assert errors == ""
