-- Dashboard logins: opaque ids in a cookie, kept hashed, revocable here; attempts are counted to slow guessing down.

CREATE TABLE dashboard_sessions (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  token_hash TEXT NOT NULL UNIQUE,
  user_id UUID NOT NULL REFERENCES users(id) ON DELETE CASCADE,
  user_agent TEXT,
  created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  last_seen_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  expires_at TIMESTAMPTZ NOT NULL,
  revoked_at TIMESTAMPTZ
);
CREATE INDEX idx_dashboard_sessions_user ON dashboard_sessions(user_id);

CREATE TABLE login_attempts (
  id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  subject TEXT NOT NULL,
  attempted_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  succeeded BOOLEAN NOT NULL
);
CREATE INDEX idx_login_attempts_subject ON login_attempts(subject, attempted_at DESC);
COMMENT ON COLUMN login_attempts.subject IS '"email:<sha256>" or "address:<ip>"; never the plain e-mail of somebody who may not be a user';
