"""Pages: plain function views, one module a noun."""
