"""The ledger asks its witnesses over HTTP: what they cosign is stored, checked and handed out; they refuse a
past that was written anew (L9).
"""

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from governance.checks.metrics import witness_metrics
from governance.checks.witnesses import witnesses_part
from governance.ledger.export import export_tree
from governance.ledger.heads import Head, head_file
from governance.ledger.models import Leaf, SignedCheckpoint
from governance.ledger.notes import cosign, open_note, verifier_of
from governance.ledger.proving import prove_inclusion
from governance.ledger.signing import generate_key
from governance.ledger.tasks import ask_witnesses
from governance.ledger.verifying import known_keys, verify_record
from governance.ledger.witness_models import Cosignature, WitnessState
from governance.ledger.witnesses import exchange
from governance.ledger.witnesses.asking import ask_all
from governance.ledger.witnesses.known import WitnessesUnfit, known_witnesses
from governance.ledger.witnesses.published import newest_cosigned, published
from governance.project.celery import app
from governance.registry.models import System
from tests.governance.ledger.acts import person
from tests.governance.ledger.keeping import go_on, ledger_keys, notes, number_and_sign, run
from tests.governance.ledger.reading import APP, connected_as, let_sign, refused_as, signed, tamper
from tests.governance.ledger.test_forgeries import REWRITTEN, begun
from tests.governance.ledger.witnessing import Neighbour, asked, neighbour
from tests.governance.witness.watching import run as witness_command

COSIGNATURES = "DELETE FROM cosignature;"
ONE_LESS = """
DELETE FROM signed_checkpoint; DELETE FROM checkpoint; DELETE FROM tile;
DELETE FROM leaf WHERE index = (SELECT max(index) FROM leaf) RETURNING entry_id;
DELETE FROM entry WHERE id NOT IN (SELECT entry_id FROM leaf);
UPDATE tree_state SET tiled = 0, size = (SELECT count(*) FROM leaf);
"""


@pytest.fixture
def signing(system: System, tmp_path: Path, settings: Settings) -> System:
    """A system whose first entries are signed."""
    let_sign(settings, tmp_path)
    assert go_on(system) == ""
    return system


@pytest.fixture
def beside(signing: System, tmp_path: Path, settings: Settings) -> Neighbour:
    """A witness that knows the ledger and sleeps."""
    return neighbour(settings, tmp_path / "beside")


@pytest.fixture
def witness(beside: Neighbour) -> Iterator[Neighbour]:
    """The same, awake."""
    with beside.awake():
        yield beside


def kinds() -> list[str]:
    return [one.kind for one in verify_record(known_keys(), head_file(), rows=False).findings]


def part() -> dict[str, object]:
    return witnesses_part()


def figures() -> dict[str, float]:
    return {one.name.removeprefix("countersign_witness_"): one.samples[0][1] for one in witness_metrics()}


def more(system: System, many: int) -> None:
    """So many entries more, each signed."""
    for number in range(many):
        assert go_on(system, f"Later {number}") == ""


def newest() -> SignedCheckpoint:
    return signed()[-1]


def test_what_was_signed_last_is_cosigned_stored_and_handed_out(
    witness: Neighbour, signing: System, tmp_path: Path
) -> None:
    before = asked()
    go_on(signing, "Renamed again")
    after = asked()

    note = published(newest())
    export_tree(tmp_path / "exported")
    proof = prove_inclusion(Leaf.objects.get(index=0))
    assert (before.size, after.size) == (2, 3)
    assert open_note(note, [verifier_of(witness.key)]).text == newest().note.partition("\n\n")[0] + "\n"
    assert open_note(note, [verifier_of(ledger_keys()[0])])
    assert note.startswith(newest().note)
    assert (tmp_path / "exported" / "checkpoint").read_text() == note
    assert proof.text().endswith(note)
    assert newest_cosigned() == newest()
    assert kinds() == []


def test_a_checkpoint_is_cosigned_once(witness: Neighbour) -> None:
    first, second = asked(), asked()

    assert first == second
    assert Cosignature.objects.count() == 1


