"""Published annotation formats, read as one kind of row and packed as our Parquet layout."""
