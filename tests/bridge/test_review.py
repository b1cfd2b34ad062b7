"""What the mapper decides about findings: over the wire, to the disk, back after a restart."""

from __future__ import annotations

from protocol import messages as m


def codes(client):
    return {f.code for f in client.findings.values()}


def unsnapped(client):
    return sorted(f.start_ms for f in client.findings.values() if f.code == "unsnapped_object")


async def test_a_stated_level_changes_the_findings_at_once_and_survives(start, join):
    async with start() as daemon, join(daemon) as client:
        level = client.review.level
        assert (level.interpreted, level.stated) == ("hard", None)
        assert level.names == ["Easy", "Normal", "Hard", "Insane", "Expert"]
        assert "uneven_spacing" not in codes(client)
        assert (await client.ask(m.SetLevel, level="easy")).ok
        await client.until(lambda c: "uneven_spacing" in codes(c))
        assert client.review.level.stated == "easy"
        assert client.review.since_save.new_ids == []
    async with start() as daemon, join(daemon) as client:
        assert (client.review.level.interpreted, client.review.level.stated) == ("hard", "easy")
        assert "uneven_spacing" in codes(client)
        await client.ask(m.SetLevel, level=None)
        await client.until(lambda c: "uneven_spacing" not in codes(c))
    async with start() as daemon, join(daemon) as client:
        assert client.review.level.stated is None


async def test_the_stated_level_holds_for_later_saves(start, join, mapset):
    async with start() as daemon, join(daemon) as client:
        await client.ask(m.SetLevel, level="easy")
        mapset.save(moved={10: 37})
        await client.until(lambda c: c.map.revision == 2 and 6037 in unsnapped(c))
        assert "uneven_spacing" in codes(client)


async def test_the_set_is_judged_by_the_stated_level_too(start, join):
    async with start() as daemon, join(daemon) as client:
        await client.until(lambda c: "lowest_difficulty" in codes(c))
        await client.ask(m.SetLevel, level="easy")
        await client.until(lambda c: "lowest_difficulty" not in codes(c))
        assert client.review.since_save.gone == []
        await client.ask(m.SetLevel, level=None)
        await client.until(lambda c: "lowest_difficulty" in codes(c))
        assert client.review.since_save.new_ids == []


async def test_a_dismissed_rule_is_silent_in_all_difficulties_of_the_set(
    start, join, mapset, new_map
):
    mapset.save(moved={10: 37})
    other = mapset.folder / "Band - Song (Mapper) [Mine].osu"
    other.write_bytes(new_map(moved={12: 37}).replace(b"Version:Hard", b"Version:Mine"))
    async with start() as daemon, join(daemon) as client:
        assert unsnapped(client) == [6037]
        assert (await client.ask(m.DismissRule, code="unsnapped_object")).ok
        await client.until(lambda c: unsnapped(c) == [])
    async with start(map_path=other) as daemon, join(daemon) as client:
        assert unsnapped(client) == []
        (rule,) = client.review.dismissed.rules
        assert (rule.code, rule.title, rule.count) == ("unsnapped_object", "Unsnapped objects", 1)
        assert (await client.ask(m.RestoreRule, code="unsnapped_object")).ok
        await client.until(lambda c: unsnapped(c) == [7037])
        assert client.review.dismissed.rules == []
    async with start() as daemon, join(daemon) as client:
        assert unsnapped(client) == [6037]


async def test_dismissed_findings_are_listed_and_restored_one_by_one(start, join, mapset):
    mapset.save(moved={10: 37, 20: 37})
    async with start() as daemon, join(daemon) as client:
        first, second = (f.id for f in client.findings.values() if f.code == "unsnapped_object")
        await client.ask(m.Dismiss, finding_id=first)
        await client.ask(m.Dismiss, finding_id=second)
        await client.until(lambda c: len(c.review.dismissed.findings) == 2)
        assert [f.id for f in client.review.dismissed.findings] == [first, second]
        assert (await client.ask(m.Restore, finding_id=first)).ok
        await client.until(lambda c: first in c.findings)
        again = await client.ask(m.Restore, finding_id=first)
        assert again.error.code == "unknown_id"
    async with start() as daemon, join(daemon) as client:
        assert first in client.findings
        assert [f.id for f in client.review.dismissed.findings] == [second]


async def test_what_a_save_brought_and_took_is_told(start, join, mapset):
    mapset.save(moved={10: 37})
    async with start() as daemon, join(daemon) as client:
        await client.scanned()
        mapset.save(moved={20: 37})
        await client.until(lambda c: c.map.revision == 2 and 11037 in unsnapped(c))
        await client.until(lambda c: len(c.review.since_save.gone) == 2)  # rule and model
        review = client.review
        new = {client.findings[i].start_ms for i in review.since_save.new_ids}
        assert new == {11037}
        assert {f.start_ms for f in review.since_save.gone} == {6037}
        assert review.since_save.gone_count == 2
        mapset.save(moved={20: 37, 30: 250})
        await client.until(lambda c: c.map.revision == 3 and c.review.since_save.gone == [])
        assert {f.start_ms for f in client.review.since_opening.gone} == {6037}
