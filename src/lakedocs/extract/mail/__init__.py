"""Mails of every format: MIME, Outlook items, mailboxes, and what wraps them."""
