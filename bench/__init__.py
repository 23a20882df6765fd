"""What the migrator costs, measured against its peers: `make bench`."""
