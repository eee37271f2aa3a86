-- What an owner says about the business beyond its description, one sentence a row: posts may use it, gates let it pass.
-- A review is a customer's own words, which posts may quote word for word; only then does the theme testimonial run.

ALTER TABLE businesses ADD CONSTRAINT businesses_tenant_key UNIQUE (user_id, id);

CREATE TABLE business_facts (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id UUID NOT NULL,
  business_id UUID NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('fact', 'review')),
  text TEXT NOT NULL CHECK (btrim(text) <> '' AND char_length(text) <= 1000),
  author TEXT,
  used_at TIMESTAMPTZ,
  created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  CONSTRAINT business_facts_author_check CHECK (author IS NULL OR (kind = 'review' AND btrim(author) <> '' AND char_length(author) <= 100)),
  CONSTRAINT business_facts_business_tenant_fkey FOREIGN KEY (user_id, business_id)
    REFERENCES businesses (user_id, id) ON DELETE CASCADE
);
COMMENT ON COLUMN business_facts.author IS 'Who wrote the review, as they may be named; NULL = a customer';
COMMENT ON COLUMN business_facts.used_at IS 'The time of the latest post that was written from this review';
CREATE INDEX idx_business_facts_business ON business_facts(business_id);
CREATE UNIQUE INDEX idx_business_facts_once ON business_facts(business_id, kind, md5(text));

ALTER TABLE business_facts ENABLE ROW LEVEL SECURITY;
CREATE POLICY users_own_facts ON business_facts FOR ALL TO postagent_dashboard USING (user_id = (SELECT auth.uid()));
CREATE POLICY worker_facts ON business_facts FOR ALL TO postagent_worker USING (true);
GRANT SELECT, DELETE ON business_facts TO postagent_dashboard;
GRANT INSERT (user_id, business_id, kind, text, author), UPDATE (text, author) ON business_facts TO postagent_dashboard;
GRANT SELECT ON business_facts TO postagent_worker;
GRANT UPDATE (used_at) ON business_facts TO postagent_worker;
