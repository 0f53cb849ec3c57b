"""What a benchmark is: releases on disk, splits, importers, the small release for tests and the demo."""
