-- What planning has to remember and to find: which instant a slot's wall-clock time was last turned into, why a week has
-- its themes, and who else in a town writes about the same trade.

-- A post whose time is still the one that its slot was turned into follows its slot when the owner's zone or the zone's
-- rules change; a post that somebody gave another time stays where they put it.
ALTER TABLE post_queue ADD COLUMN slot_at TIMESTAMPTZ;
COMMENT ON COLUMN post_queue.slot_at IS 'What slot was last turned into; NULL or not scheduled_for = it does not follow its slot';
UPDATE post_queue p SET slot_at = scheduled_for
WHERE slot IS NOT NULL AND status IN ('pending', 'approved') AND scheduled_for > now()
  AND NOT EXISTS (SELECT 1 FROM post_events e WHERE e.post_id = p.id AND e.details ? 'scheduled_for');

ALTER TABLE content_generations ADD COLUMN themes_why TEXT NOT NULL DEFAULT '';
COMMENT ON COLUMN content_generations.themes_why IS 'Why the week has these themes, in words for the owner';

CREATE INDEX idx_businesses_town ON businesses(lower(btrim(location_city)));
