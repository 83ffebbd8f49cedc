"""An auth plugin of Hearth in Python: bearer tokens from a file.

Each line of the file is TOKEN:PRINCIPAL:ROLE,ROLE. Usage: auth_tokens.py ADDRESS, where the address is unix:/PATH or HOST:PORT.
"""

import hmac
import importlib
import pathlib
import sys
import tempfile
from concurrent import futures

import grpc
import grpc_tools
from grpc_tools import protoc

CONTRACT_VERSION = 1
PROTOS = pathlib.Path(__file__).resolve().parents[3] / "proto"
CHALLENGE = 'Bearer realm="hearth"'


def generate(directory):
    """Makes modules of the .proto files and imports them."""
    files = ["hearth/plugin/v1/handshake.proto", "hearth/plugin/v1/auth.proto"]
    # What these import comes with grpcio-tools.
    known = pathlib.Path(grpc_tools.__file__).parent / "_proto"
    arguments = ["protoc", f"-I{PROTOS}", f"-I{known}", f"--python_out={directory}", f"--grpc_python_out={directory}"]
    if protoc.main([*arguments, *files]) != 0:
        raise RuntimeError("cannot generate code from the .proto files")
    sys.path.insert(0, directory)
    names = ["handshake_pb2", "handshake_pb2_grpc", "auth_pb2", "auth_pb2_grpc"]
    return [importlib.import_module(f"hearth.plugin.v1.{name}") for name in names]


with tempfile.TemporaryDirectory() as generated:
    handshake, handshake_grpc, auth, auth_grpc = generate(generated)


class Tokens:
    """The tokens of a file, read once."""

    def __init__(self, path):
        lines = pathlib.Path(path).read_text(encoding="utf-8").splitlines()
        entries = [line.split(":") for line in lines if line and not line.startswith("#")]
        self.entries = [(token.encode(), principal, roles.split(",")) for token, principal, roles in entries]

    def find(self, shown):
        """The principal and roles of a token. Compares with all, in a time that does not tell where they differ."""
        found = None
        for token, principal, roles in self.entries:
            if hmac.compare_digest(token, shown):
                found = (principal, roles)
        return found


class Plugin(handshake_grpc.PluginServiceServicer, auth_grpc.AuthServiceServicer):
    def __init__(self):
        self.file = None
        self.tokens = None

    def Handshake(self, request, context):
        answer = handshake.HandshakeResponse(
            contract_version=CONTRACT_VERSION, kind=handshake.PLUGIN_KIND_AUTH, name="tokens"
        )
        if request.contract_version != CONTRACT_VERSION or request.kind != handshake.PLUGIN_KIND_AUTH:
            return answer
        answer.faults.extend(self.configure(dict(request.config)))
        if not answer.faults:
            answer.auth.admits_anyone = False
        return answer

    def configure(self, config):
        """Reads the tokens. Answers what is wrong with the configuration."""
        file = config.pop("file", None)
        faults = [f"{key}: is not known" for key in config]
        if not isinstance(file, str):
            return [*faults, "file: must be the path of a file of tokens"]
        if self.file not in (None, file):
            return [*faults, "file: the plugin runs already, with another one"]
        if not faults and self.tokens is None:
            try:
                self.tokens, self.file = Tokens(file), file
            except (OSError, ValueError) as error:
                # The message of a ValueError could tell a part of the file.
                reason = error.strerror if isinstance(error, OSError) else "a line is not TOKEN:PRINCIPAL:ROLE,ROLE"
                return [f"file: cannot read {file}: {reason}"]
        return faults

    def Authenticate(self, request, context):
        if self.tokens is None:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, "no handshake has succeeded yet")
        header = next((header.value for header in request.headers if header.name == "authorization"), "")
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer":
            return auth.AuthenticateResponse(absent=auth.Absent(challenge=CHALLENGE))
        found = self.tokens.find(token.strip().encode())
        if found is None:
            refused = auth.Refused(reason="there is no such token", challenge=f'{CHALLENGE}, error="invalid_token"')
            return auth.AuthenticateResponse(refused=refused)
        principal, roles = found
        return auth.AuthenticateResponse(principal=auth.Principal(id=principal, roles=roles))


def main():
    address = sys.argv[1]
    plugin = Plugin()
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=8))
    handshake_grpc.add_PluginServiceServicer_to_server(plugin, server)
    auth_grpc.add_AuthServiceServicer_to_server(plugin, server)
    port = server.add_insecure_port(address)
    server.start()
    print(f"listening on {address if address.startswith('unix:') else f'port {port}'}", flush=True)
    server.wait_for_termination()


if __name__ == "__main__":
    main()