def test_a_cosignature_that_got_lost_on_the_way_is_asked_for_again(
    witness: Neighbour, signing: System
) -> None:
    asked()
    tamper(COSIGNATURES)

    again = asked()
    tamper(COSIGNATURES)
    go_on(signing, "Renamed again")
    later = asked()

    assert (again.size, later.size) == (2, 3)


def test_a_witness_that_began_with_a_head_from_paper_is_met_where_it_stands(
    signing: System, tmp_path: Path, settings: Settings
) -> None:
    (tmp_path / "paper").write_text(notes()[-1].partition("\n\n")[0])
    beside = neighbour(settings, tmp_path / "beside", generate_key("example.org/other").vkey)
    key = ("--key", beside.key_file, "--log", ledger_keys()[0].vkey)
    assert witness_command("begin", beside.key_file.parent / "state", *key, "--head", tmp_path / "paper") == 0
    assert go_on(signing, "Renamed again") == ""

    with beside.awake():
        found = asked()

    assert found.size == 3


@pytest.mark.parametrize("forgotten", ["", COSIGNATURES])
@pytest.mark.parametrize("entries_more", [0, 1])
def test_a_record_that_was_written_anew_and_signed_with_the_right_key_is_refused_by_the_witness(
    witness: Neighbour, signing: System, settings: Settings, forgotten: str, entries_more: int
) -> None:
    """Whoever owns database, key and head writes all anew: here nothing shows it but the witness."""
    asked()
    before = newest().note
    tamper(forgotten + REWRITTEN)
    settings.LEDGER_HEAD_FILE = settings.LEDGER_HEAD_FILE.with_name("a-new-head")
    assert number_and_sign() == ""
    more(signing, entries_more)
    alone = kinds()

    found = asked()

    assert newest().note.partition("\n")[0] == before.partition("\n")[0]
    assert newest().note != before
    assert alone == ([] if forgotten else ["cosignature"])
    assert found.is_refusal
    assert found.size is None
    assert kinds() == ([] if forgotten else ["cosignature"]) + ["witness"]
    assert part()["ok"] is False
    assert "refuses to cosign" in str(part()["reason"])
    assert figures()["refuses"] == 1


