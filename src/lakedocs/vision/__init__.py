"""Images as text: read by an embedded engine, or by a vision service; pages and their tables by a service for documents."""
