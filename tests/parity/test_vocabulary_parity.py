"""Token ids against the recorded layout."""

from __future__ import annotations

from companion.engine.events import EventType


def test_ids_are_laid_out_as_recorded(recorded):
    layout, vocabulary = recorded.json("vocab.json"), recorded.vocabulary
    assert (vocabulary.pad_id, vocabulary.sos_id, vocabulary.eos_id) == (
        layout["pad_id"],
        layout["sos_id"],
        layout["eos_id"],
    )
    assert (vocabulary.size_in, vocabulary.size_out) == (
        layout["vocab_size_in"],
        layout["vocab_size_out"],
    )
    assert {str(k): v for k, v in vocabulary.context_sos.items()} == layout["context_sos"]
    assert {str(k): v for k, v in vocabulary.context_eos.items()} == layout["context_eos"]
    for ranges, entries in (
        (vocabulary.output_ranges, layout["output_events"]),
        (vocabulary.input_ranges, layout["input_events"]),
    ):
        assert [(r.kind, r.first_id, r.end_id, r.min_value, r.max_value) for r in ranges] == [
            (e["type"], e["start"], e["end"], e["min"], e["max"]) for e in entries
        ]


def test_every_id_means_one_event_and_back(recorded):
    vocabulary = recorded.vocabulary
    for token in range(vocabulary.size_in):
        event = vocabulary.decode(token)
        assert vocabulary.is_event(token) == (event.kind is not EventType.CONTROL)
        if vocabulary.is_event(token):
            assert vocabulary.encode(event) == token
        else:
            assert event.value == token
