"""Runs a job of Hearth over gRPC: uploads its program, submits it, shows its progress and log, and prints its result.

Ctrl-C cancels the job, and the program ends when the job has stopped.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import sys

import grpc

# gRPC makes modules of the .proto files as it finds them: no code is generated before.
PROTOS = pathlib.Path(__file__).resolve().parents[3] / "proto"
sys.path[:0] = [str(PROTOS), str(PROTOS / "vendor")]
binary_protos, binary_services = grpc.protos_and_services("hearth/v1/binary_service.proto")
job_protos, job_services = grpc.protos_and_services("hearth/v1/job_service.proto")

from google.api.httpbody_pb2 import HttpBody  # noqa: E402
from hearth.v1.event_pb2 import JobEvent  # noqa: E402
from hearth.v1.job_pb2 import Job, JobSpec, Progress  # noqa: E402

BAR_WIDTH = 40


def main() -> None:
    options = parse_options()
    try:
        with grpc.insecure_channel(options.server) as channel:
            sys.exit(run(channel, options))
    except grpc.RpcError as error:
        # The call failed, which is not to say that a job did: that is an event.
        sys.exit(f"{error.code().name}: {error.details()}")
    except KeyboardInterrupt:
        sys.exit(130)


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program", type=pathlib.Path, help="a TypeScript or JavaScript file, or a tarball")
    parser.add_argument("entry_point", help="the export to run")
    parser.add_argument("config", type=json.loads, nargs="?", default={}, help="JSON for the job; default {}")
    parser.add_argument("--context", default="", help="a running context; default one of its own, gone with the job")
    parser.add_argument("--server", default="localhost:8090", help="host:port of a gateway; default %(default)s")
    return parser.parse_args()


def run(channel: grpc.Channel, options: argparse.Namespace) -> int:
    """The exit code: 0 when the job succeeded, 130 after Ctrl-C, else 1."""
    jobs = job_services.JobServiceStub(channel)
    job = submit(channel, options)
    print(f"job {job.id}", file=sys.stderr)
    try:
        last = follow(jobs, job)
    except KeyboardInterrupt:
        # Answers when the job has stopped, or at once when it had ended.
        cancelled = jobs.CancelJob(job_protos.CancelJobRequest(job_id=job.id))
        print(f"\n{Job.State.Name(cancelled.state)}", file=sys.stderr)
        return 130
    kind = last.WhichOneof("event")
    if kind == "succeeded":
        print_result(jobs, job)
        return 0
    error = getattr(last, kind).error
    print(f"{kind.upper()}: {error.stack or error.message}", *error.problems, sep="\n  ", file=sys.stderr)
    return 1


def submit(channel: grpc.Channel, options: argparse.Namespace) -> Job:
    # Bytes that are uploaded already add no version.
    content = HttpBody(data=options.program.read_bytes())
    binary = binary_services.BinaryServiceStub(channel).UploadBinary(
        binary_protos.UploadBinaryRequest(name=options.program.stem, content=content)
    )
    spec = JobSpec(
        # The very bytes that were uploaded, whatever others upload under the same name.
        binary=f"{binary.name}@{binary.version}",
        entry_point=options.entry_point,
        context=options.context,
    )
    spec.config.update(options.config)
    return job_services.JobServiceStub(channel).SubmitJob(job_protos.SubmitJobRequest(job=spec))


def follow(jobs: job_services.JobServiceStub, job: Job) -> JobEvent:
    """Shows what happens to the job, and answers its final event, which is the last."""
    # All events from the first on. After a break, `after_seq` of the last one seen goes on behind it.
    for event in jobs.WatchJob(job_protos.WatchJobRequest(job_id=job.id)):
        for line in event.logged.lines:
            print(f"{clear_line()}{line.text}", file=sys.stderr)
        if event.HasField("progress"):
            show(event.progress)
        if event.HasField("last_progress"):
            show(event.last_progress)
    if sys.stderr.isatty():
        print(file=sys.stderr)
    return event


def show(progress: Progress) -> None:
    done = round(progress.fraction * BAR_WIDTH)
    bar = "█" * done + "·" * (BAR_WIDTH - done)
    end = "" if sys.stderr.isatty() else "\n"
    print(f"{clear_line()}[{bar}] {progress.fraction:4.0%} {progress.message}", end=end, file=sys.stderr, flush=True)


def clear_line() -> str:
    return "\r\033[K" if sys.stderr.isatty() else ""


def print_result(jobs: job_services.JobServiceStub, job: Job) -> None:
    """As the job returned it: JSON, or the bytes of a stream."""
    for chunk in jobs.GetJobResult(job_protos.GetJobResultRequest(job_id=job.id)):
        sys.stdout.buffer.write(chunk.data)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
