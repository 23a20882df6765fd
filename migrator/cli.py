"""The command line: arguments in, exit code out."""

import os
import sys
from collections.abc import Callable, Sequence

from migrator import logs, options
from migrator.errors import Blocked, ExitCode, Locked, UsageError
from migrator.stop import Stop


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that `arguments` (default: the process's own) stand for.

    Returns:
        The exit code, as the contract's table says.
    """
    logs.set_up(_log_format(sys.argv[1:] if arguments is None else arguments))
    try:
        return _carried_out(options.parse(sys.argv[1:] if arguments is None else arguments))
    except UsageError as error:
        logs.log.error("%s", error)
        return ExitCode.USAGE
    except Locked as error:
        logs.log.error("%s", error)
        return ExitCode.LOCKED
    except Blocked as error:
        logs.log.error("%s", error)
        return ExitCode.WORK_PENDING
    except BrokenPipeError:
        # Whoever read stdout has seen enough; the interpreter must not complain about it at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.DONE
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except Exception:  # noqa: BLE001 - the last resort: logged with its traceback, and an exit code of its own
        logs.log.exception("a defect of the migrator; the next run goes on where this one ended")
        return ExitCode.DEFECT


def _carried_out(given: options.Options) -> int:
    # Each command's modules are imported for it alone: `status` must answer at once.
    commands: dict[str, Callable[[options.Options], int]] = {
        "run": _run,
        "status": _status,
        "verify": _verify,
        "retry": _retry,
        "recover": _recover,
    }
    return commands[given.command](given)


def _run(given: options.Options) -> int:
    stop = Stop()
    stop.install()
    from migrator import run

    return run.run(given, stop)


def _status(given: options.Options) -> int:
    from migrator import status

    return status.status(given)


def _verify(given: options.Options) -> int:
    from migrator import verify

    return verify.verify(given)


def _retry(given: options.Options) -> int:
    from migrator import retry

    return retry.retry(given)


def _recover(given: options.Options) -> int:
    stop = Stop()
    stop.install()
    from migrator import recover

    return recover.recover(given, stop)


def _log_format(arguments: Sequence[str]) -> str:
    """How to tell of arguments that are not parsed yet."""
    joined = " ".join(arguments)
    return "json" if "--log-format json" in joined or "--log-format=json" in joined else "text"
