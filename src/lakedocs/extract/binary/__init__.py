"""Office 97-2003 and older: documents in OLE containers and bare records."""
