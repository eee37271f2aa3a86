-- What a cached stock photo shows and where it stands: the alternative text that goes out with it, and the page that
-- its attribution links to. Rows that stand already lack both; their posts get the search words as alternative text.

ALTER TABLE stock_photo_cache
  ADD COLUMN alt_text TEXT,
  ADD COLUMN page_url TEXT;
COMMENT ON COLUMN stock_photo_cache.alt_text IS 'What the photo shows, in the words of its source';
COMMENT ON COLUMN stock_photo_cache.page_url IS 'The photo''s page at its source, for the attribution link';
