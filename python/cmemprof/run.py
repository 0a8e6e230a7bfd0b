"""cmemprof-run: runs a program with libcmemprof.so preloaded, and sends what it allocates, of Python and of C.

The variables of docs/python.md hold. `cmemprof run` does the work, and replaces this process.
"""

import os
import sys

from cmemprof.profiling import _library
from cmemprof.profiling._settings import Settings

USAGE = """usage: cmemprof-run [--no-follow-children] PROGRAM [ARGUMENTS]

Runs a program, such as python app.py, and sends profiles of the memory of Python and of C in it and in its children to a Datadog Agent or
cmemprof receiver (DD_TRACE_AGENT_URL, default http://localhost:8126), with the tags of DD_SERVICE, DD_ENV, DD_VERSION and DD_TAGS.
DD_PROFILING_ENABLED=false runs the program as it is. The exit status is the program's.
"""


def run(arguments):
    """Replaces this process. Returns an exit status if that fails."""
    follows = True
    if arguments and arguments[0] in ("--no-follow-children", "--follow-children"):
        follows = arguments[0] == "--follow-children"
        arguments = arguments[1:]
    if arguments and arguments[0] in ("-h", "--help"):
        sys.stdout.write(USAGE)
        return 0
    arguments = arguments[1:] if arguments and arguments[0] == "--" else arguments
    if not arguments or arguments[0].startswith("-"):
        sys.stderr.write(USAGE)
        return 125
    try:
        settings = Settings(arguments=arguments)
        if settings.is_enabled:
            options = ["--follow-children"] if follows else ["--no-follow-children"]
            options += ["--cpu"] if settings.time_hz != 0 else []
            options += ["--rate", str(settings.rate_bytes)] + settings.run_options()
            command = _library.command_path()
            os.environ.update(settings.secret_environment())
            os.execv(command, [command, "run"] + options + ["--"] + arguments)
    except (_library.Missing, OSError) as error:
        sys.stderr.write("cmemprof-run: %s; the program is run without a profiler\n" % error)
    try:
        os.execvp(arguments[0], arguments)
    except OSError as error:
        sys.stderr.write("cmemprof-run: %s: %s\n" % (arguments[0], error.strerror))
        return 127 if isinstance(error, FileNotFoundError) else 126


def main():
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
