"""Ways to more rights, and parts of the kernel that a model has no use for."""

import ctypes
import os
import platform

from evaluator.sandbox.corpus.probe import attempt, system_call

X86 = platform.machine() == "x86_64"
NEW_USER, NEW_NET, NEW_NS = 0x10000000, 0x40000000, 0x00020000
buffer = ctypes.create_string_buffer(256)
here = ctypes.addressof(buffer)

attempt("io_uring", system_call, 425, 8, here)
attempt("io_uring_enter", system_call, 426, 0, 1, 0, 0, 0, 0)
attempt("ptrace", system_call, 101 if X86 else 117, 16, os.getppid(), 0, 0)
attempt("ptrace me", system_call, 101 if X86 else 117, 0, 0, 0, 0)
attempt("another process's memory", system_call, 310 if X86 else 270, os.getppid(), here, 1, here, 1, 0)
attempt("another process's handle", system_call, 438, 0, 0, 0)
for name, flag in (("user", NEW_USER), ("network", NEW_NET), ("mount", NEW_NS), ("both", NEW_USER | NEW_NS)):
    attempt(f"unshare {name}", system_call, 272 if X86 else 97, flag)
    attempt(f"clone {name}", system_call, 56 if X86 else 220, flag | 17, 0, 0, 0, 0)
attempt("clone3", system_call, 435, here, 64)
attempt("setns", lambda: system_call(308 if X86 else 268, os.open("/proc/1/ns/net", os.O_RDONLY), 0))
attempt("mount tmpfs", system_call, 165 if X86 else 40, here, here, here, 0, 0)
attempt("remount", system_call, 165 if X86 else 40, 0, here, 0, 0x20, 0)
attempt("fsopen", system_call, 430, here, 0)
attempt("open_tree", system_call, 428, 0, here, 1)
attempt("pivot_root", system_call, 155 if X86 else 41, here, here)
attempt("chroot", os.chroot, "/tmp")
attempt("keys", system_call, 250 if X86 else 219, 0, -3, 1)
attempt("bpf", system_call, 321 if X86 else 280, 0, here, 48)
attempt("perf", system_call, 298 if X86 else 241, here, 0, -1, -1, 0)
attempt("userfaultfd", system_call, 323 if X86 else 282, 0)
attempt("file handles", system_call, 304 if X86 else 265, -100, here, 0)
attempt("the host's memory", lambda: (os.mknod("/tmp/mem", 0o020666, os.makedev(1, 1)), os.open("/tmp/mem", os.O_RDWR)))
attempt("another user", os.setuid, 0)
attempt("another group", os.setgid, 0)
attempt("more groups", os.setgroups, [0])
attempt("the clock", lambda: __import__("time").clock_settime(0, 0))
attempt("the host's name", lambda: system_call(170 if X86 else 161, here, 4))
attempt("more files", lambda: __import__("resource").setrlimit(7, (1 << 20, 1 << 20)))
attempt("a setuid program's rights", lambda: [None][os.spawnlp(os.P_WAIT, "su", "su", "-c", "id")])
print("done")
