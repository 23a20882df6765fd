"""Keywords that make the environment of the scenarios, break its server on purpose, and remove it."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from robot.api import Error, SkipExecution, logger
from robot.api.deco import keyword, library
from robot.libraries.BuiltIn import BuiltIn
from robot.result import TestCase as TestResult

import figures
from harness.containers import Data
from harness.environment import SharedEnvironment, choice_of
from harness.problems import EnvironmentFault
from harness.servers import Choice, S3Server
from harness.tables import Row
from verdicts import hold, show

_VARIABLES = ("S3_SERVER", "S3_IMAGE", "S3_ENDPOINT_URL")


@library(scope="GLOBAL", doc_format="MARKDOWN", listener="SELF")
class Environment:
    """The S3 server, the run's folder, and the clean-up of all that bears the run's id.

    The server is shared by all suites that do not break it, also by those of processes side by side. The variables
    `S3_SERVER` (a file in `resources/s3_servers`), `S3_IMAGE` and `S3_ENDPOINT_URL` (for `external`) choose it.
    """

    ROBOT_LISTENER_API_VERSION = 3

    def __init__(self) -> None:
        self._shared = SharedEnvironment(lambda line: logger.console(line, newline=True))
        self._told: S3Server | None = None

    def end_test(self, data: object, result: TestResult) -> None:
        """Says so where the shared server has ended under a test: then nobody else is to blame for its failure."""
        if not result.failed:
            return
        try:
            self._shared.check()
        except EnvironmentFault as fault:
            result.message = f"{fault}\n\n{result.message}"

    def close(self) -> None:
        """Removes what is left when Robot is done with the library, also after a failed set-up or an interrupt."""
        try:
            self._shared.remove()
        except EnvironmentFault as fault:
            raise Error(str(fault)) from fault

    @keyword
    def start_s3_server(self) -> S3Server:
        """Start the shared server, or go on with it if it runs, and tell of it in the report's metadata."""
        server = self._shared.start(choice())
        if server is not self._told:
            for name, value in self._shared.facts().items():
                BuiltIn().set_suite_metadata(name, value, top=True)
            self._told = server
        return server

    @keyword
    def start_s3_server_of_its_own(
        self, data: Data = Data.KEPT, data_bytes: int | None = None, port: int | None = None
    ) -> S3Server:
        """Start one more server, for a scenario that breaks it.

        Args:
            data: `KEPT` outlives stop and kill; `MEMORY` does not.
            data_bytes: The size of the data folder in bytes (then in memory), to fill it up.
            port: A fixed port on 127.0.0.1; Docker chooses one where none is given.
        """
        return self._shared.start_own(replace(choice(), data=data, data_bytes=data_bytes, port=port))

    @keyword
    def stop_s3_server(self, server: S3Server) -> None:
        """End the server as an operator does (SIGTERM); its port refuses all connections from then on."""
        server.require_container().stop()

    @keyword
    def kill_s3_server(self, server: S3Server) -> None:
        """End the server with SIGKILL, as a crash does; its port refuses all connections from then on."""
        server.require_container().kill()

    @keyword
    def freeze_s3_server(self, server: S3Server) -> None:
        """Freeze the server: it takes connections and answers nobody."""
        server.require_container().pause()

    @keyword
    def new_bucket(self, server: S3Server | None = None) -> str:
        """Make a new versioned bucket and return its name, which bears the run's id."""
        return (server or self._shared.server).bucket()

    @keyword
    def run_folder(self) -> Path:
        """Return the run's own folder; it is removed with everything else of this run."""
        return self._shared.folder()

    @keyword
    def s3_endpoint_url(self) -> str:
        """Return where the shared server answers."""
        return self._shared.server.endpoint_url

    @keyword
    def s3_health_url(self) -> str:
        """Return what answers 200 once the shared server is up.

        Raises:
            SkipExecution: The server's file names no health path, so that there is nothing to ask.
        """
        server = self._shared.server
        if server.file.health_path is None:
            raise SkipExecution(str(server.file.refusal_of_health))
        return server.endpoint_url + server.file.health_path

    @keyword
    def skip_unless_s3_server_can(self, capability: str) -> None:
        """Skip the test, with the reason that the server's file gives, if the server has not the capability."""
        if refusal := self._shared.server.file.refusal(capability):
            raise SkipExecution(refusal)

    @keyword
    def containers_of_this_run_should_be(self, count: int) -> None:
        """Compare the number of containers that bear this run's id, in any state, as the engine tells it."""
        seen = self._shared.containers()
        told = ", ".join([str(len(seen)), *seen])
        show("Containers", [Row("containers of this run", str(count), told, len(seen) == count)])
        if len(seen) != count:
            raise AssertionError(f"Expected {count} containers of this run, seen {len(seen)}: {', '.join(seen)}.")

    @keyword
    def s3_server_should_be_ready(self, unsigned_status: int | None = None) -> None:
        """Ask the server: health answers 200, a signed request works, an unsigned one is refused.

        Args:
            unsigned_status: The HTTP status of an unsigned request that was sent by another client.
        """
        rows = [Row(proof.name, proof.expected, proof.seen, proof.holds) for proof in self._shared.server.proofs()]
        if unsigned_status is not None:
            refused = unsigned_status in {401, 403}
            rows.append(Row("an unsigned request over HTTP", "status 403 (or 401)", str(unsigned_status), refused))
        hold("Proofs of readiness", rows)

    @keyword
    def environment_should_have_been_made_within(self, limit: timedelta) -> timedelta:
        """Compare the time from the request for a server to its readiness with a limit, and return it."""
        seen = self._shared.server.seconds
        figures.record("SC-005", seen)
        right = seen < limit.total_seconds()
        expected = f"less than {limit.total_seconds():g} s"
        show("Time of set-up", [Row("from request to readiness", expected, f"{seen:.1f} s", right)])
        if not right:
            raise AssertionError(f"Expected the environment in {limit.total_seconds():g} s, seen {seen:.1f} s.")
        return timedelta(seconds=seen)

    @keyword
    def begin_without_a_server(self) -> None:
        """Remove everything of this run; the next server that is asked for is started, and not borrowed."""
        self._shared.start_without_a_server()

    @keyword
    def remove_everything_of_this_run(self) -> None:
        """Remove servers, containers, volumes, folders and processes of this run, and fail if anything is left."""
        self._shared.remove()


def choice() -> Choice:
    """The server that the user's variables choose."""
    return choice_of({name: BuiltIn().get_variable_value(f"${{{name}}}") for name in _VARIABLES})
