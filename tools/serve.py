"""Serve the built site on this machine: ``make serve``."""

import argparse
import errno
import functools
import http.server
import sys
from pathlib import Path


class _Handler(http.server.SimpleHTTPRequestHandler):
    """Serves files, without a line for each and without letting the browser keep old ones."""

    def end_headers(self):
        self.send_header("Cache-Control", "no-cache")
        super().end_headers()

    def log_message(self, format, *args):
        pass


def make_server(site: Path, port: int) -> http.server.ThreadingHTTPServer:
    """
    Bind a server of static files to a port of this machine.

    Parameters
    ----------
    site : Path
        Folder of the built pages.
    port : int
        Port to listen on; 0 takes a free one.

    Returns
    -------
    http.server.ThreadingHTTPServer
        The server, bound but not yet answering.

    Raises
    ------
    FileNotFoundError
        When there is no built site in the folder.
    OSError
        When the port is taken or not allowed.
    """
    if not (site / "index.html").is_file():
        raise FileNotFoundError(f"there is no site in {site}: run make book")
    handler = functools.partial(_Handler, directory=str(site))
    return http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)


def main() -> None:
    """Serve until the user presses Ctrl-C."""
    parser = argparse.ArgumentParser(description="Serve the built site on this machine.")
    parser.add_argument("site", type=Path, help="folder of the built pages")
    parser.add_argument("--port", default="8000", help="port (default: 8000)")
    options = parser.parse_args()
    if not options.port.isdecimal() or not 1024 <= int(options.port) <= 65535:
        sys.exit(
            f"error: {options.port!r} is not a port: name one from 1024 to 65535, as PORT=8001"
        )
    try:
        server = make_server(options.site, int(options.port))
    except FileNotFoundError as error:
        sys.exit(f"error: {error}")
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            other = int(options.port) % 65535 + 1
            sys.exit(f"error: port {options.port} is in use: choose another, as PORT={other}")
        sys.exit(f"error: port {options.port} cannot be used: {error.strerror}")
    try:
        print(f"The book is at http://127.0.0.1:{server.server_port}/ (stop: Ctrl-C)", flush=True)
        server.serve_forever()
    except KeyboardInterrupt:
        print()
    finally:
        server.server_close()


if __name__ == "__main__":
    main()
