"""Where servers listen: Unix sockets, whose names have a longest length, and the port that browsers see."""

import os
import socket
from pathlib import Path

from leaderboard.up.errors import BoardError

LONGEST = 107  # bytes in sockaddr_un.sun_path, less its end


def checked(path: Path) -> Path:
    if len(os.fsencode(path)) > LONGEST:
        raise BoardError(f"{path} is too long for the name of a socket: choose a shorter --folder")
    return path


def accepts(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect(str(path))
        except OSError:
            return False
        return True


def check_free(port: int) -> None:
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the site's own server does
        try:
            server.bind(("127.0.0.1", port))
        except OSError as error:
            raise BoardError(f"port {port} cannot be used ({error.strerror}): choose another with --port") from None
