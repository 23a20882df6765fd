"""Plain Python beneath the keyword classes: nothing here imports Robot Framework or the migrator."""
