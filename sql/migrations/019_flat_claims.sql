-- A claim must cost the same with a hundred thousand posts as with five million, and with one due as with fifty thousand:
-- it walks along the due times, sees each entry's account in the index itself, and stops after a bounded number.

DROP INDEX idx_post_queue_due;
CREATE INDEX idx_post_queue_due ON post_queue(due_at, account_id)
  WHERE status = 'approved' OR (status = 'pending' AND NOT requires_approval);
-- Who published within the last minute? Asked only while an outage is caught up with.
CREATE INDEX idx_post_queue_published ON post_queue(published_at) WHERE status = 'published';
