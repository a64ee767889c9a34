"""``manage.py witness``, or ``python -m governance.witness``: make a key, begin to watch a log, serve."""

import argparse
import logging
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from governance.ledger.checkpoints import TreeHead, open_checkpoint
from governance.ledger.merkle.hashing import EMPTY_ROOT
from governance.ledger.notes import NoteFails, open_note, signed_at, verifier_key, verifier_of
from governance.ledger.signing import COSIGNATURE, KeyFileUnfit, SigningKey, generate_key, read_witness_key
from governance.witness.answering import Witness
from governance.witness.logs import LogsUnfit, add_log, read_logs
from governance.witness.remembering import StateUnfit, begin, read_checkpoint_text, remembered, state_file
from governance.witness.serving import Server

DONE, NOT_SHOWN, REFUSED = 0, 1, 2
REFUSALS = (KeyFileUnfit, LogsUnfit, NoteFails, StateUnfit, OSError, ValueError)
Options = argparse.Namespace


def main(arguments: Sequence[str]) -> int:
    """Run one command; the exit status: 0 done, 1 not shown (``check`` alone), 2 refused, with the reason."""
    options = _parser().parse_args(arguments)
    run: Callable[[Options], int] = options.run
    try:
        return run(options)
    except REFUSALS as refused:
        print(f"Refused: {refused}", file=sys.stderr)  # noqa: T201 - a command
        return REFUSED


def make_key(options: Options) -> int:
    """A new key in a new file; what is printed is public."""
    key = generate_key(options.name, COSIGNATURE)
    handle = os.open(options.file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(f"# Key of the witness {key.name}. Keep this file secret and back it up.\n{key.text()}\n")
    _say(read_witness_key(options.file).vkey)
    return DONE


def begin_log(options: Options) -> int:
    """Watch a log from now on, from a head that somebody vouches for, or from the first that it sends."""
    key = read_witness_key(options.key)
    log = verifier_key(options.log)
    head = _head(options.head, log.name)
    options.directory.mkdir(parents=True, exist_ok=True)
    begin(options.directory, head, key, int(time.time()))
    add_log(options.directory, options.log, key)
    first = f"from {head.size} entries on" if head.size else "from the first checkpoint on that it sends"
    _say(f"{log.name} is watched {first}. A witness that serves already must be started anew.")
    return DONE


def trust_key(options: Options) -> int:
    """Another key of a log that is watched: one that the log rotates to."""
    key = read_witness_key(options.key)
    log = verifier_key(options.log)
    remembered(options.directory, log.name, key)
    add_log(options.directory, options.log, key)
    _say(f"{log.name} may sign with this key too. A witness that serves already must be started anew.")
    return DONE


def show(options: Options) -> int:
    """The witness's verifier key, and what it cosigned last of each log."""
    witness = _witness(options)
    _say(verifier_of(witness.key).text())
    for origin in witness.logs:
        note = state_file(witness.directory, origin).read_text(encoding="utf-8")
        head, at = (
            remembered(witness.directory, origin, witness.key),
            signed_at(note, verifier_of(witness.key)),
        )
        _say(f"{origin}: {head.size} entries, {time.strftime('%Y-%m-%d %H:%M:%S', time.gmtime(at))} UTC")
    return DONE


def serve(options: Options) -> int:
    """Answer until told to stop."""
    witness = _witness(options)
    witness.check()
    if not witness.logs:
        raise LogsUnfit(f"{options.directory} names no log. Begin with one: manage.py witness begin.")
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    _say(f"{verifier_of(witness.key).text()} watches {', '.join(witness.logs)} at {options.bind}")
    Server(witness, options.bind).run()
    return DONE


def check(options: Options) -> int:
    """Whether a checkpoint bears the signature of a log's key and the cosignature of a witness."""
    note = options.checkpoint.read_bytes().decode()
    log, witness = verifier_key(options.log), verifier_key(options.witness, COSIGNATURE)
    try:
        head = open_checkpoint(note, log.name, [log])
        open_note(note, [witness])
    except NoteFails as fault:
        _say(f"not shown: {fault}")
        return NOT_SHOWN
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(signed_at(note, witness)))
    _say(f"{head.size} entries of {head.origin}, signed by the log, and seen by {witness.name} at {when} UTC")
    return DONE


def _witness(options: Options) -> Witness:
    key: SigningKey = read_witness_key(options.key)
    return Witness(options.directory, key, read_logs(options.directory, key))


def _head(path: Path | None, origin: str) -> TreeHead:
    """Three lines, as the log's page of keys prints them, or a whole checkpoint: whoever begins vouches."""
    if path is None:
        return TreeHead(origin, 0, EMPTY_ROOT)
    text = path.read_text(encoding="utf-8").partition("\n\n")[0].rstrip("\n") + "\n"
    head = read_checkpoint_text(text)
    if head.origin != origin:
        raise NoteFails(f"{path} is of the log {head.origin}, and --log of {origin}.")
    return head


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - a command


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="manage.py witness", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    new = commands.add_parser("make-key", help="make the witness's key in a new file")
    new.add_argument("file", type=Path)
    new.add_argument("--name", required=True, help="what the witness is called, e.g. witness.example.net/w1")
    new.set_defaults(run=make_key)
    for name, run, text in (
        ("begin", begin_log, "begin to watch a log"),
        ("trust", trust_key, "trust another key of a log that is watched"),
        ("show", show, "tell what was cosigned last"),
        ("serve", serve, "answer POST /add-checkpoint"),
    ):
        one = commands.add_parser(name, help=text)
        one.add_argument("directory", type=Path, help="where the witness keeps what it saw")
        one.add_argument("--key", type=Path, required=True, help="the witness's key file")
        one.set_defaults(run=run)
        if name in ("begin", "trust"):
            one.add_argument("--log", required=True, help="the log's verifier key, got by another way")
        if name == "begin":
            one.add_argument("--head", type=Path, help="a file with origin, size and root that you vouch for")
        if name == "serve":
            one.add_argument("--bind", default="127.0.0.1:8090", help="address and port (127.0.0.1:8090)")
    one = commands.add_parser("check", help="check a cosigned checkpoint")
    one.add_argument("checkpoint", type=Path)
    one.add_argument("--log", required=True, help="the log's verifier key")
    one.add_argument("--witness", required=True, help="the witness's verifier key")
    one.set_defaults(run=check)
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
