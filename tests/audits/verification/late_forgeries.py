"""Forgeries that are seen from what the entries say: streams, contents, material, statements, growth."""

from governance.ledger.canonical import digest_of_bytes
from governance.ledger.envelopes import signed_envelope
from tests.audits.verification.building import (
    contented,
    remade,
)
from tests.audits.verification.early_forgeries import case
from tests.audits.verification.forging import (
    another_past,
    approving,
    edited,
    enveloped,
    grown,
    issued_twice,
    logged,
    logged_raw,
    misnamed,
    named_run,
    never_issued,
    period,
    repacked,
    rewritten,
    stating,
    voted,
    with_,
    with_entry_of_another_stream,
    without,
)
from tests.audits.verification.ledgers import (
    CHANNEL,
    LEFT_OUT,
    MANIFEST,
    PAYLOAD_TYPE,
    RELEASE,
    REQUEST,
    STRANGER,
    TEST_RESULT,
    history,
    stated,
)

CONTENTS = "contents-sha256.txt"

LATE = (
    case(6, "of the release:r|release:r", lambda: without(2), "one is cut out of a stream"),
    case(6, "release:r", lambda: without(13), "the last one of a stream is cut off"),
    case(6, "refusals:u", lambda: without(9), "a single one that was promised is missing"),
    case(6, "channel:c", with_entry_of_another_stream, "one that nobody promised"),
    case(
        6,
        "schema",
        lambda: logged(RELEASE, "release.judged", schema="countersign.entry.v0"),
        "another schema",
    ),
    case(6, "schema", lambda: logged(RELEASE, "release.judged", refs_=1, seq=0), "no number of the stream"),
    case(6, "release:r", lambda: logged(RELEASE, "release.judged", seq=9), "a number left out by the issuer"),
    case(6, "schema", lambda: logged(RELEASE, ""), "no event"),
    case(
        6,
        "JSON",
        lambda: logged_raw(
            b'{"schema":"countersign.entry.v1","stream":"release:r","seq":%d,"type":"a","type":"b","refs":{}}'
        ),
        "a key twice in an entry",
    ),
    case(6, "period|up to", lambda: period(0, 9), "a period that is not whole"),
    case(6, "outside", lambda: period(1, 3), "more than the period"),
    case(
        7,
        "contents-sha256.txt",
        lambda: edited("report.html", b"Approved", b"Rejected", contented),
        "the report is changed and listed",
    ),
    case(7, "contents-sha256.txt", lambda: with_("more.txt", b"", contented), "a file is added and listed"),
    case(7, "more.txt", lambda: with_("more.txt", b""), "a file is added and not listed in the contents"),
    case(7, "report.html", lambda: edited("report.html", b"Approved", b"Rejected"), "the report is changed"),
    case(7, "report.html", lambda: with_("report.html", None), "the report is removed"),
    case(7, "missing", lambda: with_(CONTENTS, None), "no list of contents"),
    case(7, "dossier.issued", never_issued, "no entry of the issue"),
    case(7, "dossier.issued", issued_twice, "two entries of the issue"),
    case(7, "", lambda: remade(issued_at_size=16), "contents of after the issue"),
    case(
        8,
        "no entry|No entry",
        lambda: stating(f"blobs/{digest_of_bytes(b'x')[7:]}", b"x"),
        "material that nobody names",
    ),
    case(
        8,
        "name",
        lambda: misnamed(MANIFEST, b"x"),
        "material that is not what its name says",
    ),
    case(
        8,
        "other material",
        lambda: remade(blobs={"included": [], "left_out": [{"digest": LEFT_OUT, "why": ""}]}),
        "material that is not told of",
    ),
    case(
        8,
        "neither here",
        lambda: logged(RELEASE, "release.judged", refs={"scores": digest_of_bytes(b"gone")}),
        "material that is missing",
    ),
    case(
        8,
        "no digest",
        lambda: logged(RELEASE, "release.judged", refs={"scores": "md5:1"}),
        "another kind of digest",
    ),
    case(
        8,
        "no digest",
        lambda: logged(RELEASE, "release.judged", refs={"scores": {"a": 1}}),
        "no digest at all",
    ),
    case(
        9,
        "second.dsse.json",
        lambda: named_run(stated(TEST_RESULT, {}, STRANGER)),
        "a stranger's signature",
    ),
    case(
        9,
        "second.dsse.json",
        lambda: repacked(b"PASSED", b"FAILED"),
        "another payload",
    ),
    case(9, "second.dsse.json", lambda: enveloped(payloadType="text/plain"), "another type"),
    case(9, "second.dsse.json", lambda: enveloped(signatures=[]), "no signature"),
    case(9, "second.dsse.json", lambda: enveloped(signatures={"keyid": "x"}), "no list of signatures"),
    case(
        9,
        "more.dsse.json",
        lambda: stating("attestations/more.dsse.json", stated(TEST_RESULT, {})),
        "a run that no entry names",
    ),
    case(
        9,
        "more.dsse.json",
        lambda: stating("attestations/more.dsse.json", stated("https://slsa.dev/provenance/v1", {})),
        "a statement about something else",
    ),
    case(
        9,
        "more.dsse.json",
        lambda: stating(
            "attestations/more.dsse.json", signed_envelope(b'{"_type":1}', PAYLOAD_TYPE, STRANGER)
        ),
        "no statement",
    ),
    case(9, "more.txt", lambda: stating("attestations/more.txt", stated(TEST_RESULT, {})), "another name"),
    case(9, "approval.dsse.json", lambda: voted(decision="reject"), "another decision than was cast"),
    case(9, "approval.dsse.json", lambda: voted(vote="another"), "another vote"),
    case(
        9,
        "approval.dsse.json",
        lambda: voted(voter={"username": "reviewer1", "id": "account0"}),
        "another voter",
    ),
    case(
        9,
        "approval.dsse.json",
        lambda: voted(entry={"index": 2, "stream": RELEASE, "seq": 2}),
        "another entry",
    ),
    case(
        9,
        "approval.dsse.json",
        lambda: voted(entry={"index": 11, "stream": REQUEST, "seq": 3}),
        "the number of another entry",
    ),
    case(9, "approval.dsse.json", lambda: approving(votes=[], entries=[]), "an approval of nobody"),
    case(
        9,
        "approval.dsse.json",
        lambda: approving(reviewDigest={"sha256": "0" * 64}),
        "an approval of something else",
    ),
    case(
        9,
        "approval.dsse.json",
        lambda: approving(entries=[{"index": 0, "stream": CHANNEL, "seq": 1, "type": "x"}]),
        "an entry that is not here",
    ),
    case(
        9,
        "missing",
        lambda: remade(lambda _log, content: content.pop("statements.vkey")),
        "no key for the statements",
    ),
    case(10, "rewritten", rewritten, "the past was rewritten"),
    case(10, "", lambda: grown(growth=b""), "no proof of growth"),
    case(10, "", lambda: grown(before=another_past().checkpoint(8)), "the checkpoint of another tree"),
    case(
        10,
        "",
        lambda: grown(before=history(keys=[STRANGER]).checkpoint(8)),
        "the checkpoint before by a stranger",
    ),
    case(
        10,
        "",
        lambda: grown(before=history(origin="example.org/other").checkpoint(8)),
        "the checkpoint of another log",
    ),
    case(
        10,
        "",
        lambda: grown(growth=grown()["consistency.txt"].replace(b"old 8", b"old 9")),
        "a proof from another size",
    ),
    case(
        10,
        "",
        lambda: grown(growth=grown()["consistency.txt"].replace(b"\n18\n", b"\n19\n")),
        "a proof to another checkpoint",
    ),
    case(
        10,
        "",
        lambda: with_("previous-checkpoint", history().checkpoint(8)),
        "a checkpoint before that nobody told of",
    ),
)
