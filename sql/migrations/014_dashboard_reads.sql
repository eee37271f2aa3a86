-- What the dashboard reads by: an e-mail in any case at login, and an owner's open posts without walking through
-- everything they ever published.

CREATE INDEX idx_users_email_lower ON users(lower(email));
CREATE INDEX idx_post_queue_owner_open ON post_queue(user_id, scheduled_for)
  WHERE status IN ('pending', 'approved', 'failed');
