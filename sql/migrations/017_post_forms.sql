-- The forms a post can have beside a text with one picture: several pictures (Facebook, Instagram), and Google's events
-- and offers. All of it is content: it is part of the hash that an approval is for.

ALTER TABLE post_queue
  ADD COLUMN more_media_urls TEXT[],
  ADD COLUMN more_alt_texts TEXT[],
  ADD COLUMN topic_type TEXT,
  ADD COLUMN event_title TEXT,
  ADD COLUMN event_starts_at TIMESTAMPTZ,
  ADD COLUMN event_ends_at TIMESTAMPTZ,
  ADD COLUMN offer_coupon_code TEXT,
  ADD COLUMN offer_redeem_url TEXT,
  ADD COLUMN offer_terms TEXT;
COMMENT ON COLUMN post_queue.more_media_urls IS 'The pictures after the first one (media_url), in their order; NULL = none';
COMMENT ON COLUMN post_queue.more_alt_texts IS 'What they show, as many as more_media_urls; one may be NULL or empty';
COMMENT ON COLUMN post_queue.topic_type IS 'Google''s word for the kind of post; NULL = STANDARD';
COMMENT ON COLUMN post_queue.event_starts_at IS 'Also an offer''s first moment. Google shows it on the wall clock of user_preferences.timezone';
COMMENT ON COLUMN post_queue.event_ends_at IS 'Also an offer''s last moment';

-- A NULL in an AND could let a row through: each branch begins with what is never NULL.
ALTER TABLE post_queue
  ADD CONSTRAINT post_queue_pictures_check CHECK (CASE WHEN more_media_urls IS NULL THEN more_alt_texts IS NULL
    ELSE platform <> 'google' AND media_url IS NOT NULL AND cardinality(more_media_urls) BETWEEN 1 AND 9
      AND array_ndims(more_media_urls) = 1 AND array_position(more_media_urls, NULL) IS NULL
      AND (more_alt_texts IS NULL OR cardinality(more_alt_texts) = cardinality(more_media_urls)) END),
  ADD CONSTRAINT post_queue_topic_type_check CHECK (
    topic_type IS NULL OR (platform = 'google' AND topic_type IN ('STANDARD', 'EVENT', 'OFFER'))),
  -- The years keep away what Python has no date for: one such row would stop a whole batch from being claimed.
  ADD CONSTRAINT post_queue_event_check CHECK (CASE WHEN topic_type IN ('EVENT', 'OFFER')
    THEN num_nonnulls(event_title, event_starts_at, event_ends_at) = 3 AND btrim(event_title) <> ''
      AND event_ends_at > event_starts_at AND extract(year FROM event_starts_at AT TIME ZONE 'UTC') >= 2000
      AND extract(year FROM event_ends_at AT TIME ZONE 'UTC') < 3000
    ELSE num_nonnulls(event_title, event_starts_at, event_ends_at) = 0 END),
  ADD CONSTRAINT post_queue_offer_check CHECK (
    topic_type IS NOT DISTINCT FROM 'OFFER' OR num_nonnulls(offer_coupon_code, offer_redeem_url, offer_terms) = 0);

-- A post without any of it keeps the hash that it was approved with. Times go in as numbers: written as texts they would
-- depend on the time zone of the session.
CREATE OR REPLACE FUNCTION post_content_hash(post post_queue) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT encode(sha256(convert_to((jsonb_build_array(
    post.platform, post.account_id, post.content, post.media_url, post.hashtags, post.link_url, post.call_to_action,
    post.alt_text) || CASE
      WHEN num_nonnulls(post.more_media_urls, post.more_alt_texts, post.topic_type, post.event_title, post.event_starts_at,
        post.event_ends_at, post.offer_coupon_code, post.offer_redeem_url, post.offer_terms) = 0 THEN '[]'::jsonb
      ELSE jsonb_build_array(post.more_media_urls, post.more_alt_texts, post.topic_type, post.event_title,
        extract(epoch FROM post.event_starts_at), extract(epoch FROM post.event_ends_at), post.offer_coupon_code,
        post.offer_redeem_url, post.offer_terms) END)::text, 'UTF8')), 'hex')
$$;

DROP TRIGGER post_queue_guard_update ON post_queue;
CREATE TRIGGER post_queue_guard_update BEFORE UPDATE ON post_queue FOR EACH ROW
  WHEN ((OLD.status, OLD.user_id, OLD.platform, OLD.account_id, OLD.content, OLD.media_url, OLD.hashtags, OLD.link_url,
         OLD.call_to_action, OLD.alt_text, OLD.more_media_urls, OLD.more_alt_texts, OLD.topic_type, OLD.event_title,
         OLD.event_starts_at, OLD.event_ends_at, OLD.offer_coupon_code, OLD.offer_redeem_url, OLD.offer_terms,
         OLD.content_hash, OLD.approved_hash)
    IS DISTINCT FROM (NEW.status, NEW.user_id, NEW.platform, NEW.account_id, NEW.content, NEW.media_url, NEW.hashtags,
         NEW.link_url, NEW.call_to_action, NEW.alt_text, NEW.more_media_urls, NEW.more_alt_texts, NEW.topic_type,
         NEW.event_title, NEW.event_starts_at, NEW.event_ends_at, NEW.offer_coupon_code, NEW.offer_redeem_url,
         NEW.offer_terms, NEW.content_hash, NEW.approved_hash))
  EXECUTE FUNCTION post_queue_guard();

-- Content is the owner's to change; inserting and publishing stay the worker's, who has the whole table.
GRANT UPDATE (more_media_urls, more_alt_texts, topic_type, event_title, event_starts_at, event_ends_at, offer_coupon_code,
  offer_redeem_url, offer_terms) ON post_queue TO postagent_dashboard;
