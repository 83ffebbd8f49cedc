"""A blob store of Hearth in Python: files of one directory, named by their digest.

Usage: blobs_files.py ADDRESS, where the address is unix:/PATH or HOST:PORT. One process at a time may serve a directory.
"""

import hashlib
import importlib
import os
import pathlib
import re
import sys
import tempfile
import threading
import time
from concurrent import futures

import grpc
import grpc_tools
from grpc_tools import protoc

CONTRACT_VERSION = 1
PROTOS = pathlib.Path(__file__).resolve().parents[3] / "proto"
DIGEST = re.compile(r"sha256:([0-9a-f]{64})")
CHUNK_BYTES = 256 * 1024
# Blobs in one message of a list.
PAGE_SIZE = 1000


def generate(directory):
    """Makes modules of the .proto files and imports them."""
    files = ["hearth/plugin/v1/handshake.proto", "hearth/plugin/v1/blobs.proto"]
    # What these import comes with grpcio-tools.
    known = pathlib.Path(grpc_tools.__file__).parent / "_proto"
    arguments = ["protoc", f"-I{PROTOS}", f"-I{known}", f"--python_out={directory}", f"--grpc_python_out={directory}"]
    if protoc.main([*arguments, *files]) != 0:
        raise RuntimeError("cannot generate code from the .proto files")
    sys.path.insert(0, directory)
    names = ["handshake_pb2", "handshake_pb2_grpc", "blobs_pb2", "blobs_pb2_grpc"]
    return [importlib.import_module(f"hearth.plugin.v1.{name}") for name in names]


with tempfile.TemporaryDirectory() as generated:
    handshake, handshake_grpc, blobs, blobs_grpc = generate(generated)


