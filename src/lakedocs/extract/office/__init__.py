"""Word, Excel, PowerPoint and OpenDocument packages: their parts read as XML, each text under the name of its region."""
