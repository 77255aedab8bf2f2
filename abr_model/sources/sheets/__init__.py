"""Tables on disk, read in blocks: CSV, XLSX, Parquet, other workbooks."""