class Files:
    """The blobs of a directory. The time of a file is when its blob was last put or renewed."""

    def __init__(self, path):
        self.blobs = pathlib.Path(path) / "sha256"
        self.temporary = pathlib.Path(path) / "tmp"
        # Held while a blob comes, goes or begins its age anew, so that none goes that has just come.
        self.lock = threading.Lock()
        for folder in (self.blobs, self.temporary):
            folder.mkdir(parents=True, exist_ok=True)
        for left_by_a_crash in self.temporary.iterdir():
            left_by_a_crash.unlink()

    def locate(self, digest):
        """The file of a digest; None for what is no digest."""
        match = DIGEST.fullmatch(digest)
        return match and self.blobs / match[1]

    def keep(self, temporary, digest):
        """Makes a file that is written whole the blob of its digest."""
        with self.lock:
            touch(temporary)
            os.replace(temporary, self.locate(digest))
        folder = os.open(self.blobs, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def open(self, digest):
        path = self.locate(digest)
        try:
            return path and path.open("rb")
        except FileNotFoundError:
            return None

    def renew(self, digest):
        path = self.locate(digest)
        with self.lock:
            if not path or not path.exists():
                return False
            touch(path)
            return True

    def delete(self, digest, stored_before_ns):
        path = self.locate(digest)
        with self.lock:
            if not path or not path.exists():
                return False
            if stored_before_ns is not None and path.stat().st_mtime_ns >= stored_before_ns:
                return False
            path.unlink()
            return True

    def list(self):
        """Digests and times, in nanoseconds since 1970."""
        for entry in os.scandir(self.blobs):
            try:
                yield f"sha256:{entry.name}", entry.stat().st_mtime_ns
            except FileNotFoundError:
                pass  # Deleted meanwhile.


def touch(path):
    now = time.time_ns()
    os.utime(path, ns=(now, now))


class Plugin(handshake_grpc.PluginServiceServicer, blobs_grpc.BlobServiceServicer):
    def __init__(self):
        self.path = None
        self.files = None
        self.starting = threading.Lock()

    def Handshake(self, request, context):
        answer = handshake.HandshakeResponse(
            contract_version=CONTRACT_VERSION, kind=handshake.PLUGIN_KIND_BLOBS, name="files"
        )
        if request.contract_version != CONTRACT_VERSION or request.kind != handshake.PLUGIN_KIND_BLOBS:
            return answer
        with self.starting:
            answer.faults.extend(self.configure(dict(request.config)))
        if not answer.faults:
            answer.blobs.SetInParent()
        return answer

    def configure(self, config):
        """Opens the directory. Answers what is wrong with the configuration."""
        path = config.pop("path", None)
        faults = [f"{key}: is not known" for key in config]
        if not isinstance(path, str) or not path:
            return [*faults, "path: must be the path of a directory"]
        if self.path not in (None, path):
            return [*faults, "path: the plugin runs already, with another one"]
        if not faults and self.files is None:
            try:
                self.files, self.path = Files(path), path
            except OSError as error:
                return [f"path: cannot use {path}: {error.strerror}"]
        return faults

    def ready(self, context):
        if self.files is None:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, "no handshake has succeeded yet")
        return self.files

    def CheckHealth(self, request, context):
        files = self.ready(context)
        with tempfile.TemporaryFile(dir=files.temporary):
            return blobs.BlobServiceCheckHealthResponse()

    def PutBlob(self, requests, context):
        files = self.ready(context)
        handle, temporary = tempfile.mkstemp(dir=files.temporary)
        try:
            with os.fdopen(handle, "wb") as file:
                digest = receive(requests, file, context)
                file.flush()
                os.fsync(file.fileno())
            files.keep(temporary, digest)
        finally:
            pathlib.Path(temporary).unlink(missing_ok=True)
        return blobs.PutBlobResponse()

    def ReadBlob(self, request, context):
        file = self.ready(context).open(request.digest)
        if file is None:
            return
        with file:
            # An empty blob is one empty chunk. The gateway checks the digest.
            yield blobs.ReadBlobResponse(chunk=file.read(CHUNK_BYTES))
            while chunk := file.read(CHUNK_BYTES):
                yield blobs.ReadBlobResponse(chunk=chunk)

    def RenewBlob(self, request, context):
        return blobs.RenewBlobResponse(renewed=self.ready(context).renew(request.digest))

    def DeleteBlob(self, request, context):
        stored_before = request.stored_before.ToNanoseconds() if request.HasField("stored_before") else None
        return blobs.DeleteBlobResponse(deleted=self.ready(context).delete(request.digest, stored_before))

    def ListBlobs(self, request, context):
        page = blobs.ListBlobsResponse()
        for digest, stored_at in self.ready(context).list():
            page.blobs.add(digest=digest).stored_at.FromNanoseconds(stored_at)
            if len(page.blobs) == PAGE_SIZE:
                yield page
                page = blobs.ListBlobsResponse()
        yield page


def receive(requests, file, context):
    """Writes the content that the requests bring. Answers its digest; ends the call when the content is not whole."""
    sha256 = hashlib.sha256()
    size_bytes = 0
    end = None
    for request in requests:
        part = request.WhichOneof("part")
        if end is not None or part is None:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "a message is neither chunk nor end, or comes after the end")
        if part == "end":
            end = request.end
            continue
        sha256.update(request.chunk)
        size_bytes += len(request.chunk)
        file.write(request.chunk)
    digest = f"sha256:{sha256.hexdigest()}"
    if end is None or (end.digest, end.size_bytes) != (digest, size_bytes):
        context.abort(grpc.StatusCode.DATA_LOSS, "the content has no end, or is not the one that was sent")
    return digest


def main():
    address = sys.argv[1]
    plugin = Plugin()
    # A call takes a thread as long as its stream lasts.
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=64))
    handshake_grpc.add_PluginServiceServicer_to_server(plugin, server)
    blobs_grpc.add_BlobServiceServicer_to_server(plugin, server)
    port = server.add_insecure_port(address)
    server.start()
    print(f"listening on {address if address.startswith('unix:') else f'port {port}'}", flush=True)
    server.wait_for_termination()


if __name__ == "__main__":
    main()
