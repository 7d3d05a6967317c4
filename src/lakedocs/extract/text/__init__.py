"""Text without a container: its letters, then rows, paragraphs or markup."""
