"""One module for each format: a source in, tables of record batches out."""
