"""Images as text: read by an embedded engine, or by a vision service."""
