-- Owners sign up by themselves and prove their address by a mail. Until then they may log in and look, and nothing is
-- written or published for them: that is one column which every claim reads, so that no flow has to remember it.

ALTER TABLE users ADD COLUMN unverified_since TIMESTAMPTZ;
ALTER TABLE users ADD COLUMN is_served BOOLEAN NOT NULL
  GENERATED ALWAYS AS (status IN ('active', 'trial') AND unverified_since IS NULL) STORED;
COMMENT ON COLUMN users.unverified_since IS 'Signed up then and has not proved the address yet; NULL = proved, or an operator vouches for it';
COMMENT ON COLUMN users.is_served IS 'Whether posts are written and published for this owner';
GRANT SELECT (unverified_since, is_served) ON users TO postagent_worker, postagent_dashboard, postagent_access;

-- Who comes from outside can make an unproved trial with its business and preferences, and nothing else.
CREATE POLICY access_sign_up ON users FOR INSERT TO postagent_access
  WITH CHECK (status = 'trial' AND unverified_since IS NOT NULL);
CREATE POLICY access_prove ON users FOR UPDATE TO postagent_access USING (true);
CREATE POLICY access_sign_up ON businesses FOR INSERT TO postagent_access
  WITH CHECK (user_id IN (SELECT id FROM users WHERE unverified_since IS NOT NULL));
CREATE POLICY access_sign_up ON user_preferences FOR INSERT TO postagent_access
  WITH CHECK (user_id IN (SELECT id FROM users WHERE unverified_since IS NOT NULL));
GRANT INSERT (id, email, password_hash, plan_tier, status, trial_ends_at, unverified_since) ON users TO postagent_access;
GRANT UPDATE (password_hash, unverified_since) ON users TO postagent_access;
GRANT INSERT (user_id, name, type, location_city, location_state, description, website, brand_voice)
  ON businesses TO postagent_access;
GRANT INSERT (user_id, timezone, posting_frequency) ON user_preferences TO postagent_access;

-- Mails to owners as rows, written with what they are about: a crash loses none. Addresses are kept, texts and links are
-- not: they are made when a mail leaves.
CREATE TABLE mails (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id UUID NOT NULL REFERENCES users(id) ON DELETE CASCADE,
  kind TEXT NOT NULL CHECK (kind IN ('verify_email', 'already_registered', 'reset_password', 'password_changed')),
  address TEXT NOT NULL,
  status TEXT NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'sent', 'failed')),
  attempts INTEGER NOT NULL DEFAULT 0,
  next_attempt_at TIMESTAMPTZ NOT NULL,
  error TEXT,
  created_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
  finished_at TIMESTAMPTZ,
  CONSTRAINT mails_tenant_key UNIQUE (user_id, id),
  CONSTRAINT mails_finished_check CHECK ((status = 'pending') = (finished_at IS NULL))
);
COMMENT ON TABLE mails IS 'Mails to owners: those that wait, and what became of the others';
COMMENT ON COLUMN mails.next_attempt_at IS 'When it is taken next; while somebody sends it, the end of their lease';
COMMENT ON COLUMN mails.error IS 'What the mail server said last';
-- Asked for twice before it left is one mail.
CREATE UNIQUE INDEX mails_open_key ON mails(user_id, kind, address) WHERE status = 'pending';
CREATE INDEX idx_mails_next ON mails(next_attempt_at) WHERE status = 'pending';
CREATE INDEX idx_mails_finished ON mails(finished_at) WHERE status <> 'pending';

CREATE TABLE mail_links (
  token_hash TEXT PRIMARY KEY,
  user_id UUID NOT NULL,
  mail_id UUID NOT NULL,
  purpose TEXT NOT NULL CHECK (purpose IN ('verify_email', 'reset_password')),
  address TEXT NOT NULL,
  made_at TIMESTAMPTZ NOT NULL,
  expires_at TIMESTAMPTZ NOT NULL,
  used_at TIMESTAMPTZ,
  CONSTRAINT mail_links_mail_tenant_fkey FOREIGN KEY (user_id, mail_id) REFERENCES mails (user_id, id) ON DELETE CASCADE
);
COMMENT ON TABLE mail_links IS 'What the links in mails open, once; the token itself stands only in the mail';
COMMENT ON COLUMN mail_links.address IS 'Where the mail went: a link proves nothing about another address that the owner has meanwhile';
CREATE INDEX idx_mail_links_mail ON mail_links(user_id, mail_id);

ALTER TABLE mails ENABLE ROW LEVEL SECURITY;
ALTER TABLE mail_links ENABLE ROW LEVEL SECURITY;
CREATE POLICY access_mails ON mails FOR ALL TO postagent_access USING (true);
CREATE POLICY access_mail_links ON mail_links FOR ALL TO postagent_access USING (true);
GRANT SELECT, INSERT, DELETE, UPDATE (status, attempts, next_attempt_at, error, finished_at) ON mails TO postagent_access;
GRANT SELECT, INSERT, DELETE, UPDATE (used_at) ON mail_links TO postagent_access;
