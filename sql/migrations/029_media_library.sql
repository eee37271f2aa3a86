-- The owner's own pictures, and stock photos made ready once for everybody. Every file that we store is a row before it
-- is a file: an upload that dies, or a storage that keeps what it says it refused, leaves a row that nothing refers to,
-- and housekeeping deletes both. So no bucket has to be listed, and nobody else's files in it are ever touched.

CREATE TABLE stored_objects (
  key TEXT PRIMARY KEY,
  user_id UUID REFERENCES users(id) ON DELETE SET NULL,
  place TEXT NOT NULL,
  created_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT stored_objects_tenant_key UNIQUE (user_id, key)
);
COMMENT ON TABLE stored_objects IS 'Files in our media storage, written down before they are stored';
COMMENT ON COLUMN stored_objects.user_id IS 'Whose picture; NULL = a stock photo, or somebody''s who left: then it goes with the next housekeeping';
COMMENT ON COLUMN stored_objects.place IS '"local", or "s3:" and the bucket';
CREATE INDEX idx_stored_objects_created ON stored_objects(created_at);

ALTER TABLE media_library
  ADD COLUMN storage_key TEXT UNIQUE,
  ADD COLUMN instagram_key TEXT UNIQUE,
  ADD COLUMN width INTEGER CHECK (width > 0),
  ADD COLUMN height INTEGER CHECK (height > 0),
  ADD COLUMN sha256 TEXT,
  ADD COLUMN fingerprint TEXT CHECK (fingerprint ~ '^[0-9a-f]{64}$'),
  ADD COLUMN alt_text TEXT,
  ADD COLUMN last_used_at TIMESTAMPTZ,
  ADD COLUMN refusal TEXT,
  ADD CONSTRAINT media_library_file_key UNIQUE (user_id, sha256),
  ADD CONSTRAINT media_library_storage_tenant_fkey FOREIGN KEY (user_id, storage_key)
    REFERENCES stored_objects (user_id, key),
  ADD CONSTRAINT media_library_instagram_tenant_fkey FOREIGN KEY (user_id, instagram_key)
    REFERENCES stored_objects (user_id, key);
COMMENT ON COLUMN media_library.storage_key IS 'The checked and re-encoded picture in our storage; NULL = a row from elsewhere that was not made ready yet';
COMMENT ON COLUMN media_library.instagram_key IS 'The same cropped to a shape that Instagram takes; NULL where the picture has one already';
COMMENT ON COLUMN media_library.sha256 IS 'Of the file as it was uploaded: the same file twice is one picture';
COMMENT ON COLUMN media_library.fingerprint IS 'What the picture looks like: 256 bits, a few differ between copies of one picture';
COMMENT ON COLUMN media_library.refusal IS 'Why this picture can never be posted';

ALTER TABLE stock_photo_cache
  ADD COLUMN storage_key TEXT REFERENCES stored_objects(key),
  ADD COLUMN fingerprint TEXT CHECK (fingerprint ~ '^[0-9a-f]{64}$'),
  ADD COLUMN download_ping_url TEXT,
  ADD COLUMN refusal TEXT;
COMMENT ON COLUMN stock_photo_cache.storage_key IS 'The checked and converted copy that posts use; NULL = not made yet';
COMMENT ON COLUMN stock_photo_cache.download_ping_url IS 'Unsplash: to be called whenever the photo is chosen for a post';
COMMENT ON COLUMN stock_photo_cache.refusal IS 'Why this photo can never be posted';
CREATE INDEX idx_stock_cache_storage ON stock_photo_cache(storage_key) WHERE storage_key IS NOT NULL;

ALTER TABLE stored_objects ENABLE ROW LEVEL SECURITY;
CREATE POLICY users_own_objects ON stored_objects FOR ALL TO postagent_dashboard USING (user_id = (SELECT auth.uid()));
CREATE POLICY worker_objects ON stored_objects FOR ALL TO postagent_worker USING (true);
GRANT SELECT, INSERT ON stored_objects TO postagent_dashboard;
GRANT SELECT, INSERT, DELETE ON stored_objects TO postagent_worker;

GRANT INSERT, DELETE, UPDATE (alt_text) ON media_library TO postagent_dashboard;
GRANT UPDATE (storage_key, instagram_key, width, height, size_bytes, mime_type, fingerprint, refusal, last_used_at)
  ON media_library TO postagent_worker;
