"""Network."""

import socket
import urllib.request
from pathlib import Path

from evaluator.sandbox.corpus.probe import attempt

socket.setdefaulttimeout(1)
for address in (("1.1.1.1", 53), ("169.254.169.254", 80), ("172.17.0.1", 22), ("10.0.0.1", 80), ("192.168.0.1", 80)):
    attempt(f"TCP to {address[0]}", socket.create_connection, address)
    attempt(f"UDP to {address[0]}", socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto, b"x", address)
attempt("TCP over IPv6", socket.create_connection, ("2606:4700:4700::1111", 53))
attempt("cloud metadata over IPv6", socket.create_connection, ("fd00:ec2::254", 80))
for port in (2375, 2376, 5000, 6379, 5432):
    attempt(f"the host's port {port}", socket.create_connection, ("127.0.0.1", port))
for name in ("example.com", "host.docker.internal", "metadata.google.internal", "registry-1.docker.io"):
    attempt(f"the name {name}", socket.getaddrinfo, name, 80)
attempt("HTTP", urllib.request.urlopen, "http://example.com/")
for path in (
    "/var/run/docker.sock",
    "/run/docker.sock",
    "/run/containerd/containerd.sock",
    "/run/dbus/system_bus_socket",
):
    attempt(path, socket.socket(socket.AF_UNIX).connect, path)
for path in ("\0/containerd-shim", "\0docker", "\0/tmp/.X11-unix/X0"):
    attempt(f"abstract {path[1:]}", socket.socket(socket.AF_UNIX).connect, path)
attempt("a vsock", socket.socket, socket.AF_VSOCK, socket.SOCK_STREAM)
attempt("a raw socket", socket.socket, socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
attempt("a packet socket", socket.socket, socket.AF_PACKET, socket.SOCK_RAW)
attempt("the kernel's crypto", socket.socket, socket.AF_ALG, socket.SOCK_SEQPACKET)
attempt(
    "an interface that is not lo", lambda: next(path for path in Path("/sys/class/net").iterdir() if path.name != "lo")
)
print("done")
