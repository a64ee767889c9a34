"""What entries name and no dossier carries: figures of groups of few people."""

from audits.dossiers.contents import blobs_of
from governance.ledger.models import Entry
from releases.gates.models import GateEvaluation
from tests.factories.worlds import Prepared
from tests.governance.ledger.reading import append


def test_figures_of_few_people_never_leave_the_installation(prepared: Prepared) -> None:
    run = prepared.candidate.evaluations.get()
    entries = list(Entry.objects.filter(stream=run.stream()))
    whole = blobs_of(entries)
    [criterion, *others] = run.result["criteria"]
    few = {**criterion, "strata": [{**criterion["strata"][0], "suppressed_in_display": True}]}
    append(run.stream())
    GateEvaluation.objects.filter(id=run.id).update(result={**run.result, "criteria": [few, *others]})

    kept_back = blobs_of(entries)
    asked = append("approval_request:1", refs={"result": run.result_digest})
    of_the_request_alone = blobs_of([asked])

    assert run.result_digest in whole.included
    assert run.result_digest not in kept_back.included
    assert of_the_request_alone.included == {}
    reasons = {one["digest"]: one["why"] for one in kept_back.left_out}
    assert "groups of few people" in reasons[run.result_digest]
    figures = run.result["figures"]["digest"]
    assert "pictures" in {one["digest"]: one["why"] for one in whole.left_out}[figures]
