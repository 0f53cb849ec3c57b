"""Leaves something under the name of the predictions that is no plain file."""

import os
import socket
import stat
from pathlib import Path

import evaluator.sandbox.corpus.probe  # noqa: F401  refuses to run on a host

here = Path("/holdout/out")
made = here / "predictions.csv"
other = here / "other"
other.write_text("row_id,prediction\n0,0.5\n")
match os.environ["KIND"]:
    case "symlink":
        made.symlink_to("/etc/passwd")
    case "symlink_beside":
        made.symlink_to("other")
    case "symlink_proc":
        made.symlink_to("/proc/self/environ")
    case "symlink_loop":
        made.symlink_to("predictions.csv")
    case "hard_link":
        made.hardlink_to(other)
    case "fifo":
        os.mkfifo(made)
    case "socket":
        socket.socket(socket.AF_UNIX).bind(str(made))
    case "directory":
        made.mkdir()
    case "device":
        os.mknod(made, stat.S_IFCHR | 0o666, os.makedev(1, 5))
    case "two_formats":
        made.write_text("row_id,prediction\n0,0.5\n")
        (here / "predictions.npy").write_bytes(b"")
    case "unreadable":
        made.write_text("row_id,prediction\n0,0.5\n")
        made.chmod(0)
