"""The page that shows what is live, looking like posts on each platform."""
