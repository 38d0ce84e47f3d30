"""What ``puretalk --help`` prints: plain text, so that nothing has to be imported for it."""

EXIT_CODES = """\
  0    done
  1    failed; or, from drift, drift found
  2    wrong arguments or settings; or, from drift, an unreadable response
  3    no call has this id
  4    the server refuses the API key
  5    time is up
  6    finished, with failures among the calls
  130  interrupted by Ctrl-C
"""

HELP = f"""\
Usage: puretalk COMMAND [ARGUMENTS]

Look at Puretalk AI voice calls.

Commands:
  get         Fetch calls and print them
  wait        Wait for a call to end, and print it
  watch       Show a call as it changes
  export      Fetch many calls into Parquet or JSON Lines files
  recording   Download the recording of a call
  drift       Compare recorded responses with the spec
  sandbox     Serve a sandbox of the API on this machine
  demo        Print a sample call, without an account
  completion  Print a script that completes commands and options in a shell

Options:
  -h, --help  Print this help; after a command, that of the command
  --version   Print the version

Environment:
  PURETALK_API_KEY   the API key
  PURETALK_BASE_URL  where the API is, if not at Puretalk
  NO_COLOR           print no colors, if it is not empty

Exit codes:
{EXIT_CODES}
Example:
  puretalk get be8b84ed-16d8-459e-b71c-b0f54fce5ec1
"""
