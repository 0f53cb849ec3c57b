"""Images of strangers: judged as bytes, before any daemon sees them."""
