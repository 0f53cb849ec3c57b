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
