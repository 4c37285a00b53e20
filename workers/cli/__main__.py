"""`./lotwire COMMAND …`: finds the command's file, reads its arguments, and says no in one sentence."""

import argparse
import difflib
import importlib
import sys
import warnings
from collections.abc import Sequence

COMMANDS = {
    "demo": "a throw-away sample dealership with a carrier simulator",
    "up": "run everything: web, worker, queue and database",
    "web": "run the web part alone",
    "worker": "run a worker alone",
    "migrate": "bring the database to this version",
    "account": "add a dealership",
    "user": "add a person to a dealership, or reset a password",
    "token": "make a token for the API",
    "import": "read listings from a CSV file",
    "suppressions": "read or write a no-contact list as CSV",
    "verify": "check that an exported seller’s file was not changed",
    "connect": "connect a provider: dialpad, twilio, email, facebook, kijiji, form, simulator",
    "rotate-key": "make another key for the stored credentials and seal them anew",
    "release": "let messages leave again after a restore, as a copy, or when the clock jumped",
    "bench": "measure how fast this machine sends",
    "test": "run the tests",
    "check": "check format, lint, types, house rules and lock files",
}


def main(argv: Sequence[str]) -> int:
    """Exit status 0 when done, 1 when refused or failed (a sentence on stderr), 2 for wrong usage."""
    if not argv or argv[0] in ("-h", "--help", "help"):
        print(_overview(), file=sys.stdout if argv else sys.stderr)
        return 0 if argv else 2
    name, *rest = argv
    if name not in COMMANDS:
        meant = difflib.get_close_matches(name, COMMANDS, n=1)
        hint = f"Did you mean “{meant[0]}”?" if meant else "./lotwire --help lists what there is."
        print(f"There is no command “{name}”. {hint}", file=sys.stderr)
        return 2
    return _run(name, rest)


def _overview() -> str:
    width = max(map(len, COMMANDS)) + 2
    lines = (f"  {name:<{width}}{does}" for name, does in COMMANDS.items())
    return "\n".join(("usage: ./lotwire COMMAND [options]", "", *lines, "", "./lotwire COMMAND --help tells more."))


def _run(name: str, rest: Sequence[str]) -> int:
    from domain.errors import NotFound, Refused, Unavailable

    if not sys.warnoptions:
        warnings.simplefilter("ignore")  # of our libraries: they are for who works on Lotwire, and the tests see them
    command = importlib.import_module(
        f"workers.cli.{name.replace('-', '_')}"
    )  # one command, one import: the others cost nothing
    parser = argparse.ArgumentParser(prog=f"./lotwire {name}", description=command.__doc__, allow_abbrev=False)
    command.add_arguments(parser)
    if getattr(command, "PASSES_ON", False):  # what is not ours belongs to the program the command runs
        args, others = parser.parse_known_args(rest)
        args.rest = others
    else:
        args = parser.parse_args(rest)
    try:
        return int(command.run(args))
    except Refused as error:
        print(error.message, file=sys.stderr)
    except NotFound as error:
        print(str(error) or "There is no such record.", file=sys.stderr)
    except Unavailable as error:
        print(error, file=sys.stderr)
    except BrokenPipeError:  # the reader, as in `| head`, has seen enough
        sys.stderr.close()
    except KeyboardInterrupt:
        return 130
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
