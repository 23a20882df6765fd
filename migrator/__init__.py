"""Moves a folder of csv, json, txt, sql and archives into an S3 bucket as parquet, and never does anything twice."""

__version__ = "0.1.0"
