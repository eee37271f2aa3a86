-- An owner is told by one mail of the posts that wait for their yes, and decides about each by a link in it: approve or skip
-- exactly the content that the mail showed, nothing else, once.

ALTER TABLE mails DROP CONSTRAINT mails_kind_check;
ALTER TABLE mails ADD CONSTRAINT mails_kind_check CHECK (kind IN (
  'verify_email', 'already_registered', 'reset_password', 'password_changed', 'approval_needed'));
-- "dropped": when it was to leave, nothing was left to be said.
ALTER TABLE mails DROP CONSTRAINT mails_status_check;
ALTER TABLE mails ADD CONSTRAINT mails_status_check CHECK (status IN ('pending', 'sent', 'failed', 'dropped'));

-- Until now a mail was due when it was written down. One that waits for a morning is neither late nor too old until then.
ALTER TABLE mails ADD COLUMN due_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp();
UPDATE mails SET due_at = created_at;
ALTER TABLE mails ADD COLUMN week_start DATE;
ALTER TABLE mails ADD CONSTRAINT mails_week_start_check CHECK ((kind = 'approval_needed') = (week_start IS NOT NULL));
COMMENT ON COLUMN mails.due_at IS 'When it is to leave; next_attempt_at follows the tries to send it';
COMMENT ON COLUMN mails.week_start IS 'The Monday of the week that it is about, where it is about one';
-- Asked for twice before it left is one mail, of a kind about weeks one for each of them.
DROP INDEX mails_open_key;
CREATE UNIQUE INDEX mails_open_key ON mails(user_id, kind, address, week_start) NULLS NOT DISTINCT WHERE status = 'pending';

ALTER TABLE mail_links DROP CONSTRAINT mail_links_purpose_check;
ALTER TABLE mail_links ADD CONSTRAINT mail_links_purpose_check CHECK (purpose IN ('verify_email', 'reset_password', 'decide_post'));
ALTER TABLE mail_links ADD COLUMN post_id UUID;
ALTER TABLE mail_links ADD COLUMN content_hash TEXT;
ALTER TABLE mail_links
  ADD CONSTRAINT mail_links_post_check CHECK (purpose <> 'decide_post' OR num_nonnulls(post_id, content_hash) = 2),
  ADD CONSTRAINT mail_links_post_tenant_fkey FOREIGN KEY (user_id, post_id)
    REFERENCES post_queue (user_id, id) ON DELETE CASCADE;
COMMENT ON COLUMN mail_links.content_hash IS 'The content that the mail showed: the link decides about no other';
CREATE INDEX idx_mail_links_post ON mail_links(user_id, post_id);

-- Uses a link up, in the transaction that decides: of two at once one waits here, and is told that it came second.
CREATE FUNCTION use_decide_link(link TEXT, at TIMESTAMPTZ) RETURNS BOOLEAN
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  WITH used AS (
    UPDATE mail_links SET used_at = at
    WHERE token_hash = link AND user_id = auth.uid() AND purpose = 'decide_post' AND used_at IS NULL
    RETURNING token_hash)
  SELECT EXISTS (SELECT FROM used)
$$;
COMMENT ON FUNCTION use_decide_link IS 'Whether this link of the tenant''s was still unused; it is not any more';
REVOKE EXECUTE ON FUNCTION use_decide_link(TEXT, TIMESTAMPTZ) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION use_decide_link(TEXT, TIMESTAMPTZ) TO postagent_dashboard;

-- Who queues a week says in the same transaction that its owner has to be told, or told sooner; and sees no other mail.
CREATE POLICY worker_approval_mails ON mails FOR ALL TO postagent_worker USING (kind = 'approval_needed');
GRANT SELECT (user_id, kind, address, week_start, status, attempts, due_at, next_attempt_at),
  INSERT (id, user_id, kind, address, week_start, due_at, next_attempt_at, created_at),
  UPDATE (due_at, next_attempt_at) ON mails TO postagent_worker;