@pytest.mark.parametrize("forgotten", ["", COSIGNATURES])
def test_a_record_that_was_rolled_back_is_refused_by_the_witness(
    witness: Neighbour,
    signing: System,
    settings: Settings,
    forgotten: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    go_on(signing, "Renamed again")
    asked()
    tamper(forgotten + ONE_LESS)
    settings.LEDGER_HEAD_FILE = settings.LEDGER_HEAD_FILE.with_name("a-new-head")
    assert number_and_sign() == ""

    found = asked()

    assert found.is_refusal
    assert "has cosigned a tree of 3 entries, and the largest that is signed here has 2" in found.trouble
    assert f"the witness neighbour refuses: {found.trouble}" in caplog.text


def test_a_refusal_is_over_once_what_was_cosigned_is_back(witness: Neighbour, signing: System) -> None:
    assert go_on(signing, "Renamed again") == ""
    asked()
    tamper(f"{COSIGNATURES} DELETE FROM signed_checkpoint WHERE size = 3")
    refused = asked()
    assert number_and_sign() == ""

    again = asked()

    assert refused.is_refusal
    assert again.size == 3
    assert WitnessState.objects.get().trouble == ""
    assert part()["ok"] is True


def refused_and_then_away(beside: Neighbour, signing: System) -> WitnessState:
    """The witness has seen more than is signed here now, and cannot be reached since."""
    with beside.awake():
        assert go_on(signing, "Renamed again") == ""
        asked()
        tamper(f"{COSIGNATURES} DELETE FROM signed_checkpoint WHERE size = 3")
        assert asked().is_refusal
    assert "does not answer" in asked().trouble
    return WitnessState.objects.get()


def test_who_keeps_a_witness_from_answering_does_not_take_its_refusal_back(
    beside: Neighbour, signing: System
) -> None:
    state = refused_and_then_away(beside, signing)

    assert state.is_refusal
    assert "has cosigned a tree of 3 entries" in state.trouble
    assert part()["ok"] is False
    assert "witness" in kinds()


def test_a_refusal_is_over_once_the_log_goes_on_under_another_name(
    beside: Neighbour, signing: System
) -> None:
    refused_and_then_away(beside, signing)
    with head_file().open("ab") as file:
        file.write(Head(99, bytes(32)).line())
    begun()
    assert number_and_sign() == ""

    found = asked()

    assert found.trouble == WitnessState.objects.get().trouble
    assert not WitnessState.objects.get().is_refusal


def test_a_witness_that_is_away_stops_nothing_and_is_said_to_be_away(
    beside: Neighbour, signing: System
) -> None:
    trouble = go_on(signing, "Renamed again")

    found = asked()

    assert trouble == ""
    assert newest().checkpoint_id == 3
    assert "does not answer: ConnectionRefusedError" in found.trouble
    assert not found.is_refusal
    assert kinds() == []
    assert part()["ok"] is True
    assert figures()["cosigned_size"] == 0
    assert figures()["behind_seconds"] > 0


def test_the_periodic_task_asks(witness: Neighbour) -> None:
    scheduled = {one["task"] for one in app.conf.beat_schedule.values()}

    ask_witnesses(person())

    assert "governance.ledger.ask_witnesses" in scheduled & set(app.tasks)
    assert Cosignature.objects.get().checkpoint_id == 2


def test_two_who_ask_at_once_ask_once(witness: Neighbour) -> None:
    with other_session_holds(f"witness:{known_witnesses()[0].id}"):
        busy = asked()

    assert busy.trouble == "It is being asked by another process."
    assert not WitnessState.objects.exists()
    assert asked().size == 2


@contextmanager
def other_session_holds(name: str) -> Iterator[None]:
    """An advisory lock that another process holds."""
    with connected_as(APP, str(connection.settings_dict["NAME"])) as other:
        other.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", [name])
        yield


def test_a_witness_that_was_away_cosigns_what_came_meanwhile(beside: Neighbour, signing: System) -> None:
    away = asked()
    go_on(signing, "Renamed again")

    with beside.awake():
        found = asked()

    assert (away.size, found.size) == (None, 3)
    assert figures() == {"cosigned_size": 3, "behind_seconds": 0, "refuses": 0}


@contextmanager
def answering(port: int, *parts: bytes, pause: float = 0.0) -> Iterator[None]:
    """Somebody who answers each request with these bytes, with a pause between them."""
    with socket.create_server(("127.0.0.1", port)) as server:
        ended = threading.Event()

        def serve() -> None:
            while not ended.is_set():
                try:
                    client, _ = server.accept()
                except OSError:
                    return
                with client, suppress(OSError):
                    client.recv(65536)
                    for one in parts:
                        client.sendall(one)
                        ended.wait(pause)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


def reply(status: int, body: str, kind: str = "text/plain") -> bytes:
    content = body.encode()
    head = f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {len(content)}\r\n\r\n"
    return head.encode() + content


@pytest.mark.parametrize(
    ("answer", "trouble"),
    [
        (reply(404, "unknown"), "It answers 404: 'unknown'"),
        (reply(403, "no"), "It answers 403: 'no'"),
        (reply(400, "bad"), "It answers 400: 'bad'"),
        (reply(500, "broken"), "It answers 500: 'broken'"),
        (reply(302, "elsewhere"), "It answers 302: 'elsewhere'"),
        (reply(409, "what?"), "It answers 409 without a size"),
        (reply(409, "2\n"), "It answers 409 without a size"),
        (reply(409, "0\n", exchange.SIZE), "It answers 409 to the size 0 that it names itself"),
        (reply(200, ""), "lines of signatures"),
        (reply(200, "— somebody AAAAAAAA\n"), "No known key has signed this"),
        (reply(200, "x" * 70_000), "longer than 65536 bytes"),
        (b"nonsense\r\n\r\n", "does not answer: BadStatusLine"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nab", "lines of signatures"),
        (b"", "does not answer: RemoteDisconnected"),
    ],
)
def test_an_answer_that_is_no_cosignature_is_trouble_and_no_refusal(
    beside: Neighbour, answer: bytes, trouble: str
) -> None:
    with answering(beside.port, answer):
        found = asked()

    assert trouble in found.trouble
    assert not found.is_refusal
    assert not Cosignature.objects.exists()
    assert WitnessState.objects.get().trouble == found.trouble


def test_a_cosignature_over_another_checkpoint_is_not_stored(beside: Neighbour) -> None:
    text = f"{newest().note.partition(chr(10))[0]}\n9\n{'A' * 43}=\n"

    with answering(beside.port, reply(200, cosign(text, beside.key, int(time.time())))):
        found = asked()

    assert "does not hold" in found.trouble
    assert not Cosignature.objects.exists()


def test_only_the_line_of_the_known_key_is_stored(beside: Neighbour) -> None:
    text, now = newest().note.partition("\n\n")[0] + "\n", int(time.time())
    other = generate_key("witness.example.net/other", beside.key.kind)
    lines = cosign(text, other, now) + cosign(text, beside.key, now)

    with answering(beside.port, reply(200, lines)):
        found = asked()

    assert found.size == 2
    assert f"{Cosignature.objects.get().line}\n" == cosign(text, beside.key, now)


def test_a_witness_that_answers_letter_by_letter_is_given_up(
    beside: Neighbour, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange, "LONGEST_SECONDS", 0.2)
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
    began = time.monotonic()

    with answering(beside.port, head, *[b"a"] * 100, pause=0.05):
        found = asked()

    assert "takes too long" in found.trouble
    assert time.monotonic() - began < 4


def test_a_witness_whose_headers_do_not_end_is_given_up(
    beside: Neighbour, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange, "LONGEST_SECONDS", 0.3)
    began = time.monotonic()

    with answering(beside.port, b"HTTP/1.1 200 OK\r\n", *[b"X-Wait: a\r\n"] * 90, pause=0.1):
        found = asked()

    assert "takes too long" in found.trouble
    assert time.monotonic() - began < 4


def test_a_witness_that_says_nothing_is_given_up(beside: Neighbour, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "TIMEOUT_SECONDS", 0.2)

    with answering(beside.port, b"", pause=2):
        found = asked()

    assert "does not answer: TimeoutError" in found.trouble


def test_a_stored_line_that_was_changed_is_found(witness: Neighbour, signing: System) -> None:
    asked()
    text = newest().note.partition("\n\n")[0].replace("\n2\n", "\n1\n") + "\n"

    tamper(f"UPDATE cosignature SET line = '{cosign(text, witness.key, 1).strip()}'")

    assert kinds() == ["cosignature"]


@pytest.mark.parametrize("line", ["nonsense", "", "a\n\nb", "{forged}", "{forged}\n{forged}"])
def test_a_line_that_the_application_puts_in_is_not_handed_out_and_counts_for_nothing(
    beside: Neighbour, line: str
) -> None:
    forged = cosign("another\n", beside.key, 1).strip()
    values = {"seen_at": timezone.now(), "stored_at": timezone.now(), "line": line.format(forged=forged)}
    Cosignature.objects.create(checkpoint=newest(), witness=known_witnesses()[0].id, **values)

    assert published(newest()) == newest().note
    assert newest_cosigned() is None
    assert figures()["cosigned_size"] == 0
    assert kinds() == ["cosignature"]


def test_the_check_of_the_record_tells_what_witnesses_show(
    witness: Neighbour, signing: System, capsys: pytest.CaptureFixture[str]
) -> None:
    asked()
    whole = run("verify_ledger", tree_only=True)
    tamper("UPDATE cosignature SET line = '— a AAAAAAAA'")
    WitnessState.objects.update(trouble="It has cosigned more.", is_refusal=True)

    with pytest.raises(CommandError, match="not as it was written"):
        call_command("verify_ledger", tree_only=True)

    told = capsys.readouterr().out
    assert "whole: " in whole
    assert "FOUND      The checkpoint of 2 entries is not the one that neighbour cosigned." in told
    assert "FOUND      The witness neighbour refuses: It has cosigned more." in told
    assert "rolled back or written anew since" in told


def test_what_was_cosigned_is_written_once(witness: Neighbour) -> None:
    asked()

    with pytest.raises(DatabaseError, match="permission denied"):
        Cosignature.objects.update(line="")
    with refused_as(APP, "permission denied") as other:
        other.execute("DELETE FROM cosignature")


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("neighbour {vkey} http://127.0.0.1", "line 1: found"),
        ("witness neighbour {vkey}", "line 1: found"),
        ("witness neighbour {vkey} ftp://127.0.0.1", "is no address"),
        ("witness neighbour {vkey} http://127.0.0.1:http", "is no address"),
        ("witness neighbour {vkey} http://a:b@127.0.0.1", "is no address"),
        ("witness neighbour {log} http://127.0.0.1", "line 1: A verifier key looks like"),
        ("witness neighbour nonsense http://127.0.0.1", "line 1: A verifier key looks like"),
        ("witness a {vkey} http://a\nwitness b {vkey} http://b", "line 2: the name or the key of b"),
        ("witness a {vkey} http://a\nwitness a {vkey} http://b", "line 2: the name or the key of a"),
    ],
)
def test_a_file_of_witnesses_with_a_wrong_line_is_refused_by_name(
    beside: Neighbour, settings: Settings, line: str, sentence: str
) -> None:
    settings.LEDGER_WITNESSES_FILE.write_text(
        line.format(vkey=beside.key.vkey, log=ledger_keys()[0].vkey) + "\n"
    )

    with pytest.raises(WitnessesUnfit, match=sentence):
        known_witnesses()
    assert ask_all() == []
    assert part()["ok"] is False
    assert list(witness_metrics()) == []
    assert "witnesses: " in str(verify_record(known_keys(), head_file(), rows=False).unchecked)


def test_a_policy_of_c2sp_will_do_as_a_file_of_witnesses(beside: Neighbour, settings: Settings) -> None:
    settings.LEDGER_WITNESSES_FILE.write_text(
        f"# ours\nlog {ledger_keys()[0].vkey}\n\n\t{beside.line}group all any neighbour\nquorum all\n"
    )

    (found,) = known_witnesses()

    assert (found.name, found.url) == ("neighbour", f"http://127.0.0.1:{beside.port}")


def test_the_command_asks_once_and_shows_what_was_cosigned(beside: Neighbour) -> None:
    with pytest.raises(CommandError, match=r"neighbour did not cosign: .* does not answer"):
        run("ask_witnesses")
    with beside.awake():
        out = run("ask_witnesses")

    assert out.rstrip("\n") == published(newest()).rstrip("\n")
    assert open_note(published(newest()), [verifier_of(beside.key)])


def test_the_command_says_where_no_witness_is_named(signing: System) -> None:
    with pytest.raises(CommandError, match="COUNTERSIGN_LEDGER_WITNESSES"):
        run("ask_witnesses")


def test_a_witness_that_has_cosigned_nothing_for_a_day_is_told_to_those_who_watch(
    beside: Neighbour,
) -> None:
    tamper("UPDATE signed_checkpoint SET signed_at = now() - interval '25 hours'")
    asked()

    found = part()

    assert found["ok"] is False
    assert "neighbour has cosigned nothing for a day" in str(found["reason"])
    assert figures()["behind_seconds"] > 24 * 3600


def test_those_who_watch_see_each_witness(witness: Neighbour) -> None:
    asked()
    cache.clear()

    ready = json.loads(Client().get("/readyz").content)["parts"]["witnesses"]
    metrics = Client().get("/metrics").content.decode()

    (told,) = ready["witnesses"]
    assert ready["ok"] is True
    assert (told["name"], told["cosigned_size"], told["behind_seconds"]) == ("neighbour", 2, 0.0)
    assert 'countersign_witness_cosigned_size{witness="neighbour"} 2\n' in metrics
    assert 'countersign_witness_refuses{witness="neighbour"} 0\n' in metrics
